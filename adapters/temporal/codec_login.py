"""Where operators sign in, so that the Web UI's browser may ask the codec server for clear text."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from urllib.parse import parse_qs

from anyio import CapacityLimiter, to_thread
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from adapters.keysets import AeadKeyset
from adapters.rates import MovingWindows, Rate, holder_of
from adapters.temporal.codec_body import prompt_body
from adapters.temporal.codec_sessions import CodecSessions
from adapters.temporal.codec_users import CodecUsers, is_user_name

log = logging.getLogger(__name__)

BODY_BYTES_MAX = 4 * 1024
WINDOW = timedelta(minutes=15)
TRIES_PER_NAME, TRIES_PER_ADDRESS = 10, 60
# One hash takes 64 MiB and a core: a crowd at the door must not take the machine.
_AT_ONCE = 2
_HEADERS = {
    "Cache-Control": "no-store",
    # No script, nothing from anywhere else, in nobody's frame.
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    # Not `no-referrer`, with which a form's own origin would be withheld as well.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
_WRONG = "Name or password is wrong."
_TOO_OFTEN = "Too many tries. Wait a quarter of an hour."
_FROM_ELSEWHERE = "This form was sent from another site."


class CodecLogin:
    """`/login` and `/logout`: pages without scripts, and without anywhere else to send people."""

    def __init__(self, keyset: AeadKeyset, users: CodecUsers, now: Callable[[], datetime]) -> None:
        self.sessions = CodecSessions(keyset, users, now)
        self._users = users
        self._tries = _Tries()
        self._hashing = CapacityLimiter(_AT_ONCE)
        templates = Environment(
            loader=FileSystemLoader(Path(__file__).parent / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
        )
        self._template = templates.get_template("login.html.j2")

    def routes(self) -> list[Route]:
        return [
            Route("/login", self._show, methods=["GET"]),
            Route("/login", self._sign_in, methods=["POST"], max_body_size=BODY_BYTES_MAX),
            Route("/logout", self._sign_out, methods=["POST"], max_body_size=BODY_BYTES_MAX),
        ]

    async def _show(self, request: Request) -> Response:
        return self._page(user=self.sessions.user(request))

    async def _sign_in(self, request: Request) -> Response:
        if not _is_own(request):
            return self._page(HTTPStatus.FORBIDDEN, problem=_FROM_ELSEWHERE)
        fields = _fields(await prompt_body(request))
        name = fields.get("name", "")
        if not self._tries.admit(name, request):
            log.warning("operator.sign_in_limited", extra={"operator": self._known(name)})
            return self._page(HTTPStatus.TOO_MANY_REQUESTS, problem=_TOO_OFTEN)
        if not await self._is_right(name, fields.get("password", "")):
            log.warning("operator.sign_in_refused", extra={"operator": self._known(name)})
            return self._page(HTTPStatus.UNAUTHORIZED, problem=_WRONG)
        self._tries.forget(name)
        log.info("operator.signed_in", extra={"operator": name})
        answer = _back_to_login()
        self.sessions.begin(answer, name)
        return answer

    async def _sign_out(self, request: Request) -> Response:
        if not _is_own(request):
            return self._page(HTTPStatus.FORBIDDEN, problem=_FROM_ELSEWHERE)
        answer = _back_to_login()
        self.sessions.end(answer)
        return answer

    async def _is_right(self, name: str, password: str) -> bool:
        return await to_thread.run_sync(self._users.is_right, name, password, limiter=self._hashing)

    def _known(self, name: str) -> str | None:
        """The name for the log, unless it is nobody's: people type passwords there."""
        return name if self._users.fingerprint(name) else None

    def _page(
        self, status: int = HTTPStatus.OK, *, user: str | None = None, problem: str | None = None
    ) -> Response:
        answer = HTMLResponse(
            self._template.render(user=user, problem=problem), status, headers=_HEADERS
        )
        if status == HTTPStatus.TOO_MANY_REQUESTS:
            answer.headers["Retry-After"] = str(int(WINDOW.total_seconds()))
        return answer


class _Tries:
    """How often passwords may be guessed: of one name, and from one address."""

    def __init__(self) -> None:
        seconds = int(WINDOW.total_seconds())
        self._of_name = MovingWindows(Rate(TRIES_PER_NAME, seconds))
        self._of_address = MovingWindows(Rate(TRIES_PER_ADDRESS, seconds))

    def admit(self, name: str, request: Request) -> bool:
        address = holder_of(request.client.host if request.client else "")
        return self._of_address.wait(address) == 0 and self._of_name.wait(_key(name)) == 0

    def forget(self, name: str) -> None:
        self._of_name.forget(_key(name))


def _key(name: str) -> str:
    """Names that nobody can have share one count, so that they take no memory."""
    return name if is_user_name(name) else ""


def _is_own(request: Request) -> bool:
    """Whether the form was ours, as browsers say; what says nothing is no browser."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin")
    return origin is None or origin.partition("://")[2] == request.headers.get("Host")


def _fields(body: bytes) -> dict[str, str]:
    try:
        fields = parse_qs(body.decode(), errors="strict", max_num_fields=2)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}


def _back_to_login() -> Response:
    # Relative and fixed: the proxy may put us under a path, and nobody is sent anywhere else.
    return RedirectResponse("login", HTTPStatus.SEE_OTHER, headers=_HEADERS)
