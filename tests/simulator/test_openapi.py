import pytest
import schemathesis
from starlette.routing import Route

from simulator.app import create_app
from simulator.openapi import described_path
from simulator.openapi_control import EVENTS, PREFIX
from simulator.world import Options
from tests.simulator.gateway import Gateway

CONTROL, MIDTRANS = "/_simulator/openapi.json", "/_simulator/midtrans-openapi.json"


def served_routes() -> set[tuple[str, str]]:
    return {
        (verb, described_path(route.path))
        for route in create_app(Options()).routes
        if isinstance(route, Route)
        for verb in (route.methods or set()) - {"HEAD"}
    }


@pytest.mark.parametrize(("address", "control"), [(CONTROL, True), (MIDTRANS, False)])
def test_every_route_is_described_and_nothing_else_is(
    gateway: Gateway, address: str, *, control: bool
) -> None:
    paths = gateway.http.get(address).json()["paths"]

    described = {(verb.upper(), path) for path, verbs in paths.items() for verb in verbs}
    expected = {each for each in served_routes() if each[1].startswith(PREFIX) is control}
    assert described == expected


@pytest.mark.parametrize("address", [CONTROL, MIDTRANS])
def test_each_document_is_openapi(gateway: Gateway, address: str) -> None:
    document = gateway.http.get(address).json()

    schemathesis.openapi.from_dict(document).validate()


def test_the_events_that_are_described_are_those_there_are(gateway: Gateway) -> None:
    refused = gateway.http.post("/_simulator/transactions/SKT-1~1/explode")

    assert refused.json()["error"].endswith(f"there are {', '.join(EVENTS)}")
