"""The proxy's Caddyfile: it leads to what is there, and shows nothing that is not public."""

import re
from collections.abc import Iterator

from local_stack.processes import PROJECT
from tests.deployment.compose import services
from tests.deployment.stage import LISTENING

CADDYFILE = (PROJECT / "deployment" / "caddy" / "Caddyfile").read_text()
SERVICES = services()
# What others listen on, by their own choice.
PORTS = {name: port for name, (_, port) in LISTENING.items()} | {"temporal-ui": 8080}
PORTS |= {"grafana": 3000}
OPERATORS = {"{$CODEC_HOST}", "{$UI_HOST}", "{$GRAFANA_HOST}"}
PUBLIC = {"{$API_HOST}", "{$WEBHOOK_HOST}"}


def blocks() -> Iterator[tuple[str, str]]:
    """The name and the body of each outermost block."""
    yield from re.findall(
        r"^(?P<name>[^\s#][^{\n]*(?:\{\$\w+\})?) \{\n(.*?)^\}", CADDYFILE, re.MULTILINE | re.DOTALL
    )


SITES = {name: body for name, body in blocks() if name.startswith("{$")}


def test_every_site_is_open_to_the_public_or_to_operators() -> None:
    assert SITES.keys() == PUBLIC | OPERATORS
    assert {name for name, body in SITES.items() if "import operators" in body} == OPERATORS


def test_every_variable_is_given_to_the_proxy() -> None:
    asked = set(re.findall(r"\{\$(\w+)\}", CADDYFILE))

    assert asked == SERVICES["proxy"].environment.keys()


def test_every_upstream_is_a_service_on_a_common_network_that_listens_there() -> None:
    upstreams = re.findall(r"reverse_proxy (?:https://)?([a-z-]+):(\d+)", CADDYFILE)

    assert len(upstreams) == len(SITES)
    for name, port in upstreams:
        assert PORTS[name] == int(port)
        assert SERVICES[name].networks & SERVICES["proxy"].networks


def test_metrics_and_health_are_shown_to_nobody_outside() -> None:
    public = {
        name: set(path.split())
        for name in PUBLIC
        for path in re.findall(r"^\t@\w+ path (.+)$", SITES[name], re.MULTILINE)
    }

    assert public == {
        "{$API_HOST}": {"/v1/*", "/openapi.json", "/pay/*", "/refund/*"},
        "{$WEBHOOK_HOST}": {"/webhooks/midtrans"},
    }
    for name in PUBLIC:
        # A bare `respond` would come before every `reverse_proxy`.
        assert "\n\thandle {\n\t\trespond 404\n\t}\n" in SITES[name]


def test_clear_payloads_travel_to_the_proxy_by_tls() -> None:
    assert "reverse_proxy https://codec-server:8082" in SITES["{$CODEC_HOST}"]
    assert "tls_trust_pool file /certificates/authority.pem" in SITES["{$CODEC_HOST}"]


def test_the_proxys_address_is_the_one_that_is_trusted() -> None:
    told = SERVICES["proxy"].told["networks"]["front"]["ipv4_address"]

    for name in ("api", "codec-server"):
        assert SERVICES[name].environment["PAYMENTS_TRUSTED_PROXIES"] == told


def test_no_request_is_logged_since_paths_may_hold_secrets() -> None:
    assert not re.search(r"^\s*log\b", CADDYFILE, re.MULTILINE)
