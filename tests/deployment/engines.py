"""What the services of docker-compose.yml need, on this machine: databases, Temporal, a mail server.

Certificates, keysets, roles and grants are made as in production. The wheels of PostgreSQL and
Temporal were built without TLS, so that it ends in front of them.
"""

import hashlib
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from adapters.keysets import new_aead_keyset, new_mac_keyset
from adapters.temporal.codec_users import user_entry
from local_stack.certificates import Certificates, local_certificates
from local_stack.mail_catcher import MailCatcher, run_mail_catcher
from local_stack.ports import LOOPBACK
from local_stack.postgres import Postgres, run_postgres
from local_stack.postgres_programs import wheel_programs
from local_stack.processes import PROJECT, Program, python_module, running
from local_stack.temporal import TemporalOptions, TemporalPorts, run_temporal
from tests.deployment.compose import explained
from tests.deployment.stage import JOB_WAIT, Stage
from tests.deployment.tls_front import tls_front

API_KEY = "made up for this test"
SERVER_KEY, CLIENT_KEY, MERCHANT_ID = "SB-Mid-server-x", "SB-Mid-client-x", "G123456789"
SQL = PROJECT / "deployment" / "postgres"


@dataclass(frozen=True)
class Engines:
    stage: Stage
    postgres: Postgres
    mails: MailCatcher
    simulator_url: str
    trusted: Path

    async def run_sql(self, file: str, user: str, database: str) -> None:
        """Run a file with psql, as the containers do."""
        variables = self.stage.variables
        owner = variables["PAYMENTS_OWNER_PASSWORD"]
        program = Program(
            name=f"psql-{file}",
            command=[
                *(wheel_programs().directory / "psql", "--no-psqlrc", "--set=ON_ERROR_STOP=1"),
                f"--set=owner_password={owner}",
                f"--set=service_password={variables['PAYMENTS_DATABASE_PASSWORD']}",
                f"--file={SQL / file}",
            ],
            environment={
                "PGHOST": LOOPBACK,
                "PGPORT": str(self.postgres.port),
                "PGUSER": user,
                "PGPASSWORD": owner if user == "payments_owner" else self.postgres.password,
                "PGDATABASE": database,
                # The wheel's speaks no TLS.
                "PGSSLMODE": "disable",
            },
        )
        async with running(program, self.stage.logs) as child:
            await child.finish(JOB_WAIT)


@asynccontextmanager
async def run_engines(state_dir: Path) -> AsyncIterator[Engines]:
    stage = Stage(state_dir, _made_up(state_dir / "secrets"))
    certificates = state_dir / "certificates"
    stage.here |= {
        "/certificates": str(certificates),
        "/signing": str(state_dir / "signing"),
        "0.0.0.0": LOOPBACK,  # noqa: S104 -- what is exchanged
    }
    _make_secrets(stage)
    await stage.finish("certificates")
    async with AsyncExitStack() as parts:
        postgres = await _postgres(stage, parts)
        await _temporal(stage, parts)
        mails = await _mail_server(stage, parts)
        simulator_url, trusted = await _midtrans(stage, parts)
        yield Engines(stage, postgres, mails, simulator_url, trusted)


def _made_up(secrets: Path) -> dict[str, str]:
    """What somebody might write into .env."""
    made_up = {name: value or f"made-up-{name.lower()}" for name, value in explained().items()}
    return {
        **made_up,
        "SECRETS": str(secrets),
        "PAYMENTS_MIDTRANS_SERVER_KEY": SERVER_KEY,
        "PAYMENTS_MIDTRANS_MERCHANT_ID": MERCHANT_ID,
        "PAYMENTS_ADMIN_EMAIL": "admin@skaters.example",
        "PAYMENTS_API_KEYS": f"shop:{hashlib.sha256(API_KEY.encode()).hexdigest()}:start+read",
    }


def _make_secrets(stage: Stage) -> None:
    folder = Path(stage.variables["SECRETS"])
    folder.mkdir(mode=0o700, parents=True)
    contents = {
        "keyset_temporal": ("temporal.json", new_aead_keyset()),
        "keyset_database": ("database.json", new_aead_keyset()),
        "keyset_lookup": ("lookup.json", new_mac_keyset()),
        "codec_users": ("codec_users", user_entry("citra", "correct horse battery staple")),
    }
    for secret, (name, content) in contents.items():
        (folder / name).write_text(content)
        stage.here[f"/run/secrets/{secret}"] = str(folder / name)


async def _postgres(stage: Stage, parts: AsyncExitStack) -> Postgres:
    inner, front = stage.ports.choose(), stage.ports.choose()
    postgres = await parts.enter_async_context(
        run_postgres(stage.state_dir, port=inner, throw_away=True)
    )
    tls = _shown(stage, "postgres")
    await parts.enter_async_context(tls_front(front, inner, tls, of_postgres=True))
    stage.here["@postgres:5432"] = f"@localhost:{front}"
    return postgres


async def _temporal(stage: Stage, parts: AsyncExitStack) -> None:
    choose = stage.ports.choose
    ports, front = TemporalPorts(choose(), choose(), choose(), None), choose()
    await parts.enter_async_context(
        run_temporal(stage.state_dir, ports=ports, options=TemporalOptions(namespace="payments"))
    )
    tls = _shown(stage, "temporal")
    tls.set_alpn_protocols(["h2"])
    tls.verify_mode = ssl.CERT_REQUIRED
    tls.load_verify_locations(stage.here["/certificates"] + "/authority.pem")
    await parts.enter_async_context(tls_front(front, ports.frontend, tls))
    stage.here["temporal:7233"] = f"localhost:{front}"


async def _mail_server(stage: Stage, parts: AsyncExitStack) -> MailCatcher:
    port, folder = stage.ports.choose(), Path(stage.here["/certificates"])
    own = folder / "mail-relay"
    shown = Certificates(folder / "authority.pem", own / "certificate.pem", own / "key.pem")
    stage.here["mail-relay:587"] = f"localhost:{port}"
    return await parts.enter_async_context(
        run_mail_catcher(stage.state_dir, port=port, certificates=shown)
    )


async def _midtrans(stage: Stage, parts: AsyncExitStack) -> tuple[str, Path]:
    """The simulator in Midtrans' place: the one thing that the services are told besides."""
    port, certificates = stage.ports.choose(), local_certificates(stage.state_dir / "midtrans")
    bridge = stage.listening.setdefault("bridge", stage.ports.choose())
    url = f"https://{LOOPBACK}:{port}"
    stage.besides |= {
        "PAYMENTS_MIDTRANS_URL": url,
        "PAYMENTS_MIDTRANS_SNAP_URL": f"{url}/snap/v1",
        "PAYMENTS_MIDTRANS_CA_FILE": str(certificates.ca),
    }
    simulator = python_module(
        "simulator",
        "simulator",
        *("--host", LOOPBACK, "--port", str(port)),
        *("--tls-cert", str(certificates.certificate), "--tls-key", str(certificates.key)),
        *("--notify-url", f"http://{LOOPBACK}:{bridge}/webhooks/midtrans"),
        *("--merchant", f"{SERVER_KEY}:{CLIENT_KEY}:{MERCHANT_ID}"),
    )
    await parts.enter_async_context(running(simulator, stage.logs))
    return url, certificates.ca


def _shown(stage: Stage, holder: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    folder = Path(stage.here["/certificates"]) / holder
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context
