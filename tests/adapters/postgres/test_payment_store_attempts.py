import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.tables import audit_events, payment_attempts, payment_events
from payments.commands import AnotherAttempt, ReviewDecided
from payments.errors import NoOtherMethodError, OrderUnknownError
from payments.gateway import AttemptRef, ChargeFailure, ClosingCause, ReviewDecision
from payments.methods import PaymentMethod
from payments.progress import Progress
from payments.request import PaymentRequest
from payments.status import AttemptStatus, PaymentStatus
from tests.adapters.postgres.rows import audit_details, audited, count_of
from tests.payments.samples import (
    NOW,
    after,
    answer_of,
    closing_of,
    next_attempt_of,
    placement_of,
)

Paying = Callable[[PaymentRequest], Awaitable[Progress]]


def another_of(order: PaymentRequest, number: int = 2) -> AnotherAttempt:
    attempt = next_attempt_of(order, number)
    return AnotherAttempt(order_id=order.order_id, attempt=attempt, actor="checkout")


@pytest.fixture
async def expired(store: PaymentStore, order: PaymentRequest, opened: Paying) -> PaymentRequest:
    await opened(order)
    await store.begin_closing(closing_of(order, ClosingCause.DEADLINE))
    await store.record_answer(answer_of(order, None, is_closed=True))
    return order


def approval_of(order: PaymentRequest) -> ReviewDecided:
    return ReviewDecided(
        order_id=order.order_id, number=1, decision=ReviewDecision.APPROVE, actor="ani", at=NOW
    )


class TestAddAttempt:
    async def test_the_next_attempt_is_stored_before_the_gateway_hears_of_it(
        self, store: PaymentStore, engine: AsyncEngine, expired: PaymentRequest
    ) -> None:
        progress = await store.add_attempt(another_of(expired))

        assert progress.status is PaymentStatus.PREPARING
        assert [attempt.method for attempt in progress.attempts] == [
            PaymentMethod.BCA_VA,
            PaymentMethod.QRIS,
        ]
        assert await store.progress(expired.order_id) == progress
        assert (await audited(engine, expired.order_id))[-1] == (
            "attempt.accepted",
            "checkout",
            "try_another_method",
        )
        ref = AttemptRef(order_id=expired.order_id, number=2, integration=expired.integration)
        assert (await store.charge(ref)).method is PaymentMethod.QRIS

    async def test_a_repeat_stores_nothing(
        self, store: PaymentStore, engine: AsyncEngine, expired: PaymentRequest
    ) -> None:
        another = another_of(expired)

        answers = await asyncio.gather(*(store.add_attempt(another) for _ in range(10)))

        assert len(set(answers)) == 1
        assert await count_of(engine, payment_attempts, expired.order_id) == 2
        # Prepared, awaited, checked, expired, prepared again.
        assert await count_of(engine, payment_events, expired.order_id) == 5

    async def test_what_cannot_be_tried_again_is_refused_and_nothing_stored(
        self, store: PaymentStore, engine: AsyncEngine, order: PaymentRequest, opened: Paying
    ) -> None:
        await opened(order)

        with pytest.raises(NoOtherMethodError):
            await store.add_attempt(another_of(order))

        assert await count_of(engine, payment_attempts, order.order_id) == 1

    @pytest.mark.parametrize("number", [1, 3])
    async def test_an_attempt_follows_one_that_is_there(
        self, store: PaymentStore, expired: PaymentRequest, number: int
    ) -> None:
        with pytest.raises(OrderUnknownError):
            await store.add_attempt(another_of(expired, number))

    async def test_an_order_that_is_not_there_is_named(
        self, store: PaymentStore, order: PaymentRequest
    ) -> None:
        with pytest.raises(OrderUnknownError):
            await store.add_attempt(another_of(order))


