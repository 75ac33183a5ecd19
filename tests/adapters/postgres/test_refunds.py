import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.audit_verdict import verify
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.sealing import Sealer
from adapters.postgres.tables import refunds
from payments.cases import CaseCode, Resolution
from payments.commands import AnsweredRefund, SentRefund, StuckRefund
from payments.errors import (
    InvalidRequestError,
    NotRefundableError,
    OrderUnknownError,
    RefundConflictError,
    RefundUnknownError,
)
from payments.money import Currency, Money
from payments.progress import Progress
from payments.refunds import (
    Refund,
    RefundAnswer,
    RefundCause,
    RefundOutcome,
    RefundRef,
    RefundStatus,
    ReportedRefund,
    gateway_key,
)
from payments.request import PaymentRequest
from payments.status import AttemptStatus, PaymentStatus
from tests.adapters.postgres.rows import (
    audited,
    cases_of,
    count_of,
    decision_on,
    refund_of,
    report_by,
    rows_of,
    wanted_of,
)
from tests.payments.samples import TERMS, after, answer_of

Paying = Callable[[PaymentRequest], Awaitable[Progress]]
ACCEPTED = RefundAnswer(outcome=RefundOutcome.ACCEPTED)
REFUSED = RefundAnswer(outcome=RefundOutcome.REFUSED, gateway_code="412")


def sent_of(order: PaymentRequest, refund_key: str) -> SentRefund:
    return SentRefund(order_id=order.order_id, refund_key=refund_key, at=after(hours=1, minutes=1))


def answered_of(order: PaymentRequest, refund_key: str, answer: RefundAnswer) -> AnsweredRefund:
    at = after(hours=1, minutes=2)
    return AnsweredRefund(order_id=order.order_id, refund_key=refund_key, answer=answer, at=at)


class TestRequestRefund:
    async def test_a_wish_is_stored_with_everything_it_says(
        self, store: PaymentStore, engine: AsyncEngine, paid_by_gopay: PaymentRequest
    ) -> None:
        progress = await store.request_refund(wanted_of(paid_by_gopay, "r-1", 100_000))

        assert await refund_of(store, paid_by_gopay, "r-1") == Refund(
            refund_key="r-1",
            gateway_key=gateway_key("trx-1", "r-1"),
            attempt=1,
            transaction_id="trx-1",
            amount=Money(100_000, Currency.IDR),
            reason="does not fit",
            cause=RefundCause.REQUESTED,
            status=RefundStatus.REQUESTED,
            requested_by="checkout",
            created_at=after(hours=1),
        )
        assert await store.progress(paid_by_gopay.order_id) == progress
        assert (await audited(engine, paid_by_gopay.order_id))[-1] == (
            "refund.requested",
            "checkout",
            "request_refund",
        )

    async def test_the_same_key_is_the_same_refund(
        self, store: PaymentStore, engine: AsyncEngine, paid_by_gopay: PaymentRequest
    ) -> None:
        wanted = wanted_of(paid_by_gopay, "r-1", 100_000)

        answers = await asyncio.gather(*(store.request_refund(wanted) for _ in range(10)))

        assert len(set(answers)) == 1
        assert await count_of(engine, refunds, paid_by_gopay.order_id) == 1
        events = [event for event, _, _ in await audited(engine, paid_by_gopay.order_id)]
        assert events.count("refund.requested") == 1
        with pytest.raises(RefundConflictError):
            await store.request_refund(wanted_of(paid_by_gopay, "r-1", 100_001))

    async def test_of_two_wishes_at_once_that_exceed_the_payment_one_is_refused(
        self, store: PaymentStore, engine: AsyncEngine, paid_by_gopay: PaymentRequest
    ) -> None:
        wishes = [wanted_of(paid_by_gopay, key, 200_000) for key in ("r-1", "r-2")]

        outcomes = await asyncio.gather(
            *(store.request_refund(wish) for wish in wishes), return_exceptions=True
        )

        refused = [each for each in outcomes if isinstance(each, InvalidRequestError)]
        assert [problem.field for each in refused for problem in each.problems] == ["amount.value"]
        assert await count_of(engine, refunds, paid_by_gopay.order_id) == 1

    async def test_however_many_wish_at_once_no_more_goes_back_than_came(
        self, store: PaymentStore, paid_by_gopay: PaymentRequest
    ) -> None:
        wishes = [wanted_of(paid_by_gopay, f"r-{number}", 50_000) for number in range(12)]

        outcomes = await asyncio.gather(
            *(store.request_refund(wish) for wish in wishes), return_exceptions=True
        )

        payment = await store.payment(paid_by_gopay.order_id)
        assert payment is not None
        assert sum(refund.amount.value for refund in payment.refunds) == 350_000
        assert sum(isinstance(each, NotRefundableError) for each in outcomes) == 5

    async def test_a_refused_wish_stores_nothing(
        self, store: PaymentStore, engine: AsyncEngine, order: PaymentRequest, opened: Paying
    ) -> None:
        before = await opened(order)

        with pytest.raises(NotRefundableError):
            await store.request_refund(wanted_of(order, "r-1"))
        with pytest.raises(OrderUnknownError):
            await store.request_refund(wanted_of(replace(order, order_id="SKT-none"), "r-1"))

        assert await store.progress(order.order_id) == before
        assert await count_of(engine, refunds, order.order_id) == 0

    async def test_refunds_keep_the_order_in_which_they_were_asked_for(
        self, store: PaymentStore, paid_by_gopay: PaymentRequest
    ) -> None:
        for key in ("z", "a", "m"):
            await store.request_refund(wanted_of(paid_by_gopay, key, 1_000))
        await store.record_refund(answered_of(paid_by_gopay, "a", ACCEPTED))

        payment = await store.payment(paid_by_gopay.order_id)

        assert payment is not None
        assert [refund.refund_key for refund in payment.refunds] == ["z", "a", "m"]

    async def test_a_large_refund_waits_for_a_second_person(
        self, engine: AsyncEngine, sealer: Sealer, paid_by_gopay: PaymentRequest
    ) -> None:
        strict = PaymentStore(engine, sealer, replace(TERMS, approval_above=100_000))

        asked = await strict.request_refund(wanted_of(paid_by_gopay, "r-1"))

        assert asked.attention is CaseCode.REFUND_APPROVAL
        assert not asked.refunds[0].is_to_be_sent
        (case,) = await cases_of(strict, paid_by_gopay.order_id)
        assert (case.about, case.amount) == ("r-1", paid_by_gopay.amount)
        with pytest.raises(InvalidRequestError, match="actor: "):
            await strict.resolve_case(decision_on(case, Resolution.APPROVED, actor="checkout"))
        let_go = await strict.resolve_case(decision_on(case, Resolution.APPROVED))
        assert let_go is not None
        assert let_go.refunds[0].is_to_be_sent
        assert (await refund_of(strict, paid_by_gopay, "r-1")).approved_by == "ani"


