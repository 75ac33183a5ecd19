import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.tables import (
    audit_events,
    cases,
    payment_events,
)
from payments.cases import CaseCode
from payments.gateway import ClosingCause
from payments.mails import Mail, MailKind
from payments.money import Currency, Money
from payments.progress import Progress
from payments.request import PaymentRequest
from payments.status import AttemptStatus, PaymentStatus
from tests.adapters.postgres.rows import audited, count_of
from tests.payments.samples import (
    after,
    answer_of,
    closing_of,
    report_of,
)

Paying = Callable[[PaymentRequest], Awaitable[Progress]]


class TestRecordAnswer:
    async def test_the_order_becomes_paid(
        self, store: PaymentStore, engine: AsyncEngine, order: PaymentRequest, opened: Paying
    ) -> None:
        await opened(order)

        progress = await store.record_answer(answer_of(order, AttemptStatus.PAID))

        assert progress.status is PaymentStatus.PAID
        assert progress.version == 3
        assert progress.invoice_due
        assert progress.mails_due == (Mail(MailKind.RECEIPT, 1),)
        payment = await store.payment(order.order_id)
        assert payment is not None
        assert (payment.paid_at, payment.paid_attempt) == (after(minutes=1), 1)
        assert payment.paid_transaction_id == "trx-1"
        assert (await audited(engine, order.order_id))[4:] == [
            ("transaction.paid", "gateway", "gateway_answer"),
            ("order.paid", "gateway", "gateway_answer"),
        ]

    async def test_a_repeated_answer_is_no_news(
        self, store: PaymentStore, engine: AsyncEngine, order: PaymentRequest, opened: Paying
    ) -> None:
        await opened(order)
        progress = await store.record_answer(answer_of(order, AttemptStatus.PAID))

        again = await store.record_answer(
            answer_of(order, AttemptStatus.PAID, at=after(hours=1), is_closed=True)
        )

        assert again == progress
        assert await count_of(engine, audit_events, order.order_id) == 6
        assert await count_of(engine, payment_events, order.order_id) == 3

    async def test_simultaneous_equal_answers_pay_once(
        self, store: PaymentStore, engine: AsyncEngine, order: PaymentRequest, opened: Paying
    ) -> None:
        await opened(order)

        answers = await asyncio.gather(
            *(store.record_answer(answer_of(order, AttemptStatus.PAID)) for _ in range(20))
        )

        assert len(set(answers)) == 1
        assert answers[0].version == 3
        assert await count_of(engine, audit_events, order.order_id) == 6

    async def test_a_mismatch_answered_again_and_again_is_one_case(
        self, store: PaymentStore, engine: AsyncEngine, order: PaymentRequest, opened: Paying
    ) -> None:
        await opened(order)
        wrong = answer_of(order, replace(report_of(order, AttemptStatus.PAID), nonce="another"))

        first = await store.record_answer(wrong)
        for hours in range(1, 4):
            assert await store.record_answer(replace(wrong, at=after(hours=hours))) == first

        assert first.attention is CaseCode.MISMATCH
        assert first.waits_for_a_human
        assert await count_of(engine, cases, order.order_id) == 1
        assert await count_of(engine, audit_events, order.order_id) == 5

    async def test_a_case_of_another_transaction_is_another_case(
        self, store: PaymentStore, engine: AsyncEngine, order: PaymentRequest, opened: Paying
    ) -> None:
        await opened(order)
        wrong = replace(report_of(order, AttemptStatus.PAID), nonce="another")
        await store.record_answer(answer_of(order, wrong))

        other = await store.record_answer(answer_of(order, replace(wrong, transaction_id="trx-2")))

        assert other.version == 4
        assert await count_of(engine, cases, order.order_id) == 2

    @pytest.mark.parametrize("report", [None, AttemptStatus.EXPIRED])
    async def test_a_closed_attempt_without_money_ends(
        self,
        store: PaymentStore,
        engine: AsyncEngine,
        snap_order: PaymentRequest,
        opened: Paying,
        report: AttemptStatus | None,
    ) -> None:
        await opened(snap_order)
        await store.begin_closing(closing_of(snap_order, ClosingCause.DEADLINE))

        progress = await store.record_answer(answer_of(snap_order, report, is_closed=True))

        assert progress.status is PaymentStatus.EXPIRED
        assert progress.version == 4
        assert await count_of(engine, payment_events, snap_order.order_id) == 4

    async def test_an_answer_that_is_no_news_still_ends_a_closed_attempt(
        self, store: PaymentStore, snap_order: PaymentRequest, opened: Paying
    ) -> None:
        await opened(snap_order)
        await store.record_answer(answer_of(snap_order, AttemptStatus.DENIED))
        await store.begin_closing(closing_of(snap_order, ClosingCause.DEADLINE))

        progress = await store.record_answer(
            answer_of(snap_order, AttemptStatus.DENIED, is_closed=True)
        )

        assert progress.status is PaymentStatus.FAILED

    async def test_a_known_mismatch_is_not_told_again_when_the_attempt_ends(
        self, store: PaymentStore, engine: AsyncEngine, snap_order: PaymentRequest, opened: Paying
    ) -> None:
        await opened(snap_order)
        wrong = replace(report_of(snap_order, AttemptStatus.EXPIRED), nonce="another")
        await store.record_answer(answer_of(snap_order, wrong))

        progress = await store.record_answer(answer_of(snap_order, wrong, is_closed=True))

        assert progress.status is PaymentStatus.EXPIRED
        events = [event for event, _, _ in await audited(engine, snap_order.order_id)]
        assert events[3:] == ["case.mismatch", "attempt.expired"]

    async def test_money_that_does_not_fit_never_ends_an_attempt(
        self, store: PaymentStore, order: PaymentRequest, opened: Paying
    ) -> None:
        await opened(order)
        wrong = replace(report_of(order, AttemptStatus.PAID), amount=Money(1, Currency.IDR))

        progress = await store.record_answer(answer_of(order, wrong, is_closed=True))

        assert progress.status is PaymentStatus.CHECKING

    async def test_transactions_keep_their_order(
        self, store: PaymentStore, snap_order: PaymentRequest, opened: Paying
    ) -> None:
        await opened(snap_order)
        heard = [
            ("z", AttemptStatus.PENDING),
            ("a", AttemptStatus.DENIED),
            ("m", AttemptStatus.PENDING),
            ("z", AttemptStatus.EXPIRED),
        ]
        for transaction_id, status in heard:
            report = report_of(snap_order, status, transaction_id)
            await store.record_answer(answer_of(snap_order, report))

        progress = await store.progress(snap_order.order_id)
        assert progress is not None
        assert progress.latest_attempt.transactions == (
            ("a", AttemptStatus.DENIED),
            ("m", AttemptStatus.PENDING),
            ("z", AttemptStatus.EXPIRED),
        )
