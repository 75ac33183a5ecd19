import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.gateway_reports import ReportState
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.sealing import Cell, Sealer
from adapters.postgres.tables import (
    audit_events,
    cases,
    gateway_reports,
    orders,
    payment_attempts,
    payment_events,
)
from payments.changes import placed
from payments.commands import RefusedCharge
from payments.errors import OrderConflictError, OrderUnknownError
from payments.gateway import AttemptRef, ClosingCause
from payments.methods import Integration, PaymentMethod
from payments.money import Currency, Money
from payments.notice import Notice
from payments.payment import CaseCode, Progress
from payments.request import Customer, Locale, PaymentRequest
from payments.status import AttemptStatus, PaymentStatus
from tests.adapters.postgres.rows import audited, count_of, rows_of
from tests.payments.samples import (
    NOW,
    SNAP_PAGE,
    after,
    answer_of,
    attempt_of,
    awaiting_payment,
    closing_of,
    opening_of,
    placement_of,
    report_of,
)

Paying = Callable[[PaymentRequest], Awaitable[Progress]]


@pytest.fixture
def opened(store: PaymentStore) -> Paying:
    """Bring an order to the point where its customer can pay."""

    async def open_order(request: PaymentRequest) -> Progress:
        await store.place(placement_of(request))
        return await store.record_opened(opening_of(request))

    return open_order


class TestPlace:
    async def test_an_order_is_stored_as_it_was_asked_for(
        self, store: PaymentStore, engine: AsyncEngine, order: PaymentRequest
    ) -> None:
        progress = await store.place(placement_of(order))

        assert progress.status is PaymentStatus.PREPARING
        assert await store.payment(order.order_id) == placed(order, attempt_of(order)).payment
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

        assert await store.payment(order.order_id) == replace(
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


class TestRecordAnswer:
    async def test_the_order_becomes_paid(
        self, store: PaymentStore, engine: AsyncEngine, order: PaymentRequest, opened: Paying
    ) -> None:
        await opened(order)

        progress = await store.record_answer(answer_of(order, AttemptStatus.PAID))

        assert progress.status is PaymentStatus.PAID
        assert progress.version == 3
        assert progress.invoice_due
        assert progress.receipt_due
        payment = await store.payment(order.order_id)
        assert payment is not None
        assert (payment.paid_at, payment.paid_attempt) == (after(minutes=1), 1)
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


class TestBeginClosing:
    async def test_it_names_who_and_why_and_keeps_the_reason_secret(
        self,
        store: PaymentStore,
        engine: AsyncEngine,
        sealer: Sealer,
        order: PaymentRequest,
        opened: Paying,
    ) -> None:
        await opened(order)

        progress = await store.begin_closing(
            closing_of(order, ClosingCause.CANCEL, reason="Sari changed her mind")
        )

        assert progress.status is PaymentStatus.CHECKING
        assert progress.latest_attempt.closing is ClosingCause.CANCEL
        assert (await audited(engine, order.order_id))[4:] == [
            ("attempt.closing", "checkout", "cancel")
        ]
        (attempt,) = await rows_of(engine, payment_attempts, order.order_id)
        cell = Cell.of(payment_attempts.c.sealed_closing_reason, order.order_id, 1)
        assert sealer.open(cell, attempt["sealed_closing_reason"]) == b"Sari changed her mind"

    async def test_a_repeat_stores_nothing(
        self, store: PaymentStore, order: PaymentRequest, opened: Paying
    ) -> None:
        await opened(order)
        closing = closing_of(order, ClosingCause.CANCEL)

        assert await store.begin_closing(closing) == await store.begin_closing(closing)

    async def test_money_beats_a_simultaneous_cancel_or_must_go_back(
        self, store: PaymentStore, order: PaymentRequest, opened: Paying
    ) -> None:
        await opened(order)

        await asyncio.gather(
            store.record_answer(answer_of(order, AttemptStatus.PAID)),
            store.begin_closing(closing_of(order, ClosingCause.CANCEL)),
        )

        progress = await store.progress(order.order_id)
        assert progress is not None
        assert progress.status is PaymentStatus.PAID


class TestRecordNotice:
    async def test_a_notice_is_kept_once_as_it_came(
        self, store: PaymentStore, engine: AsyncEngine, sealer: Sealer, order: PaymentRequest
    ) -> None:
        await store.place(placement_of(order))
        notice = notice_of(order)

        await store.record_notice(order.order_id, notice)
        await store.record_notice(order.order_id, replace(notice, received_at=after(hours=1)))

        (row,) = await rows_of(engine, gateway_reports, order.order_id)
        assert row["state"] == ReportState.RECORDED
        assert row["received_at"] == NOW
        cell = Cell.of(gateway_reports.c.sealed_raw, row["digest"])
        assert sealer.open(cell, row["sealed_raw"]) == notice.raw.encode()

    async def test_a_notice_that_says_something_else_is_another(
        self, store: PaymentStore, engine: AsyncEngine, order: PaymentRequest
    ) -> None:
        await store.record_notice(order.order_id, notice_of(order))
        await store.record_notice(order.order_id, replace(notice_of(order), raw="{}"))

        assert await count_of(engine, gateway_reports, order.order_id) == 2

    async def test_a_notice_of_an_unknown_order_is_kept_as_unmatched(
        self, store: PaymentStore, engine: AsyncEngine, order: PaymentRequest
    ) -> None:
        await store.record_notice(order.order_id, notice_of(order))

        (row,) = await rows_of(engine, gateway_reports, order.order_id)
        assert row["state"] == ReportState.UNMATCHED


def notice_of(request: PaymentRequest) -> Notice:
    return Notice(
        gateway="midtrans",
        gateway_order_id=f"{request.order_id}~1",
        transaction_id="trx-1",
        status=AttemptStatus.PAID,
        received_at=NOW,
        raw='{"gross_amount": "350000.00"}',
    )