class TestTroubleWithTheGateway:
    @pytest.mark.parametrize(
        ("failure", "status"),
        [
            (ChargeFailure.UNREACHABLE, PaymentStatus.FAILED),
            (ChargeFailure.UNKNOWN, PaymentStatus.CHECKING),
        ],
    )
    async def test_it_is_stored_and_audited(
        self,
        store: PaymentStore,
        engine: AsyncEngine,
        order: PaymentRequest,
        failure: ChargeFailure,
        status: PaymentStatus,
    ) -> None:
        await store.place(placement_of(order))
        closing = replace(
            closing_of(order, ClosingCause.CHARGE_FAILED), actor="gateway", failure=failure
        )

        progress = await store.begin_closing(closing)

        assert progress.status is status
        assert progress.latest_attempt.failure is failure
        assert await store.begin_closing(closing) == progress
        assert await store.progress(order.order_id) == progress
        assert (await audited(engine, order.order_id))[2:] == [
            ("attempt.closing", "gateway", "charge_failed")
        ]
        assert (await audit_details(engine, order.order_id))[2]["because"] == failure

    async def test_another_method_opens_once_the_gateway_answered(
        self, store: PaymentStore, order: PaymentRequest
    ) -> None:
        await store.place(placement_of(order))
        unsent = await store.begin_closing(
            replace(
                closing_of(order, ClosingCause.CHARGE_FAILED), failure=ChargeFailure.UNREACHABLE
            )
        )

        with pytest.raises(NoOtherMethodError):
            await store.add_attempt(another_of(order))
        over = await store.record_answer(
            answer_of(order, None, is_closed=True, at=after(minutes=9))
        )

        assert over.retry_until == unsent.retry_until == after(hours=24, minutes=5)
        assert (await store.add_attempt(another_of(order))).status is PaymentStatus.PREPARING


class TestRecordReview:
    @pytest.mark.parametrize("decision", ReviewDecision)
    async def test_who_decided_what_is_audited_once_and_changes_no_version(
        self,
        store: PaymentStore,
        engine: AsyncEngine,
        order: PaymentRequest,
        opened: Paying,
        decision: ReviewDecision,
    ) -> None:
        await opened(order)
        before = await store.record_answer(answer_of(order, AttemptStatus.IN_REVIEW))
        decided = ReviewDecided(
            order_id=order.order_id, number=1, decision=decision, actor="ani", at=NOW
        )

        await asyncio.gather(*(store.record_review(decided) for _ in range(5)))

        assert await store.progress(order.order_id) == before
        assert (await audited(engine, order.order_id))[5:] == [
            (f"review.{decision}", "ani", "resolve_review")
        ]
        assert (await audit_details(engine, order.order_id))[5] == {"attempt": "1"}

    async def test_the_same_decision_at_another_time_is_noted_once(
        self, store: PaymentStore, engine: AsyncEngine, order: PaymentRequest
    ) -> None:
        await store.place(placement_of(order))
        approve = approval_of(order)

        await store.record_review(approve)
        await store.record_review(replace(approve, at=after(minutes=1)))

        assert await count_of(engine, audit_events, order.order_id) == 3

    async def test_another_decision_is_another_entry(
        self, store: PaymentStore, engine: AsyncEngine, order: PaymentRequest
    ) -> None:
        await store.place(placement_of(order))
        approve = approval_of(order)

        await store.record_review(approve)
        await store.record_review(
            replace(approve, decision=ReviewDecision.DENY, at=after(minutes=1))
        )

        assert await count_of(engine, audit_events, order.order_id) == 4

    async def test_an_attempt_that_is_not_there_is_named(
        self, store: PaymentStore, order: PaymentRequest
    ) -> None:
        await store.place(placement_of(order))

        with pytest.raises(OrderUnknownError, match=f"{order.order_id}~2"):
            await store.record_review(
                ReviewDecided(
                    order_id=order.order_id,
                    number=2,
                    decision=ReviewDecision.DENY,
                    actor="ani",
                    at=NOW,
                )
            )
