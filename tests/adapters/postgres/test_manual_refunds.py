from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.tables import bank_details
from payments.cases import CaseCode, Resolution
from payments.commands import ForgottenDetails
from payments.errors import (
    InvalidRequestError,
)
from payments.refunds import (
    RefundStatus,
    ReportedRefund,
    gateway_key,
)
from payments.request import PaymentRequest
from payments.status import AttemptStatus, PaymentStatus
from tests.adapters.postgres.rows import (
    audited,
    cases_of,
    decision_on,
    refund_of,
    report_by,
    rows_of,
    transfer_back,
    wanted_of,
)
from tests.payments.samples import after, answer_of


class TestManualRefunds:
    async def test_two_people_transfer_it_and_each_reason_is_kept(
        self, store: PaymentStore, engine: AsyncEngine, paid_by_transfer: PaymentRequest
    ) -> None:
        asked = await store.request_refund(wanted_of(paid_by_transfer, "r-1"))
        (case,) = await cases_of(store, paid_by_transfer.order_id)
        approval = decision_on(case, Resolution.APPROVED, "saw the parcel", actor="ani")
        transfer = decision_on(
            case, Resolution.TRANSFERRED, "sent by app", actor="budi", reference="TRF-77"
        )

        for _ in range(2):
            approved = await store.resolve_case(approval)
            assert approved is not None
            assert approved.attention is CaseCode.MANUAL_REFUND
        with pytest.raises(InvalidRequestError, match="actor: "):
            await store.resolve_case(replace(transfer, actor="ani"))
        _, done = [await store.resolve_case(transfer) for _ in range(2)]

        assert asked.attention is CaseCode.MANUAL_REFUND
        assert done is not None
        assert (done.attention, done.status) == (None, PaymentStatus.REFUNDED)
        refund = await refund_of(store, paid_by_transfer, "r-1")
        assert (refund.status, refund.approved_by, refund.transferred_by, refund.reference) == (
            RefundStatus.CONFIRMED,
            "ani",
            "budi",
            "TRF-77",
        )
        assert refund.forget_at == after(hours=2) + timedelta(days=30)
        (closed,) = await cases_of(store, paid_by_transfer.order_id)
        assert closed.resolved is not None
        assert closed.resolved.reason == "saw the parcel\nsent by app"
        assert closed.resolved.actor == "budi"
        assert (await audited(engine, paid_by_transfer.order_id))[-3:] == [
            ("refund.approved", "ani", "resolve_case"),
            ("case.transferred", "budi", "resolve_case"),
            ("refund.confirmed", "budi", "resolve_case"),
        ]

    async def test_what_the_gateway_gave_back_meanwhile_closes_the_case_without_a_reason(
        self, store: PaymentStore, paid_by_gopay: PaymentRequest
    ) -> None:
        await store.request_refund(wanted_of(paid_by_gopay, "r-1", by_transfer=True))
        given = ReportedRefund(
            key=gateway_key("trx-1", "r-1"), amount=paid_by_gopay.amount, confirmed_at=after()
        )
        report = report_by(paid_by_gopay, AttemptStatus.REFUNDED)

        await store.record_answer(answer_of(paid_by_gopay, replace(report, refunds=(given,))))

        (case,) = await cases_of(store, paid_by_gopay.order_id)
        assert case.resolved is not None
        assert (case.resolved.resolution, case.resolved.actor, case.resolved.reason) == (
            Resolution.SUPERSEDED,
            "gateway",
            None,
        )

    async def test_forgetting_is_done_once(
        self, store: PaymentStore, engine: AsyncEngine, paid_by_transfer: PaymentRequest
    ) -> None:
        await store.request_refund(wanted_of(paid_by_transfer, "r-1"))
        await transfer_back(store, paid_by_transfer, "r-1")
        forgotten = ForgottenDetails(
            order_id=paid_by_transfer.order_id, refund_key="r-1", at=after(days=31)
        )

        _, progress = [await store.forget_bank_details(forgotten) for _ in range(2)]

        assert progress.refunds == ()
        events = await audited(engine, paid_by_transfer.order_id)
        assert events.count(("bank_details.deleted", "service", "forget_bank_details")) == 1
        (row,) = await rows_of(engine, bank_details, paid_by_transfer.order_id)
        assert row["deleted_at"] == after(days=31)
        assert (await refund_of(store, paid_by_transfer, "r-1")).link_token is None
