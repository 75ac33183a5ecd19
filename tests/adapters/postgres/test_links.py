import secrets
from collections.abc import Awaitable, Callable

import pytest
import tink
from sqlalchemy import text, update
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.tables import payment_links
from payments.commands import AnotherAttempt
from payments.gateway import ClosingCause
from payments.links import PaymentLink
from payments.progress import Progress
from payments.request import PaymentRequest
from tests.adapters.postgres.rows import count_of
from tests.payments.samples import (
    answer_of,
    closing_of,
    next_attempt_of,
    opening_of,
    placement_of,
)

Paying = Callable[[PaymentRequest], Awaitable[Progress]]


async def tokens_of(store: PaymentStore, order: PaymentRequest) -> list[str]:
    payment = await store.payment(order.order_id)
    assert payment is not None
    tokens = [attempt.link_token for attempt in payment.attempts]
    assert None not in tokens
    return [token for token in tokens if token]


@pytest.fixture
async def tried_twice(store: PaymentStore, order: PaymentRequest, opened: Paying) -> PaymentRequest:
    await opened(order)
    await store.begin_closing(closing_of(order, ClosingCause.DEADLINE))
    await store.record_answer(answer_of(order, None, is_closed=True))
    await store.add_attempt(
        AnotherAttempt(order_id=order.order_id, attempt=next_attempt_of(order), actor="checkout")
    )
    return order


async def test_each_attempt_has_a_link_of_its_own(
    store: PaymentStore, tried_twice: PaymentRequest
) -> None:
    first, second = await tokens_of(store, tried_twice)

    assert first != second
    assert await store.link(first) == PaymentLink(tried_twice.order_id, 1)
    assert await store.link(second) == PaymentLink(tried_twice.order_id, 2)


async def test_a_link_cannot_be_guessed(store: PaymentStore, order: PaymentRequest) -> None:
    await store.place(placement_of(order))
    (token,) = await tokens_of(store, order)

    assert len(token) == len(secrets.token_urlsafe(32))
    for guess in ("", token[:-1], token.swapcase(), secrets.token_urlsafe(32), "é", "x" * 10_000):
        assert await store.link(guess) is None


async def test_looking_consumes_nothing(store: PaymentStore, order: PaymentRequest) -> None:
    await store.place(placement_of(order))
    (token,) = await tokens_of(store, order)

    looks = {await store.link(token) for _ in range(3)}

    assert looks == {PaymentLink(order.order_id, 1)}


async def test_a_repeat_makes_no_other_link(
    store: PaymentStore, engine: AsyncEngine, order: PaymentRequest
) -> None:
    await store.place(placement_of(order))
    token = await tokens_of(store, order)

    await store.place(placement_of(order))
    await store.record_opened(opening_of(order))

    assert await tokens_of(store, order) == token
    assert await count_of(engine, payment_links, order.order_id) == 1


async def test_the_feed_does_not_hold_links(
    store: PaymentStore, tried_twice: PaymentRequest
) -> None:
    cursor, told = None, []
    while (page := await store.events(cursor, 500)).events:
        told += [event.payment for event in page.events if event.order_id == tried_twice.order_id]
        cursor = page.next_cursor

    assert len(told) == 5
    assert {attempt.link_token for payment in told for attempt in payment.attempts} == {None}


async def test_a_link_copied_to_another_order_does_not_open(
    store: PaymentStore, engine: AsyncEngine, new_order: Callable[[], PaymentRequest]
) -> None:
    source, target = new_order(), new_order()
    for order in (source, target):
        await store.place(placement_of(order))
    copied = text("(SELECT sealed_token FROM payment_links WHERE order_id = :source)").bindparams(
        source=source.order_id
    )

    async with engine.begin() as connection:
        await connection.execute(
            update(payment_links)
            .where(payment_links.c.order_id == target.order_id)
            .values(sealed_token=copied)
        )

    with pytest.raises(tink.TinkError):
        await store.payment(target.order_id)
