"""The whole service on one machine: every part a real one, every part a child process."""

import os
import shlex
import shutil
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

import httpx

from adapters.postgres.schema import migrate
from local_stack.addresses import Addresses, choose_addresses
from local_stack.certificates import Certificates, local_certificates
from local_stack.directories import private_directory
from local_stack.keys import Keys, local_keys
from local_stack.mail_catcher import run_mail_catcher
from local_stack.ports import LOOPBACK
from local_stack.postgres import run_postgres
from local_stack.processes import Child, Program, python_module, running
from local_stack.temporal import TemporalOptions, run_temporal
from workflows.names import SEARCH_ATTRIBUTES

DATABASE = "payments"
START_WAIT = timedelta(seconds=60)
# After how many failed tasks in a row a run can be found by TemporalReportedProblems: five, if
# nothing is said, which takes a minute.
PROBLEMS_LISTED_AFTER = "system.numConsecutiveWorkflowTaskProblemsToTriggerSearchAttribute"
# Longer than any of ours may take to end: what is cut short cannot show how it ends.
DRAIN_WAIT = timedelta(seconds=40)
# How to reach another Temporal, set for a person's own use, would keep ours from being reached.
ELSEWHERE = ("TEMPORAL_API_KEY", "TEMPORAL_GRPC_META", "TEMPORAL_PROFILE", "TEMPORAL_TLS")

Say = Callable[[str], None]


@dataclass
class Stack:
    """A running stack: what its processes were told, and who they are."""

    state_dir: Path
    outer: Mapping[str, str]
    environment: dict[str, str]
    addresses: Addresses
    keys: Keys
    certificates: Certificates
    children: dict[str, Child] = field(default_factory=dict)

    @property
    def logs(self) -> Path:
        return self.state_dir / "logs"

    @property
    def mail_dir(self) -> Path:
        return Path(self.environment["PAYMENTS_MAIL_DIR"])

    @property
    def web_ui_url(self) -> str:
        return self.environment["PAYMENTS_WEB_UI_URL"]

    def program(self, name: str, module: str, *arguments: str) -> Program:
        """One of our own processes, told what all of this stack are told."""
        outer = {n: value for n, value in self.outer.items() if not n.startswith(ELSEWHERE)}
        environment = {**outer, **self.environment}
        return replace(
            python_module(name, module, *arguments), environment=environment, patience=DRAIN_WAIT
        )

    @property
    def worker(self) -> Program:
        """The worker that can be asked how it is; others on the same stack need no port for that."""
        own = {
            "PAYMENTS_WORKER_HOST": LOOPBACK,
            "PAYMENTS_WORKER_PORT": str(self.addresses.worker),
            "PAYMENTS_METRICS_ADDRESS": f"{LOOPBACK}:{self.addresses.worker_metrics}",
        }
        return _told(self.program("worker", "worker"), own)

    @property
    def api(self) -> Program:
        own = {"PAYMENTS_METRICS_ADDRESS": f"{LOOPBACK}:{self.addresses.api_metrics}"}
        return _told(self.program("api", "starter", "api"), own)

    @property
    def simulator(self) -> Program:
        """The Midtrans look-alike, with the merchant account that our processes use."""
        keys = self.keys
        merchant = f"{keys.server_key}:{keys.client_key}:{keys.merchant_id}"
        return python_module(
            "simulator",
            "simulator",
            *("--host", LOOPBACK, "--port", str(self.addresses.simulator)),
            *("--tls-cert", str(self.certificates.certificate)),
            *("--tls-key", str(self.certificates.key)),
            *("--notify-url", self.addresses.notification_url, "--merchant", merchant),
        )

    def write_environment(self, path: Path) -> None:
        """Write KEY=VALUE lines for a shell; the file appears complete or not at all."""
        pids = ",".join(f"{name}={child.pid}" for name, child in self.children.items())
        lines = {**self.environment, "PAYMENTS_STACK_PIDS": pids}
        partial = path.with_name(f".{path.name}.partial")
        partial.touch(mode=0o600)
        partial.write_text(
            "".join(f"{name}={shlex.quote(value)}\n" for name, value in lines.items())
        )
        partial.replace(path)