class TestAtTheGateway:
    async def test_what_was_sent_and_taken_is_stored(
        self, store: PaymentStore, engine: AsyncEngine, paid_by_gopay: PaymentRequest
    ) -> None:
        await store.request_refund(wanted_of(paid_by_gopay, "r-1"))

        await store.record_refund_sent(sent_of(paid_by_gopay, "r-1"))
        later = replace(sent_of(paid_by_gopay, "r-1"), at=after(days=3))
        assert (await store.record_refund_sent(later)).refunds[0].sent_at == after(
            hours=1, minutes=1
        )
        progress = await store.record_refund(answered_of(paid_by_gopay, "r-1", ACCEPTED))

        refund = await refund_of(store, paid_by_gopay, "r-1")
        assert (refund.status, refund.sent_at, refund.accepted_at) == (
            RefundStatus.ACCEPTED,
            after(hours=1, minutes=1),
            after(hours=1, minutes=2),
        )
        assert progress.status is PaymentStatus.REFUNDED
        assert (await audited(engine, paid_by_gopay.order_id))[-3:] == [
            ("refund.requested", "checkout", "request_refund"),
            ("refund.sent", "service", "send_refund"),
            ("refund.accepted", "gateway", "refund_answer"),
        ]

    async def test_a_refusal_keeps_the_gateways_code(
        self, store: PaymentStore, paid_by_gopay: PaymentRequest
    ) -> None:
        await store.request_refund(wanted_of(paid_by_gopay, "r-1"))

        _, progress = [
            await store.record_refund(answered_of(paid_by_gopay, "r-1", REFUSED)) for _ in range(2)
        ]

        refund = await refund_of(store, paid_by_gopay, "r-1")
        assert (refund.status, refund.gateway_code) == (RefundStatus.REFUSED, "412")
        assert progress.status is PaymentStatus.PAID

    async def test_a_stuck_refund_is_a_case(
        self, store: PaymentStore, engine: AsyncEngine, paid_by_gopay: PaymentRequest
    ) -> None:
        await store.request_refund(wanted_of(paid_by_gopay, "r-1"))
        stuck = StuckRefund(order_id=paid_by_gopay.order_id, refund_key="r-1", at=after(days=8))

        _, progress = [await store.record_refund_stuck(stuck) for _ in range(2)]

        assert progress.attention is CaseCode.REFUND_STUCK
        assert progress.refunds[0].is_stuck
        assert (await audited(engine, paid_by_gopay.order_id))[-1] == (
            "case.refund_stuck",
            "service",
            "refund_stuck",
        )

    async def test_a_refund_made_in_the_dashboard_is_stored(
        self, store: PaymentStore, paid_by_gopay: PaymentRequest
    ) -> None:
        given = ReportedRefund(
            key="dash-1", amount=Money(50_000, Currency.IDR), confirmed_at=after(hours=2)
        )
        report = report_by(paid_by_gopay, AttemptStatus.PARTIALLY_REFUNDED)

        progress = await store.record_answer(
            answer_of(paid_by_gopay, replace(report, refunds=(given,)), at=after(hours=2))
        )

        assert progress.status is PaymentStatus.PARTIALLY_REFUNDED
        payment = await store.payment(paid_by_gopay.order_id)
        assert payment is not None
        (refund,) = payment.refunds
        assert (refund.cause, refund.gateway_key) == (RefundCause.ELSEWHERE, "dash-1")
        assert refund.confirmed_at == after(hours=2)

    async def test_the_gateway_request_is_the_same_each_time(
        self, store: PaymentStore, paid_by_gopay: PaymentRequest
    ) -> None:
        ref = RefundRef(order_id=paid_by_gopay.order_id, refund_key="r-1")
        await store.request_refund(wanted_of(paid_by_gopay, "r-1"))

        first, second = [await store.refund_order(ref) for _ in range(2)]

        assert first == second
        assert (first.amount, first.is_whole) == (paid_by_gopay.amount, True)
        assert first.gateway_key == gateway_key("trx-1", "r-1")

    async def test_a_refund_that_is_not_there_is_named(
        self, store: PaymentStore, paid_by_gopay: PaymentRequest
    ) -> None:
        with pytest.raises(RefundUnknownError, match="r-9"):
            await store.refund_order(RefundRef(order_id=paid_by_gopay.order_id, refund_key="r-9"))
        with pytest.raises(OrderUnknownError):
            await store.refund_order(RefundRef(order_id="SKT-none", refund_key="r-9"))


