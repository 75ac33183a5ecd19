import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.tables import (
    audit_events,
    orders,
    payment_attempts,
    payment_events,
)
from payments.charging import placed
from payments.commands import RefusedCharge
from payments.errors import OrderConflictError, OrderUnknownError
from payments.gateway import AttemptRef
from payments.methods import Integration, PaymentMethod
from payments.money import Currency, Money
from payments.payment import Payment
from payments.progress import Progress
from payments.request import Customer, Locale, PaymentRequest
from payments.status import PaymentStatus
from tests.adapters.postgres.rows import audited, count_of
from tests.payments.samples import (
    NOW,
    SNAP_PAGE,
    after,
    attempt_of,
    awaiting_payment,
    opening_of,
    placement_of,
)

Paying = Callable[[PaymentRequest], Awaitable[Progress]]


class TestPlace:
    async def test_an_order_is_stored_as_it_was_asked_for(
        self, store: PaymentStore, engine: AsyncEngine, order: PaymentRequest
    ) -> None:
        progress = await store.place(placement_of(order))

        assert progress.status is PaymentStatus.PREPARING
        assert await unlinked(store, order) == placed(order, attempt_of(order)).payment
        assert await store.progress(order.order_id) == progress
        assert await audited(engine, order.order_id) == [
            ("order.placed", "checkout", "await_instructions"),
            ("attempt.accepted", "checkout", "await_instructions"),
        ]

    async def test_an_order_that_nobody_placed_is_not_there(self, store: PaymentStore) -> None:
        assert await store.payment("SKT-none") is None
        assert await store.progress("SKT-none") is None

    async def test_the_same_request_is_answered_with_todays_progress(
        self, store: PaymentStore, order: PaymentRequest, opened: Paying
    ) -> None:
        today = await opened(order)

        assert await store.place(placement_of(order)) == today

    @pytest.mark.parametrize(
        "difference",
        [
            {"amount": Money(350_001, Currency.IDR)},
            {"items": ()},
            {"customer": Customer("Sari Dewi", "budi@example.com")},
            {"method": PaymentMethod.BNI_VA},
            {"integration": Integration.SNAP},
            {"locale": Locale.EN},
            {"return_url": None},
        ],
        ids=lambda difference: next(iter(difference)),
    )
    async def test_another_request_for_the_order_is_a_conflict(
        self, store: PaymentStore, order: PaymentRequest, difference: dict[str, object]
    ) -> None:
        await store.place(placement_of(order))
        other = replace(order, **difference)  # type: ignore[arg-type]  # one of its own fields

        with pytest.raises(OrderConflictError):
            await store.place(placement_of(other))

    async def test_simultaneous_equal_requests_are_one_order(
        self, store: PaymentStore, engine: AsyncEngine, order: PaymentRequest
    ) -> None:
        answers = await asyncio.gather(
            *(
                store.place(
                    replace(
                        placement_of(order), attempt=replace(attempt_of(order), nonce=str(number))
                    )
                )
                for number in range(20)
            )
        )

        assert len(set(answers)) == 1
        assert await count_of(engine, orders, order.order_id) == 1
        assert await count_of(engine, payment_attempts, order.order_id) == 1
        assert await count_of(engine, payment_events, order.order_id) == 1
        assert await count_of(engine, audit_events, order.order_id) == 2


class TestCharge:
    async def test_the_gateway_gets_the_stored_charge(
        self, store: PaymentStore, order: PaymentRequest
    ) -> None:
        await store.place(placement_of(order))

        charge = await store.charge(
            AttemptRef(order_id=order.order_id, number=1, integration=order.integration)
        )

        assert charge == placed(order, attempt_of(order)).payment.charge(1)

    async def test_what_the_customer_needs_is_stored(
        self, store: PaymentStore, order: PaymentRequest, opened: Paying
    ) -> None:
        await opened(order)

        assert await unlinked(store, order) == replace(
            awaiting_payment(order), version=2, updated_at=after(seconds=1)
        )

    async def test_a_repeat_stores_nothing(
        self, store: PaymentStore, engine: AsyncEngine, order: PaymentRequest, opened: Paying
    ) -> None:
        progress = await opened(order)

        assert await store.record_opened(opening_of(order)) == progress
        assert await count_of(engine, audit_events, order.order_id) == 4

    async def test_a_snap_session_can_be_found_again(
        self, store: PaymentStore, snap_order: PaymentRequest, opened: Paying
    ) -> None:
        attempt = AttemptRef(
            order_id=snap_order.order_id, number=1, integration=snap_order.integration
        )
        await store.place(placement_of(snap_order))

        assert await store.session_token(attempt) is None
        await opened(snap_order)
        assert await store.session_token(attempt) == SNAP_PAGE.token

    async def test_a_refused_charge_fails(
        self, store: PaymentStore, engine: AsyncEngine, order: PaymentRequest
    ) -> None:
        await store.place(placement_of(order))
        refused = RefusedCharge(order_id=order.order_id, number=1, gateway_code="402", at=NOW)

        progress = await store.record_refused(refused)

        assert progress.status is PaymentStatus.FAILED
        assert await store.record_refused(refused) == progress
        assert (await audited(engine, order.order_id))[2:] == [
            ("attempt.refused", "gateway", "charge_refused")
        ]

    @pytest.mark.parametrize("number", [0, 2])
    async def test_an_attempt_that_is_not_there_is_named(
        self, store: PaymentStore, order: PaymentRequest, number: int
    ) -> None:
        await store.place(placement_of(order))
        attempt = AttemptRef(order_id=order.order_id, number=number, integration=order.integration)

        with pytest.raises(OrderUnknownError, match=f"{order.order_id}~{number}"):
            await store.charge(attempt)
        with pytest.raises(OrderUnknownError):
            await store.record_opened(replace(opening_of(order), number=number))

    async def test_an_order_that_is_not_there_is_named(
        self, store: PaymentStore, order: PaymentRequest
    ) -> None:
        attempt = AttemptRef(order_id=order.order_id, number=1, integration=order.integration)

        with pytest.raises(OrderUnknownError):
            await store.charge(attempt)
        with pytest.raises(OrderUnknownError):
            await store.record_opened(opening_of(order))


async def unlinked(store: PaymentStore, order: PaymentRequest) -> Payment:
    """The stored payment without the links that only the store makes."""
    payment = await store.payment(order.order_id)
    assert payment is not None
    attempts = tuple(replace(attempt, link_token=None) for attempt in payment.attempts)
    return replace(payment, attempts=attempts)
