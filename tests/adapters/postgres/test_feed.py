import asyncio
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.feed import Event, append_event
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.sealing import Cell, Sealer
from adapters.postgres.stored_payment import StoredPayments
from adapters.postgres.tables import payment_events
from payments.cases import CaseCode
from payments.charging import placed
from payments.errors import InvalidRequestError
from payments.gateway import ClosingCause
from payments.request import PaymentRequest
from payments.status import AttemptStatus, PaymentStatus
from tests.adapters.postgres.rows import transfer_back, wanted_of
from tests.payments.samples import (
    NOW,
    after,
    answer_of,
    attempt_of,
    awaiting_payment,
    closing_of,
    opening_of,
    placement_of,
)


@pytest.fixture
async def cursor(store: PaymentStore) -> str | None:
    """Where the feed ends now."""
    cursor = None
    while True:
        page = await store.events(cursor, 500)
        if not page.events:
            return page.next_cursor
        cursor = page.next_cursor


async def test_every_change_of_status_is_told_with_the_payment_as_it_was(
    store: PaymentStore, cursor: str | None, order: PaymentRequest
) -> None:
    await store.place(placement_of(order))
    await store.record_opened(opening_of(order))
    await store.record_answer(answer_of(order, AttemptStatus.PAID))

    page = await store.events(cursor, 10)

    assert [(event.type, event.version, event.at) for event in page.events] == [
        ("payment.preparing", 1, NOW),
        ("payment.awaiting_payment", 2, after(seconds=1)),
        ("payment.paid", 3, after(minutes=1)),
    ]
    assert page.events[1].payment == replace(
        awaiting_payment(order), version=2, updated_at=after(seconds=1)
    )
    assert page.events[2].payment.status is PaymentStatus.PAID
    assert page.next_cursor == page.events[2].cursor


async def test_a_change_without_a_new_status_is_not_told(
    store: PaymentStore, cursor: str | None, snap_order: PaymentRequest
) -> None:
    await store.place(placement_of(snap_order))
    await store.record_opened(opening_of(snap_order))

    await store.record_answer(answer_of(snap_order, AttemptStatus.DENIED))

    assert len((await store.events(cursor, 10)).events) == 2


async def test_an_empty_page_says_where_to_go_on(store: PaymentStore, cursor: str | None) -> None:
    page = await store.events(cursor, 10)

    assert page.events == ()
    assert page.next_cursor == cursor


async def test_a_reader_goes_on_after_any_event(
    store: PaymentStore, cursor: str | None, order: PaymentRequest
) -> None:
    await store.place(placement_of(order))
    await store.record_opened(opening_of(order))

    first = await store.events(cursor, 1)
    second = await store.events(first.events[0].cursor, 1)

    assert [*types(first.events), *types(second.events)] == [
        "payment.preparing",
        "payment.awaiting_payment",
    ]


async def test_a_transaction_that_commits_late_is_never_skipped(
    store: PaymentStore,
    engine: AsyncEngine,
    sealer: Sealer,
    cursor: str | None,
    new_order: Callable[[], PaymentRequest],
) -> None:
    slow, fast = new_order(), new_order()
    for order in (slow, fast):
        await store.place(placement_of(order))

    async with engine.begin() as connection:
        stored = await StoredPayments(sealer).lock(connection, slow.order_id)
        await append_event(connection, sealer, replace(stored.payment, version=2))
        await store.record_opened(opening_of(fast))
        early = await store.events(cursor, 10)

    late = await store.events(early.next_cursor, 10)
    assert [event.order_id for event in early.events] == [slow.order_id, fast.order_id]
    assert [(event.order_id, event.version) for event in late.events] == [
        (slow.order_id, 2),
        (fast.order_id, 2),
    ]


async def test_versions_stay_in_order_when_transaction_numbers_do_not(
    store: PaymentStore,
    engine: AsyncEngine,
    sealer: Sealer,
    cursor: str | None,
    order: PaymentRequest,
) -> None:
    await store.place(placement_of(order))

    async with engine.begin() as older:
        # This transaction has its number before the one that writes version 2 even begins.
        await older.execute(select(func.pg_current_xact_id()))
        await store.record_opened(opening_of(order))
        stored = await StoredPayments(sealer).lock(older, order.order_id)
        await append_event(older, sealer, replace(stored.payment, version=3))

    page = await store.events(cursor, 10)
    assert [event.version for event in page.events] == [1, 2, 3]