@asynccontextmanager
async def run_stack(
    state_dir: Path,
    environment: Mapping[str, str],
    *,
    throw_away: bool = False,
    say: Say = lambda _: None,
) -> AsyncIterator[Stack]:
    """Run everything on the state directory.

    A setting given in the environment wins over what would be made up here; the rest of the
    environment is handed on to the processes as it is.
    """
    async with AsyncExitStack() as parts:
        stack = planned(state_dir, environment)
        await _start_engines(stack, parts, say, throw_away=throw_away)
        await _start_services(stack, parts, say)
        yield stack


def empty(state_dir: Path) -> None:
    """Forget an earlier stack: its data, its keys, its logs."""
    if state_dir.exists():
        shutil.rmtree(state_dir)


def planned(state_dir: Path, outer: Mapping[str, str]) -> Stack:
    """A stack that runs nothing yet: its addresses, its keys, what its processes will be told."""
    private_directory(state_dir)
    addresses = choose_addresses(outer)
    keys = _with_given(local_keys(state_dir), outer)
    certificates = local_certificates(state_dir)
    made_up = {
        "TEMPORAL_ADDRESS": f"{LOOPBACK}:{addresses.temporal.frontend}",
        "TEMPORAL_NAMESPACE": "default",
        "PAYMENTS_API_HOST": LOOPBACK,
        "PAYMENTS_API_PORT": str(addresses.api),
        "PAYMENTS_API_URL": addresses.api_url,
        "PAYMENTS_API_KEY": keys.api_key,
        "PAYMENTS_API_KEYS": keys.api_keys,
        "PAYMENTS_BRIDGE_HOST": LOOPBACK,
        "PAYMENTS_BRIDGE_PORT": str(addresses.bridge),
        "PAYMENTS_BRIDGE_URL": addresses.bridge_url,
        "PAYMENTS_WORKER_URL": addresses.worker_url,
        "PAYMENTS_MIDTRANS_URL": addresses.simulator_url,
        "PAYMENTS_MIDTRANS_SNAP_URL": f"{addresses.simulator_url}/snap/v1",
        "PAYMENTS_MIDTRANS_SERVER_KEY": keys.server_key,
        "PAYMENTS_MIDTRANS_MERCHANT_ID": keys.merchant_id,
        "PAYMENTS_MIDTRANS_CA_FILE": str(certificates.ca),
        "PAYMENTS_SMTP_URL": f"smtp+starttls://{LOOPBACK}:{addresses.mail}",
        "PAYMENTS_SMTP_CA_FILE": str(certificates.ca),
        "PAYMENTS_ADMIN_EMAIL": "admin@skaters.example",
        "PAYMENTS_CODEC_HOST": LOOPBACK,
        "PAYMENTS_CODEC_PORT": str(addresses.codec),
        "PAYMENTS_CODEC_SECRET": keys.codec_secret,
        "PAYMENTS_CODEC_URL": addresses.codec_url(keys.codec_secret),
        "PAYMENTS_CODEC_ORIGINS": ",".join(
            f"http://{host}:{addresses.temporal.ui}" for host in (LOOPBACK, "localhost")
        ),
        "PAYMENTS_WEB_UI_URL": f"http://{LOOPBACK}:{addresses.temporal.ui}",
        "PAYMENTS_KEYSET_TEMPORAL": str(keys.keyset_temporal),
        "PAYMENTS_KEYSET_DATABASE": str(keys.keyset_database),
        "PAYMENTS_KEYSET_LOOKUP": str(keys.keyset_lookup),
    }
    given = {name: outer[name] for name in made_up if outer.get(name)}
    fixed = {
        "TEMPORAL_CONFIG_FILE": os.devnull,
        "PAYMENTS_MAIL_DIR": str(state_dir.absolute() / "mail" / "inbox"),
    }
    return Stack(
        state_dir=state_dir.absolute(),
        outer=outer,
        environment={**made_up, **given, **fixed},
        addresses=addresses,
        keys=keys,
        certificates=certificates,
    )


