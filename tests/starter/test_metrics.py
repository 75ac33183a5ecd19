"""What the API tells Prometheus, and what no caller can make it tell."""

import json
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.metrics import API_METRICS
from adapters.postgres.business_figures import BusinessFigures, Figures
from adapters.postgres.engine import create_engine
from local_stack.ports import LOOPBACK, Ports
from local_stack.processes import python_module, running
from starter.metrics import ApiMetrics, BusinessMetrics, CountedApp, metrics_app
from tests.starter.conftest import KEY, Shop
from tests.starter.orders import NOW, order
from tests.starter.test_serving import answering, told

CANARY = "sari.dewi@canary.example"
FIGURES = Figures(
    open_orders={("checking", "qris"): 3},
    unmoved={"checking": timedelta(minutes=5)},
    open_cases={"mismatch": 2},
    oldest_case={"mismatch": timedelta(days=2)},
    open_discrepancies={"amount_differs": 1},
    since_reconciliation={"open": timedelta(minutes=4)},
    keyset_primaries={"temporal": 1},
)


class Counted:
    """Figures whose reading is counted; away once the test says so."""

    def __init__(self) -> None:
        self.reads = 0
        self.is_away = False

    async def read(self, now: datetime) -> Figures:
        self.reads += 1
        if self.is_away:
            raise ConnectionRefusedError
        return FIGURES


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def requests() -> ApiMetrics:
    return ApiMetrics()


@pytest.fixture
async def counted(shop: Shop, requests: ApiMetrics) -> AsyncIterator[httpx.AsyncClient]:
    """The API, whose requests are counted."""
    app = CountedApp(shop.api(), requests)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {KEY}"}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://api", headers=headers
    ) as http:
        yield http


@pytest.mark.postgres
@pytest.mark.temporal
async def test_requests_are_counted_by_route_status_and_client(
    counted: httpx.AsyncClient, requests: ApiMetrics, order_id: str
) -> None:
    await counted.post("/v1/payments", json=order(order_id))
    await counted.get(f"/v1/payments/{order_id}")
    await counted.get(f"/v1/payments/{order_id}", headers={"Authorization": "Bearer guessed"})

    exposed = requests.exposition().decode()
    name, one = "payments_api_requests_total", "/v1/payments/{order_id}"
    for labels in (
        'client="checkout",method="POST",route="/v1/payments",status="201"',
        f'client="checkout",method="GET",route="{one}",status="200"',
        f'client="(none)",method="GET",route="{one}",status="401"',
    ):
        assert f"{name}{{{labels}}} 1.0" in sorted_labels(exposed)
    assert (
        'payments_api_answer_seconds_count{method="GET",route="/v1/payments/{order_id}"} 2.0'
        in (sorted_labels(exposed))
    )


@pytest.mark.postgres
@pytest.mark.temporal
async def test_what_a_caller_makes_up_is_no_label(
    counted: httpx.AsyncClient, requests: ApiMetrics, order_id: str
) -> None:
    await counted.get(f"/v1/payments/{CANARY}")
    await counted.get(f"/nowhere/{CANARY}")
    await counted.get(f"/pay/{CANARY}", headers={"Authorization": f"Bearer {CANARY}"})
    await counted.request("CANARY", "/v1/payments")

    exposed = requests.exposition().decode()
    assert "canary" not in exposed.lower()
    assert 'route="(other)"' in exposed
    assert 'method="(other)"' in exposed


async def test_the_figures_are_told_with_their_ages_in_seconds() -> None:
    exposed = (await BusinessMetrics(Counted()).exposition()).decode()

    for line in (
        "payments_database_up 1.0",
        'payments_open_orders{method="qris",status="checking"} 3.0',
        'payments_open_orders_unmoved_seconds{status="checking"} 300.0',
        'payments_open_cases{code="mismatch"} 2.0',
        'payments_open_cases_age_seconds{code="mismatch"} 172800.0',
        'payments_open_discrepancies{kind="amount_differs"} 1.0',
        'payments_reconciliation_age_seconds{kind="open"} 240.0',
        'payments_keyset_primaries{keyset="temporal"} 1.0',
    ):
        assert line in sorted_labels(exposed).splitlines()


async def test_the_database_is_asked_once_in_a_while_however_often_we_are() -> None:
    figures, clock = Counted(), Clock()
    business = BusinessMetrics(figures, clock, timedelta(seconds=15))

    first = await business.exposition()
    clock.now += timedelta(seconds=14)
    assert await business.exposition() == first
    assert figures.reads == 1
    clock.now += timedelta(seconds=1)
    await business.exposition()
    assert figures.reads == 2


async def test_a_database_that_is_away_is_told_instead_of_its_figures() -> None:
    figures, clock = Counted(), Clock()
    business = BusinessMetrics(figures, clock)
    await business.exposition()
    figures.is_away = True
    clock.now += timedelta(minutes=1)

    exposed = (await business.exposition()).decode()

    assert "payments_database_up 0.0" in exposed
    assert "payments_open_orders" not in exposed


async def test_a_database_that_nobody_serves_is_away(tmp_path: Path) -> None:
    engine: AsyncEngine = create_engine(
        "postgresql://payments:hunter2@127.0.0.1:9/payments", application_name="tests"
    )

    exposed = await BusinessMetrics(BusinessFigures(engine)).exposition()
    await engine.dispose()

    assert b"payments_database_up 0.0" in exposed


async def test_every_declared_metric_is_at_one_address(requests: ApiMetrics) -> None:
    requests.observe({"type": "http", "method": "GET"}, 200, 0.1)
    app = metrics_app(requests, BusinessMetrics(Counted()))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://metrics") as http:
        answer = await http.get("/metrics")

    names = set(re.findall(r"^([a-z_]+)", answer.text, re.MULTILINE))
    assert {name for each in API_METRICS for name in each.series} <= names
    assert answer.headers["content-type"].startswith("text/plain")


@pytest.mark.postgres
@pytest.mark.temporal
async def test_the_api_serves_its_metrics_apart_from_the_world(
    environment: dict[str, str], tmp_path: Path
) -> None:
    port, own = Ports().choose(), Ports().choose()
    program = replace(
        python_module("api", "starter", "api"),
        environment=told(environment, api_port=port, metrics_address=f"{LOOPBACK}:{own}"),
    )
    async with running(program, tmp_path) as child:
        await answering(child, f"http://{LOOPBACK}:{port}/livez")
        metrics = await answering(child, f"http://{LOOPBACK}:{own}/metrics")
        async with httpx.AsyncClient(trust_env=False) as http:
            outside = await http.get(f"http://{LOOPBACK}:{port}/metrics")
            inside = await http.get(f"http://{LOOPBACK}:{own}/v1/payments")

    assert "payments_database_up 1.0" in metrics.text
    assert 'route="/livez"' in metrics.text
    assert (outside.status_code, inside.status_code) == (404, 404)
    assert child.exit_code == 0
    assert all(json.loads(line) for line in child.said().splitlines())


def sorted_labels(exposed: str) -> str:
    """Labels in the order of their names, whatever order they were declared in."""
    return re.sub(
        r"\{([^}]*\}?[^}]*)\} ", lambda m: f"{{{','.join(sorted(m[1].split(',')))}}} ", exposed
    )
