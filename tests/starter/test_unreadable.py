"""An order that was tampered with hides no other, and nobody is told more than that it is so."""

import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count

import httpx
import pytest
from sqlalchemy import select, update

from adapters.postgres.tables import orders
from tests.payments.samples import REQUEST, placement_of
from tests.starter.books import Books
from tests.starter.conftest import Shop
from tests.starter.terminal import invoke

Placing = Callable[[], Awaitable[str]]


@pytest.fixture
def day() -> datetime:
    """On which nobody else has orders."""
    return datetime(2100, 1, 1, tzinfo=UTC) + timedelta(days=secrets.randbelow(30_000))


@pytest.fixture
def place(shop: Shop, day: datetime) -> Placing:
    """Each order a minute after the one before."""
    minutes = count()

    async def place_one() -> str:
        order_id = f"SKT-{secrets.token_hex(6)}"
        placement = placement_of(replace(REQUEST, order_id=order_id))
        at = day + timedelta(minutes=next(minutes))
        await shop.store.place(replace(placement, attempt=replace(placement.attempt, at=at)))
        return order_id

    return place_one


@pytest.fixture
async def tampered(shop: Shop, place: Placing) -> AsyncIterator[Placing]:
    spoilt: dict[str, bytes] = {}

    async def write(order_id: str, sealed: bytes) -> bytes:
        own = orders.c.order_id == order_id
        async with shop.engine.begin() as connection:
            before = await connection.execute(select(orders.c.sealed_request).where(own))
            await connection.execute(update(orders).where(own).values(sealed_request=sealed))
        sealed_before: bytes = before.scalar_one()
        return sealed_before

    async def place_and_spoil() -> str:
        order_id = await place()
        spoilt[order_id] = await write(order_id, b"spoilt")
        return order_id

    yield place_and_spoil
    for order_id, sealed in spoilt.items():
        await write(order_id, sealed)


async def test_the_list_leaves_it_out_and_the_log_names_it(
    http: httpx.AsyncClient,
    day: datetime,
    place: Placing,
    tampered: Placing,
    caplog: pytest.LogCaptureFixture,
) -> None:
    older, spoilt, newer = await place(), await tampered(), await place()

    answer = await http.get("/v1/payments", params=_of(day))

    assert answer.status_code == 200
    listed = [payment["order_id"] for payment in answer.json()["payments"]]
    assert listed == [newer, older]
    told = [each for each in caplog.records if each.message == "payment.unreadable"]
    assert [(each.levelno, getattr(each, "order_id", "")) for each in told] == [
        (logging.ERROR, spoilt)
    ]


async def test_a_page_of_the_list_goes_on_behind_it(
    http: httpx.AsyncClient, day: datetime, place: Placing, tampered: Placing
) -> None:
    older, _ = await place(), await tampered()
    params = {**_of(day), "limit": "1"}

    first = (await http.get("/v1/payments", params=params)).json()
    second = await http.get("/v1/payments", params={**params, "cursor": first["next_cursor"]})

    assert first["payments"] == []
    assert [payment["order_id"] for payment in second.json()["payments"]] == [older]


def _of(day: datetime) -> dict[str, str]:
    return {"from": day.isoformat(), "to": (day + timedelta(days=1)).isoformat()}


async def test_to_read_it_is_a_problem_of_its_own(
    http: httpx.AsyncClient, tampered: Placing
) -> None:
    answer = await http.get(f"/v1/payments/{await tampered()}")

    assert answer.status_code == 500
    assert answer.json()["code"] == "record_unreadable"
    assert "spoilt" not in answer.text


async def test_a_command_says_so_in_one_line(
    environment: dict[str, str], tampered: Placing
) -> None:
    result = await invoke("status", await tampered(), environment=environment)

    assert result.exit_code == 1
    assert "something stored cannot be read with these keysets" in result.stderr


class TestBooks:
    @pytest.fixture
    async def row(self, books: Books) -> dict[str, str]:
        """What the gateway settled of an order that was tampered with since."""
        settled = await books.paid("A")
        async with books.engine.begin() as connection:
            await connection.execute(update(orders).values(sealed_request=b"spoilt"))
        return settled

    async def test_a_settlement_file_is_compared_all_the_same(
        self, books: Books, row: dict[str, str]
    ) -> None:
        fine = await books.paid("B", minutes=2)

        summary = await books.reconcile(row, fine)

        assert summary["found"] == {"unreadable": 1}
        assert await books.told("A") == []
        (found,) = await books.differences()
        assert (found["kind"], found["order_id"]) == ("unreadable", "A")

    async def test_an_export_never_leaves_money_out_in_silence(
        self, books: Books, row: dict[str, str]
    ) -> None:
        days = ("--from", "2000-01-01", "--to", "2100-01-01")

        result = await books.starter("finance", "export", *days)

        assert result.exit_code == 1
        assert "what is stored of order A cannot be read" in result.stderr
        assert result.stdout == ""
