import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.sealing import Sealer, normal_email, normal_phone
from adapters.postgres.tables import orders, payment_attempts
from payments.errors import InvalidRequestError
from payments.payment import Payment, payment_status_from
from payments.request import PaymentRequest
from payments.status import AttemptStatus, PaymentStatus
from tests.adapters.postgres.rows import wanted_of
from tests.payments.samples import answer_of, opening_of, placement_of

_DAYS = count()


@pytest.fixture
def day() -> datetime:
    """A day on which no other test places an order."""
    return datetime(2031, 1, 1, tzinfo=UTC) + timedelta(days=next(_DAYS))


@pytest.fixture
async def placed_orders(
    store: PaymentStore, new_order: Callable[[], PaymentRequest], day: datetime
) -> list[str]:
    """Five orders of one day, an hour apart but for the last two, newest first."""
    placed = []
    for hours in (0, 1, 2, 3, 3):
        placement = placement_of(new_order())
        at = day + timedelta(hours=hours)
        await store.place(replace(placement, attempt=replace(placement.attempt, at=at)))
        placed.append((at, placement.request.order_id))
    return [order_id for _, order_id in sorted(placed, reverse=True)]


async def test_payments_are_listed_newest_first(
    store: PaymentStore, placed_orders: list[str], day: datetime
) -> None:
    page = await store.payments(created_from=day, created_to=day + timedelta(days=1))

    assert ids(page.payments) == placed_orders
    assert page.payments[0] == await store.payment(placed_orders[0])
    assert page.next_cursor is None


@pytest.mark.parametrize("limit", [1, 2, 4, 5])
async def test_pages_make_the_whole_list(
    store: PaymentStore, placed_orders: list[str], day: datetime, limit: int
) -> None:
    found, cursor, more = list[str](), None, True

    while more:
        page = await store.payments(
            created_from=day, created_to=day + timedelta(days=1), cursor=cursor, limit=limit
        )
        found += ids(page.payments)
        cursor, more = page.next_cursor, page.next_cursor is not None

    assert found == placed_orders


async def test_the_first_instant_is_included_and_the_last_is_not(
    store: PaymentStore, placed_orders: list[str], day: datetime
) -> None:
    page = await store.payments(
        created_from=day + timedelta(hours=1), created_to=day + timedelta(hours=3)
    )

    assert ids(page.payments) == placed_orders[2:4]


async def test_payments_are_found_by_status(
    store: PaymentStore, order: PaymentRequest, placed_orders: list[str], day: datetime
) -> None:
    await store.record_opened(replace(opening_of(order), order_id=placed_orders[4]))

    page = await store.payments(status=PaymentStatus.CHECKING, created_from=day)

    # What was opened for another order does not fit this one.
    assert ids(page.payments) == placed_orders[4:]


async def test_a_payment_is_read_as_it_was_at_one_instant(
    store: PaymentStore, new_order: Callable[[], PaymentRequest]
) -> None:
    orders = [new_order() for _ in range(8)]
    for order in orders:
        await store.place(placement_of(order))

    async def live() -> None:
        for order in orders:
            await store.record_opened(opening_of(order))
            await store.record_answer(answer_of(order, AttemptStatus.PAID))

    async def watch(order: PaymentRequest) -> None:
        while (payment := await store.payment(order.order_id)) is not None:
            assert payment.status is payment_status_from(payment.latest_attempt)
            if payment.status is PaymentStatus.PAID:
                return

    await asyncio.gather(live(), *(watch(order) for order in orders))


# Among them `[]` and `[1,2]`: well written, but no place in this list.
@pytest.mark.parametrize("cursor", ["", "x", "W10", "WzEsMl0", "é", "!!!!", "A" * 1000])
async def test_a_foreign_cursor_is_named(store: PaymentStore, cursor: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"^cursor: "):
        await store.payments(cursor=cursor)


async def test_a_customer_is_found_by_mail_and_phone_however_written(
    store: PaymentStore, engine: AsyncEngine, sealer: Sealer, order: PaymentRequest
) -> None:
    await store.place(placement_of(order))
    mail = sealer.digest(orders.c.email_lookup, normal_email(" sari@example.COM "))
    phone = sealer.digest(orders.c.phone_lookup, normal_phone("0812 3456 789"))

    query = select(orders.c.order_id).where(
        orders.c.email_lookup == mail, orders.c.phone_lookup == phone
    )

    async with engine.connect() as connection:
        assert order.order_id in (await connection.execute(query)).scalars().all()


async def test_an_attempt_is_found_by_what_the_customer_pays_to(
    store: PaymentStore, engine: AsyncEngine, sealer: Sealer, order: PaymentRequest
) -> None:
    await store.place(placement_of(order))
    await store.record_opened(opening_of(order))
    number = sealer.digest(payment_attempts.c.payable_lookup, "81278500253")

    query = select(payment_attempts.c.order_id).where(payment_attempts.c.payable_lookup == number)

    async with engine.connect() as connection:
        assert order.order_id in (await connection.execute(query)).scalars().all()


async def test_only_an_order_that_has_refunds_or_cases_costs_more_to_read(
    store: PaymentStore, engine: AsyncEngine, paid_by_transfer: PaymentRequest
) -> None:
    statements = list[str]()

    def listen(*told: Any) -> None:
        statements.append(told[2])

    event.listen(engine.sync_engine, "before_cursor_execute", listen)
    try:
        await store.payment(paid_by_transfer.order_id)
        plain = len(statements)
        await store.request_refund(wanted_of(paid_by_transfer, "r-1"))
        statements.clear()
        await store.payment(paid_by_transfer.order_id)
    finally:
        event.remove(engine.sync_engine, "before_cursor_execute", listen)

    assert (plain, len(statements)) == (2, 4)


def ids(payments: tuple[Payment, ...]) -> list[str]:
    return [payment.order_id for payment in payments]
