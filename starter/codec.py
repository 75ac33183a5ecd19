"""The codec server's parts, built from the settings; what would be unsafe is refused at start."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.routing import Mount

from adapters.health import Readiness, health_routes
from adapters.keysets import AeadKeyset
from adapters.temporal.codec_access import CodecAccess
from adapters.temporal.codec_login import CodecLogin
from adapters.temporal.codec_server import codec_app
from adapters.temporal.codec_tokens import CodecTokens, Issuer, issuer_keys
from adapters.temporal.codec_users import CodecUsers
from settings import PREFIX, Settings, SettingsError, is_loopback
from starter.client import utc_now
from starter.codec_record import AuditedUses, LoggedUses
from starter.services import REQUIRED, built, open_services

_JWT = ("codec_jwt_issuer", "codec_jwt_audience", "codec_jwt_jwks")
_TLS = ("codec_tls_cert", "codec_tls_key")


@dataclass(frozen=True, slots=True, kw_only=True)
class CodecParts:
    settings: Settings
    keyset: AeadKeyset
    access: CodecAccess
    tls: ssl.SSLContext | None

    @asynccontextmanager
    async def app(self, stop: asyncio.Event) -> AsyncIterator[Starlette]:
        """The application, for as long as its database may be asked."""
        if not _has_database(self.settings):
            yield self._app(LoggedUses(), Readiness(stop=stop))
            return
        async with open_services(self.settings, "payments-codec", serves=True) as services:
            record = AuditedUses(services.decodings, utc_now)
            yield self._app(record, Readiness({"database": services.reach_database}, stop))

    def _app(self, record: LoggedUses, readiness: Readiness) -> Starlette:
        codec = codec_app(
            self.keyset, self.access, record, allowed_origins=self.settings.codec_origins
        )
        return Starlette(routes=[*health_routes(readiness), Mount("/", codec)])


def codec_parts(settings: Settings) -> CodecParts:
    """SettingsError when nobody could be let in, or somebody could listen or leave no trace."""
    settings.require("keyset_temporal")
    keyset = settings.temporal_keyset
    access = CodecAccess(
        path_secret=_path_secret(settings),
        login=_login(settings, keyset),
        tokens=_tokens(settings),
    )
    if access.is_closed:
        names = ("codec_users", "codec_jwt_issuer", "codec_secret")
        wanted = ", ".join(f"{PREFIX}{name.upper()}" for name in names)
        raise SettingsError(f"not set: one of {wanted} (see: python -m starter settings)")
    if access.login or access.tokens:
        # Who signs in is a person, and what that person sees is audited.
        settings.require(*REQUIRED)
    tls = _tls(settings)
    settings.require_private(settings.codec_host, has_tls=tls is not None)
    return CodecParts(settings=settings, keyset=keyset, access=access, tls=tls)


def _has_database(settings: Settings) -> bool:
    return all(getattr(settings, name) is not None for name in REQUIRED)


def _path_secret(settings: Settings) -> str | None:
    if settings.codec_secret is None:
        return None
    if settings.behind_tls_proxy or not is_loopback(settings.codec_host):
        raise SettingsError(
            f"{PREFIX}CODEC_SECRET: only for a codec server that this machine alone can reach"
        )
    secret = settings.secret("codec_secret")
    if not secret or "/" in secret:
        raise SettingsError(f"{PREFIX}CODEC_SECRET: must be one path segment that is not empty")
    return secret


def _login(settings: Settings, keyset: AeadKeyset) -> CodecLogin | None:
    if settings.codec_users is None:
        return None
    return CodecLogin(keyset, built(settings, "codec_users", CodecUsers.load), utc_now)


def _tokens(settings: Settings) -> CodecTokens | None:
    if all(getattr(settings, name) is None for name in _JWT):
        return None
    settings.require(*_JWT)
    issuer, audience, source = (str(getattr(settings, name)) for name in _JWT)
    try:
        keys = issuer_keys(source)
    except ValueError as error:
        raise SettingsError(f"{PREFIX}CODEC_JWT_JWKS: {error}") from None
    subjects = frozenset(settings.codec_jwt_subjects)
    return CodecTokens(Issuer(issuer=issuer, audience=audience, keys=keys, subjects=subjects))


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if all(getattr(settings, name) is None for name in _TLS):
        return None
    settings.require(*_TLS)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(*(str(getattr(settings, name)) for name in _TLS))
    except OSError as error:
        raise SettingsError(f"{PREFIX}CODEC_TLS_*: {error.strerror or error}") from None
    return context