async def test_a_reader_beside_many_writers_misses_nothing(
    store: PaymentStore, cursor: str | None, new_order: Callable[[], PaymentRequest]
) -> None:
    orders = [new_order() for _ in range(25)]
    done = asyncio.Event()
    seen: list[Event] = []

    async def read() -> None:
        place, last_look = cursor, False
        while not last_look:
            last_look = done.is_set()
            page = await store.events(place, 7)
            seen.extend(page.events)
            place, last_look = page.next_cursor, last_look and not page.events

    async def live(order: PaymentRequest) -> None:
        await store.place(placement_of(order))
        await store.record_opened(opening_of(order))
        await store.begin_closing(closing_of(order, ClosingCause.DEADLINE))
        await store.record_answer(answer_of(order, None, is_closed=True))

    reader = asyncio.create_task(read())
    await asyncio.gather(*(live(order) for order in orders))
    done.set()
    await reader

    for order in orders:
        told = [event.version for event in seen if event.order_id == order.order_id]
        assert told == [1, 2, 3, 4]
    assert len({event.cursor for event in seen}) == len(seen) == 100


# Among them `[-1,2]` and `[1,9223372036854775808]`: numbers that no event can have.
@pytest.mark.parametrize(
    "cursor", ["", "x", "W10", "Wy0xLDJd", "WzEsOTIyMzM3MjAzNjg1NDc3NTgwOF0", "é", "!!!!"]
)
async def test_a_foreign_cursor_is_named(store: PaymentStore, cursor: str) -> None:
    with pytest.raises(InvalidRequestError, match=r"^after: "):
        await store.events(cursor, 10)


async def test_an_event_tells_no_more_of_refunds_and_cases_than_everybody_may_know(
    store: PaymentStore, cursor: str | None, paid_by_transfer: PaymentRequest
) -> None:
    await store.request_refund(wanted_of(paid_by_transfer, "r-1"))
    waiting = await store.payment(paid_by_transfer.order_id)
    await transfer_back(store, paid_by_transfer, "r-1")

    events = (await store.events(cursor, 10)).events

    told = events[-1].payment
    assert waiting is not None
    assert waiting.refunds[0].link_token is not None
    assert waiting.cases[0].amount is not None
    assert events[-1].type == "payment.refunded"
    assert told.refunds[0].amount == paid_by_transfer.amount
    assert (told.refunds[0].link_token, told.refunds[0].reference) == (None, None)
    assert [(case.code, case.details, case.amount) for case in told.cases] == [
        (CaseCode.MANUAL_REFUND, {}, None)
    ]


async def test_an_event_of_an_earlier_version_can_still_be_read(
    store: PaymentStore,
    engine: AsyncEngine,
    sealer: Sealer,
    cursor: str | None,
    order: PaymentRequest,
) -> None:
    await store.place(placement_of(order))
    cell = Cell.of(payment_events.c.sealed_payment, order.order_id, 1)
    async with engine.begin() as connection:
        own = payment_events.c.order_id == order.order_id
        sealed = (
            await connection.execute(select(payment_events.c.sealed_payment).where(own))
        ).scalar_one()
        document = json.loads(sealer.open(cell, sealed))
        for member in ("refunds", "cases", "paid_transaction_id", "cancelled_invoice"):
            del document[member]
        document |= {"attention": "late_money", "refunded_amount": {"value": 0, "currency": "IDR"}}
        old = sealer.seal(cell, json.dumps(document).encode())
        await connection.execute(update(payment_events).where(own).values(sealed_payment=old))

    (event,) = (await store.events(cursor, 10)).events

    assert event.payment == placed(order, attempt_of(order)).payment


def types(events: tuple[Event, ...]) -> list[str]:
    return [event.type for event in events]
