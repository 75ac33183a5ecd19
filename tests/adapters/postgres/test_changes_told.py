"""Whoever counts hears of every change of a payment once, when it is stored."""

import asyncio

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.sealing import Sealer
from payments.errors import OrderUnknownError
from payments.payment import Payment
from payments.request import PaymentRequest
from payments.status import AttemptStatus, PaymentStatus
from tests.payments.samples import TERMS, answer_of, opening_of, placement_of, report_of

pytestmark = pytest.mark.postgres

Heard = list[tuple[PaymentStatus | None, PaymentStatus]]


@pytest.fixture
def heard() -> Heard:
    return []


@pytest.fixture
def store(engine: AsyncEngine, sealer: Sealer, heard: Heard) -> PaymentStore:
    def changed(before: Payment | None, after: Payment) -> None:
        heard.append((before.status if before else None, after.status))

    return PaymentStore(engine, sealer, TERMS, changed)


async def test_each_change_is_told_with_what_was_before(
    store: PaymentStore, order: PaymentRequest, heard: Heard
) -> None:
    await store.place(placement_of(order))
    await store.record_opened(opening_of(order))
    await store.record_answer(answer_of(order, report_of(order, AttemptStatus.PAID)))

    preparing, awaiting = PaymentStatus.PREPARING, PaymentStatus.AWAITING_PAYMENT
    assert heard == [(None, preparing), (preparing, awaiting), (awaiting, PaymentStatus.PAID)]


async def test_what_is_repeated_is_not_told_again(
    store: PaymentStore, order: PaymentRequest, heard: Heard
) -> None:
    paid = answer_of(order, report_of(order, AttemptStatus.PAID))
    for _ in range(2):
        await store.place(placement_of(order))
        await store.record_opened(opening_of(order))
    await asyncio.gather(*(store.record_answer(paid) for _ in range(5)))

    assert [after for _, after in heard].count(PaymentStatus.PAID) == 1
    assert len(heard) == 3


async def test_what_is_not_stored_is_not_told(
    store: PaymentStore, order: PaymentRequest, heard: Heard
) -> None:
    with pytest.raises(OrderUnknownError):
        await store.record_opened(opening_of(order))

    assert heard == []


async def test_a_change_can_be_read_by_others_when_it_is_told(
    engine: AsyncEngine, sealer: Sealer, order: PaymentRequest
) -> None:
    seen: list[asyncio.Task[int]] = []

    async def stored() -> int:
        query = text("select count(*) from orders where order_id = :order_id")
        async with engine.connect() as connection:
            found = await connection.execute(query, {"order_id": order.order_id})
            return int(found.scalar_one())

    def changed(_before: Payment | None, _after: Payment) -> None:
        seen.append(asyncio.create_task(stored()))

    await PaymentStore(engine, sealer, TERMS, changed).place(placement_of(order))

    assert await seen[0] == 1
