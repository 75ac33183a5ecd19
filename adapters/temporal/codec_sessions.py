"""Login sessions of the codec server, kept by the browser alone: a cookie that only we can write.

It is sealed under the Temporal keyset, so that every codec server of a deployment takes it, and
ends with its time, with its user's password, or with its key.
"""

import base64
import binascii
import json
from collections.abc import Callable
from datetime import datetime, timedelta

import tink
from starlette.requests import Request
from starlette.responses import Response

from adapters.keysets import AeadKeyset
from adapters.temporal.codec_users import CodecUsers

LIFE = timedelta(hours=8)
# The prefix makes browsers insist on https, and on this very host.
COOKIE = "__Host-codec-session"
# Nothing else that is sealed under the keyset can pass for a session.
_ASSOCIATED_DATA = b"codec-session"


class CodecSessions:
    def __init__(self, keyset: AeadKeyset, users: CodecUsers, now: Callable[[], datetime]) -> None:
        self._aead = keyset.aead
        self._users = users
        self._now = now

    def begin(self, answer: Response, name: str) -> None:
        """Sign the user in, in this browser."""
        session = {
            "name": name,
            "password": self._users.fingerprint(name),
            "ends_at": (self._now() + LIFE).timestamp(),
        }
        sealed = self._aead.encrypt(json.dumps(session).encode(), _ASSOCIATED_DATA)
        answer.set_cookie(
            COOKIE,
            base64.urlsafe_b64encode(sealed).decode(),
            max_age=int(LIFE.total_seconds()),
            httponly=True,
            secure=True,
            # Web UI and codec server are hosts of one site, or the Web UI sends its own token:
            # browsers withhold the cookies of other sites anyway.
            samesite="strict",
        )

    def end(self, answer: Response) -> None:
        answer.delete_cookie(COOKIE, httponly=True, secure=True, samesite="strict")

    def user(self, request: Request) -> str | None:
        """Who is signed in in this browser."""
        cookie = request.cookies.get(COOKIE)
        if cookie is None:
            return None
        try:
            sealed = base64.b64decode(cookie.encode(), altchars=b"-_", validate=True)
            session = json.loads(self._aead.decrypt(sealed, _ASSOCIATED_DATA))
        except (tink.TinkError, binascii.Error):
            return None
        name: str = session["name"]
        is_current = self._users.fingerprint(name) == session["password"]
        return name if is_current and self._now().timestamp() < session["ends_at"] else None