class TestMoney:
    async def test_where_the_money_is_survives(
        self, store: PaymentStore, paid_by_gopay: PaymentRequest
    ) -> None:
        report = report_by(paid_by_gopay, AttemptStatus.CHARGED_BACK)
        disputed = await store.record_answer(answer_of(paid_by_gopay, report))
        (case,) = await cases_of(store, paid_by_gopay.order_id)
        lost = Money(120_000, Currency.IDR)

        assert (disputed.status, disputed.attention) == (
            PaymentStatus.CHARGED_BACK,
            CaseCode.CHARGEBACK,
        )
        assert (case.about, case.amount) == ("full", paid_by_gopay.amount)
        await store.resolve_case(replace(decision_on(case, Resolution.LOST), amount=lost))

        payment = await store.payment(paid_by_gopay.order_id)
        assert payment is not None
        (transaction,) = payment.latest_attempt.transactions
        assert (transaction.captured, transaction.charged_back, transaction.paid_at) == (
            paid_by_gopay.amount,
            lost,
            after(minutes=1),
        )
        assert payment.books_of(transaction).kept == Money(230_000, Currency.IDR)

    async def test_a_list_shows_refunds_and_cases_like_a_single_payment(
        self,
        store: PaymentStore,
        paid_by_gopay: PaymentRequest,
        new_order: Callable[[], PaymentRequest],
        paid: Paying,
    ) -> None:
        plain, by_hand = new_order(), new_order()
        for order in (plain, by_hand):
            await paid(order)
        await store.request_refund(wanted_of(paid_by_gopay, "r-1", 1_000))
        await store.request_refund(wanted_of(by_hand, "r-2"))
        wanted = {paid_by_gopay.order_id, plain.order_id, by_hand.order_id}

        page = await store.payments(status=PaymentStatus.PAID, limit=1_000)

        listed = {each.order_id: each for each in page.payments if each.order_id in wanted}
        assert listed == {order_id: await store.payment(order_id) for order_id in wanted}
        assert len(listed[by_hand.order_id].cases) == 1

    async def test_a_refund_is_kept_once_per_key(
        self, store: PaymentStore, engine: AsyncEngine, paid_by_gopay: PaymentRequest
    ) -> None:
        await store.request_refund(wanted_of(paid_by_gopay, "r-1", 1_000))
        (row,) = await rows_of(engine, refunds, paid_by_gopay.order_id)

        with pytest.raises(IntegrityError, match="pk_refunds"):
            async with engine.begin() as connection:
                await connection.execute(insert(refunds).values(dict(row)))

    async def test_the_audit_stays_unbroken_through_all_this(self, engine: AsyncEngine) -> None:
        assert (await verify(engine)).broken is None
