"""Where the parts of a stack listen: as the environment says, else the usual port or a free one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from local_stack.mail_catcher import DEFAULT_PORT as MAIL_PORT
from local_stack.ports import LOOPBACK, Ports
from local_stack.postgres import DEFAULT_PORT as POSTGRES_PORT
from local_stack.temporal import DEFAULT_PORT as TEMPORAL_PORT
from local_stack.temporal import DEFAULT_UI_PORT, TemporalPorts

API_PORT, BRIDGE_PORT, CODEC_PORT, WORKER_PORT, SIMULATOR_PORT = 8080, 8081, 8082, 8083, 8443
LOCAL_HOSTS = frozenset({LOOPBACK, "localhost"})


class ForeignAddressError(ValueError):
    """The environment names a machine that this stack cannot start anything on."""


@dataclass(frozen=True)
class Addresses:
    postgres: int
    temporal: TemporalPorts
    mail: int
    simulator: int
    api: int
    bridge: int
    codec: int
    worker: int
    worker_metrics: int
    api_metrics: int
    ports: Ports = field(repr=False)  # who chose them, and keeps them from others

    @property
    def simulator_url(self) -> str:
        return f"https://{LOOPBACK}:{self.simulator}"

    @property
    def api_url(self) -> str:
        return f"http://{LOOPBACK}:{self.api}"

    @property
    def bridge_url(self) -> str:
        return f"http://{LOOPBACK}:{self.bridge}"

    @property
    def worker_url(self) -> str:
        return f"http://{LOOPBACK}:{self.worker}"

    @property
    def metrics_urls(self) -> tuple[str, ...]:
        """Where a Prometheus would look."""
        apart = (f"http://{LOOPBACK}:{port}" for port in (self.worker_metrics, self.api_metrics))
        return tuple(f"{url}/metrics" for url in (self.bridge_url, *apart))

    @property
    def notification_url(self) -> str:
        return f"{self.bridge_url}/webhooks/midtrans"

    def codec_url(self, secret: str) -> str:
        return f"http://{LOOPBACK}:{self.codec}/{secret}"


def choose_addresses(environment: Mapping[str, str]) -> Addresses:
    """Ports that the environment names are taken as they are; ForeignAddressError beyond here."""
    ports = Ports()

    def from_url(name: str, default: int) -> int:
        return _port_of(name, environment[name]) if environment.get(name) else ports.choose(default)

    def from_number(name: str, default: int) -> int:
        return int(environment[name]) if environment.get(name) else ports.choose(default)

    def from_either(number: str, url: str, default: int) -> int:
        return from_number(number, default) if environment.get(number) else from_url(url, default)

    temporal = environment.get("TEMPORAL_ADDRESS")
    return Addresses(
        postgres=ports.choose(POSTGRES_PORT),
        temporal=TemporalPorts(
            frontend=(
                _port_of("TEMPORAL_ADDRESS", f"//{temporal}")
                if temporal
                else ports.choose(TEMPORAL_PORT)
            ),
            http=ports.choose(),
            metrics=ports.choose(),
            ui=from_url("PAYMENTS_WEB_UI_URL", DEFAULT_UI_PORT),
        ),
        mail=ports.choose(MAIL_PORT),
        simulator=from_url("PAYMENTS_MIDTRANS_URL", SIMULATOR_PORT),
        api=from_either("PAYMENTS_API_PORT", "PAYMENTS_API_URL", API_PORT),
        bridge=from_either("PAYMENTS_BRIDGE_PORT", "PAYMENTS_BRIDGE_URL", BRIDGE_PORT),
        codec=from_number("PAYMENTS_CODEC_PORT", CODEC_PORT),
        worker=from_number("PAYMENTS_WORKER_PORT", WORKER_PORT),
        worker_metrics=ports.choose(),
        api_metrics=ports.choose(),
        ports=ports,
    )


def _port_of(name: str, url: str) -> int:
    parts = urlsplit(url)
    if parts.hostname not in LOCAL_HOSTS or parts.port is None:
        raise ForeignAddressError(f"{name}: a local stack listens on {LOOPBACK}:PORT only")
    return parts.port
