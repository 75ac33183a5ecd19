import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.gateway_reports import ReportState
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.sealing import Cell, Sealer
from adapters.postgres.tables import (
    gateway_reports,
    payment_attempts,
)
from payments.gateway import ClosingCause
from payments.notice import Notice
from payments.progress import Progress
from payments.request import PaymentRequest
from payments.status import AttemptStatus, PaymentStatus
from tests.adapters.postgres.rows import audited, count_of, rows_of
from tests.payments.samples import (
    NOW,
    after,
    answer_of,
    closing_of,
    placement_of,
)

Paying = Callable[[PaymentRequest], Awaitable[Progress]]


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
