"""Who asks the codec server: by a session, a token, or, on this machine only, a secret path."""

import hmac
from dataclasses import dataclass, field

from starlette.requests import Request

from adapters.temporal.codec_login import CodecLogin
from adapters.temporal.codec_tokens import CodecTokens

# Whoever knows the secret path; it does not say who that is.
LOCAL = "operator:local"
_BEARER = "bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecAccess:
    path_secret: str | None = field(default=None, repr=False)
    login: CodecLogin | None = None
    tokens: CodecTokens | None = None

    @property
    def is_closed(self) -> bool:
        """Whether nobody could ever be let in."""
        return self.path_secret is None and self.login is None and self.tokens is None

    def without_secret(self, segments: list[str]) -> list[str]:
        """A path's segments as they are without the secret one."""
        return segments[1:] if self._has_secret(segments) else segments

    async def actor(self, request: Request, segments: list[str]) -> str | None:
        """How the audit names who asks; None for everybody else."""
        if self._has_secret(segments):
            return LOCAL
        name = await self._bearer(request)
        if name is None and self.login is not None:
            name = self.login.sessions.user(request)
        return None if name is None else f"operator:{name}"

    def _has_secret(self, segments: list[str]) -> bool:
        return self.path_secret is not None and hmac.compare_digest(
            segments[0].encode(), self.path_secret.encode()
        )

    async def _bearer(self, request: Request) -> str | None:
        presented = request.headers.get("Authorization", "")
        if self.tokens is None or not presented.lower().startswith(_BEARER):
            return None
        return await self.tokens.subject(presented[len(_BEARER) :].strip())