def _told(program: Program, own: Mapping[str, str]) -> Program:
    """The program, told what nobody else of the stack is."""
    return replace(program, environment={**(program.environment or {}), **own})


def _with_given(keys: Keys, outer: Mapping[str, str]) -> Keys:
    """The made-up keys, but for those that the environment names."""
    return replace(
        keys,
        server_key=outer.get("PAYMENTS_MIDTRANS_SERVER_KEY") or keys.server_key,
        merchant_id=outer.get("PAYMENTS_MIDTRANS_MERCHANT_ID") or keys.merchant_id,
        api_key=outer.get("PAYMENTS_API_KEY") or keys.api_key,
        codec_secret=outer.get("PAYMENTS_CODEC_SECRET") or keys.codec_secret,
    )


async def _start_engines(
    stack: Stack, parts: AsyncExitStack, say: Say, *, throw_away: bool
) -> None:
    """What others made: PostgreSQL, Temporal, a mail server."""
    postgres = await parts.enter_async_context(
        run_postgres(stack.state_dir, port=stack.addresses.postgres, throw_away=throw_away)
    )
    stack.children["postgres"] = postgres.child
    stack.environment["PAYMENTS_DATABASE_URL"] = await postgres.create_database(DATABASE)
    await migrate(stack.environment["PAYMENTS_DATABASE_URL"])
    say(f"PostgreSQL    127.0.0.1:{postgres.port}, schema up to date")
    temporal = await parts.enter_async_context(
        run_temporal(
            stack.state_dir,
            ports=stack.addresses.temporal,
            options=TemporalOptions(
                namespace=stack.environment["TEMPORAL_NAMESPACE"],
                search_attributes={key.name: "Keyword" for key in SEARCH_ATTRIBUTES},
                ui_codec_endpoint=stack.environment["PAYMENTS_CODEC_URL"],
                dynamic_config={PROBLEMS_LISTED_AFTER: 2},
            ),
        )
    )
    stack.children["temporal"] = temporal.child
    say(f"Temporal      {temporal.address}, Web UI {temporal.ui_url}")
    mail = await parts.enter_async_context(
        run_mail_catcher(
            stack.state_dir, port=stack.addresses.mail, certificates=stack.certificates
        )
    )
    stack.children["mail"] = mail.child
    say(f"mail catcher  127.0.0.1:{mail.port}, mails in {mail.directory}")


async def _start_services(stack: Stack, parts: AsyncExitStack, say: Say) -> None:
    """Our own: the simulator, and the four processes of the service."""
    addresses = stack.addresses
    starts = (
        (stack.worker, f"{addresses.worker_url}/readyz", "worker"),
        (
            stack.simulator,
            f"{addresses.simulator_url}/_simulator/transactions",
            "Midtrans simulator",
        ),
        (stack.program("bridge", "webhook_bridge"), f"{addresses.bridge_url}/readyz", "bridge"),
        (stack.api, f"{addresses.api_url}/readyz", "checkout API"),
        (
            stack.program("codec-server", "starter", "codec-server"),
            f"http://{LOOPBACK}:{addresses.codec}/readyz",
            "codec server",
        ),
    )
    started = [
        (await parts.enter_async_context(running(program, stack.logs)), url, title)
        for program, url, title in starts
    ]
    async with httpx.AsyncClient(verify=_trust(stack), trust_env=False) as client:
        for child, url, title in started:
            stack.children[child.name] = child
            await child.wait_until(_answers(client, url), START_WAIT)
            say(f"{title:<13} {url.rsplit('/', 1)[0]}")


def _trust(stack: Stack) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=stack.certificates.ca)


def said(child: Child, words: str) -> Callable[[], Awaitable[bool]]:
    """Ask whether the child has logged these words; for `Child.wait_until`."""

    async def has_said() -> bool:
        return words in child.said()

    return has_said


def _answers(client: httpx.AsyncClient, url: str) -> Callable[[], Awaitable[bool]]:
    async def answers() -> bool:
        try:
            return (await client.get(url)).is_success
        except httpx.TransportError:
            return False

    return answers
