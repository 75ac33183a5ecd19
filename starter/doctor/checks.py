"""What the doctor looks at, Temporal apart: settings, keysets, database, Midtrans, mail."""

import secrets
import ssl
from datetime import UTC, datetime, timedelta

from aiosmtplib import SMTP, SMTPException

from adapters.email.options import Security, SmtpOptions
from adapters.midtrans.gateway import MidtransGateway
from adapters.postgres.clock import database_time
from adapters.postgres.engine import create_engine
from adapters.postgres.schema import schema_is_current
from payments.errors import GatewayRefusedError, TransientError
from payments.gateway import AttemptRef
from payments.methods import Integration
from settings import PREFIX, Settings
from starter.doctor.findings import AilmentError
from starter.outages import OUTAGES
from starter.services import api_keys, built

# Far beyond what a slow answer explains.
CLOCKS_APART = timedelta(seconds=5)
# What all processes together cannot do without.
_NEEDED = (
    "database_url",
    "keyset_temporal",
    "keyset_database",
    "keyset_lookup",
    "midtrans_server_key",
    "midtrans_merchant_id",
    "smtp_url",
)


async def settings_are_complete(settings: Settings) -> str:
    keys = api_keys(settings)
    unset = [f"{PREFIX}{name.upper()}" for name in _NEEDED if getattr(settings, name) is None]
    if unset:
        raise AilmentError(f"unset: {', '.join(unset)}", "see python -m starter settings")
    if not keys.client_names:
        raise AilmentError(f"no {PREFIX}API_KEYS: nobody can call the API", "add a key's hash")
    return f"complete; API keys for {', '.join(sorted(set(keys.client_names)))}"


async def keysets_load(settings: Settings) -> str:
    names = settings.keysets.by_name()
    return f"{', '.join(names)} can be read, and share no key"


async def database_answers(settings: Settings) -> str:
    engine = built(
        settings, "database_url", lambda url: create_engine(url, application_name="payments-doctor")
    )
    place = f"{engine.url.host}:{engine.url.port or 5432}/{engine.url.database}"
    try:
        is_current = await schema_is_current(engine)
        ahead = await database_time(engine) - datetime.now(UTC)
    except OUTAGES as error:
        raise AilmentError(
            f"cannot connect to {place}: {type(error).__name__}",
            "is PostgreSQL running there, and are user, password and sslmode right?",
        ) from error
    finally:
        await engine.dispose()
    if not is_current:
        raise AilmentError(
            f"{place} answers, its schema is not this version's", "run python -m starter migrate"
        )
    if abs(ahead) > CLOCKS_APART:
        raise AilmentError(
            f"the clock at {place} is {ahead.total_seconds():+.0f} s off ours",
            "synchronise the clocks of both machines",
        )
    return f"{place} answers, its schema is current, its clock right"


async def midtrans_accepts_us(settings: Settings) -> str:
    """Ask for an order that cannot exist: only a right key is told that there is none."""
    options = settings.midtrans
    gateway = MidtransGateway(options)
    nobody = AttemptRef(
        order_id=f"doctor-{secrets.token_hex(8)}", number=1, integration=Integration.CORE
    )
    try:
        await gateway.ask(nobody)
    except GatewayRefusedError as error:
        raise AilmentError(
            f"{options.core_url} refuses with {error.gateway_code}",
            f"is {PREFIX}MIDTRANS_SERVER_KEY of the {settings.midtrans_environment} account?",
        ) from error
    except TransientError as error:
        raise AilmentError(
            f"{options.core_url} cannot be used: {error}",
            "check network, proxy and CA certificates",
        ) from error
    finally:
        gateway.shut_down()
    return f"{options.core_url} accepts the server key"


async def mail_server_greets(settings: Settings) -> str:
    """Connect as the mailer does, log-in included, and send nothing."""
    options = settings.smtp
    place = f"{options.host}:{options.port}"
    client = _smtp(options)
    try:
        await client.connect()
        await client.quit()
    except (SMTPException, OSError) as error:
        raise AilmentError(
            f"{place} cannot be used: {type(error).__name__}",
            "is it running, and are its certificate, user and password right?",
        ) from error
    finally:
        client.close()
    return f"{place} greets, {_SECURED[options.security]}"


_SECURED = {
    Security.STARTTLS: "with STARTTLS",
    Security.TLS: "with TLS",
    Security.NONE: "unencrypted, on this machine",
}


def _smtp(options: SmtpOptions) -> SMTP:
    return SMTP(
        hostname=options.host,
        port=options.port,
        username=options.username,
        password=options.password,
        use_tls=options.security is Security.TLS,
        start_tls=options.security is Security.STARTTLS,
        tls_context=ssl.create_default_context(cafile=options.ca_file),
        timeout=options.send_timeout.total_seconds(),
    )
