import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.audit_verdict import verify
from adapters.postgres.cases import Resolved
from adapters.postgres.gateway_reports import ReportState
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.tables import audit_events, cases, gateway_reports
from payments.cases import CaseCode, Resolution
from payments.commands import UnmatchedAnswer
from payments.errors import CaseUnknownError, InvalidRequestError, PermanentError
from payments.gateway import ClosingCause, StatusReport
from payments.progress import Progress
from payments.request import PaymentRequest
from payments.status import AttemptStatus, PaymentStatus
from tests.adapters.postgres.rows import (
    audit_details,
    audited,
    cases_of,
    count_of,
    decision_on,
    rows_of,
)
from tests.payments.samples import NOW, after, answer_of, closing_of, placement_of, report_of

Paying = Callable[[PaymentRequest], Awaitable[Progress]]


def wrong(
    order: PaymentRequest, status: AttemptStatus, transaction_id: str = "trx-1"
) -> StatusReport:
    return replace(report_of(order, status, transaction_id), nonce="another")


@pytest.fixture
async def mismatched(store: PaymentStore, order: PaymentRequest, opened: Paying) -> PaymentRequest:
    """An order for which money came that does not fit."""
    await opened(order)
    await store.record_answer(answer_of(order, wrong(order, AttemptStatus.PAID)))
    return order


class TestCasesList:
    async def test_a_case_says_what_is_known(
        self, store: PaymentStore, mismatched: PaymentRequest
    ) -> None:
        (case,) = await cases_of(store, mismatched.order_id)

        assert (case.code, case.attempt, case.transaction_id, case.money_came) == (
            CaseCode.MISMATCH,
            1,
            "trx-1",
            True,
        )
        assert case.opened_at == after(minutes=1)
        assert (case.amount, case.about) == (mismatched.amount, "")
        assert case.details == {
            "status": "pending",
            "differs": "nonce",
            "reported": "paid",
            "payment_type": "bank_transfer",
        }
        assert case.resolved is None

    async def test_a_resolved_case_is_listed_on_request_only(
        self, store: PaymentStore, mismatched: PaymentRequest
    ) -> None:
        (case,) = await cases_of(store, mismatched.order_id)
        assert case in await store.cases()
        assert await store.case(case.case_id) == case
        assert await store.case(999_999_999) is None

        await store.resolve_case(decision_on(case, Resolution.REJECTED, "not ours"))

        assert case.case_id not in {open_.case_id for open_ in await store.cases()}
        (closed,) = await cases_of(store, mismatched.order_id)
        assert closed.resolved == Resolved(
            resolution=Resolution.REJECTED, at=after(hours=2), actor="ani", reason="not ours"
        )


class TestResolveCase:
    async def test_accepted_money_pays_the_order(
        self, store: PaymentStore, engine: AsyncEngine, mismatched: PaymentRequest
    ) -> None:
        (case,) = await cases_of(store, mismatched.order_id)

        progress = await store.resolve_case(decision_on(case, Resolution.ACCEPTED))

        assert progress is not None
        assert progress.status is PaymentStatus.PAID
        assert progress.invoice_due
        assert progress.attention is None
        assert await store.progress(mismatched.order_id) == progress
        assert (await audited(engine, mismatched.order_id))[5:] == [
            ("case.accepted", "ani", "resolve_case"),
            ("order.paid", "ani", "resolve_case"),
        ]
        assert (await audit_details(engine, mismatched.order_id))[5] == {
            "attempt": "1",
            "code": "mismatch",
            "transaction_id": "trx-1",
        }

    async def test_rejected_money_fails_the_attempt_and_stays_rejected(
        self, store: PaymentStore, mismatched: PaymentRequest
    ) -> None:
        (case,) = await cases_of(store, mismatched.order_id)

        progress = await store.resolve_case(decision_on(case, Resolution.REJECTED))
        again = await store.record_answer(
            answer_of(mismatched, wrong(mismatched, AttemptStatus.PAID), at=after(hours=3))
        )

        assert progress is not None
        assert progress.status is PaymentStatus.FAILED
        assert again == progress
        assert len(await cases_of(store, mismatched.order_id)) == 1

    async def test_the_same_resolution_again_is_harmless(
        self, store: PaymentStore, engine: AsyncEngine, mismatched: PaymentRequest
    ) -> None:
        (case,) = await cases_of(store, mismatched.order_id)
        decision = decision_on(case, Resolution.REJECTED)

        answers = await asyncio.gather(*(store.resolve_case(decision) for _ in range(5)))
        late = await store.resolve_case(replace(decision, actor="budi", at=after(hours=9)))

        assert len({*answers, late}) == 1
        assert [event for event, _, _ in await audited(engine, mismatched.order_id)][5:] == [
            "case.rejected",
            "attempt.rejected",
        ]
        (closed,) = await cases_of(store, mismatched.order_id)
        assert closed.resolved is not None
        assert closed.resolved.actor == "ani"

    async def test_another_resolution_names_the_field(
        self, store: PaymentStore, mismatched: PaymentRequest
    ) -> None:
        (case,) = await cases_of(store, mismatched.order_id)
        await store.resolve_case(decision_on(case, Resolution.REJECTED))

        with pytest.raises(InvalidRequestError, match="resolution: is rejected already"):
            await store.resolve_case(decision_on(case, Resolution.ACCEPTED))

    async def test_a_resolution_that_does_not_fit_stores_nothing(
        self, store: PaymentStore, engine: AsyncEngine, mismatched: PaymentRequest
    ) -> None:
        (case,) = await cases_of(store, mismatched.order_id)

        with pytest.raises(InvalidRequestError, match="resolution: "):
            await store.resolve_case(decision_on(case, Resolution.NOTED))

        assert await cases_of(store, mismatched.order_id) == [case]
        assert await count_of(engine, audit_events, mismatched.order_id) == 5

    async def test_a_case_that_is_not_there_is_named(
        self,
        store: PaymentStore,
        mismatched: PaymentRequest,
        new_order: Callable[[], PaymentRequest],
    ) -> None:
        (case,) = await cases_of(store, mismatched.order_id)
        unknown = decision_on(replace(case, case_id=999_999_999), Resolution.NOTED)
        of_another = decision_on(replace(case, order_id=new_order().order_id), Resolution.NOTED)

        for decision in (unknown, of_another):
            with pytest.raises(CaseUnknownError) as raised:
                await store.resolve_case(decision)
            assert isinstance(raised.value, PermanentError)
            assert raised.value.code == "case_unknown"

    async def test_the_next_open_case_is_shown_and_each_decision_audited(
        self, store: PaymentStore, engine: AsyncEngine, order: PaymentRequest, opened: Paying
    ) -> None:
        await opened(order)
        await store.record_answer(answer_of(order, AttemptStatus.PAID))
        for transaction_id in ("trx-2", "trx-3"):
            report = wrong(order, AttemptStatus.PAID, transaction_id)
            await store.record_answer(answer_of(order, report))
        contradicting = await store.record_answer(answer_of(order, AttemptStatus.EXPIRED))
        assert contradicting.attention is CaseCode.CONTRADICTION
        first, second, contradiction = await cases_of(store, order.order_id)

        shown = []
        for case in (first, contradiction, second):
            progress = await store.resolve_case(decision_on(case, Resolution.NOTED))
            assert progress is not None
            shown.append(progress.attention)

        assert shown == [CaseCode.CONTRADICTION, CaseCode.MISMATCH, None]
        assert [event for event, _, _ in await audited(engine, order.order_id)][-3:] == [
            "case.noted"
        ] * 3


class TestKnownCases:
    async def test_money_of_a_transaction_that_was_found_wanting_is_another_case(
        self, store: PaymentStore, order: PaymentRequest, opened: Paying
    ) -> None:
        await opened(order)
        for status in (AttemptStatus.PENDING, AttemptStatus.PAID, AttemptStatus.PAID):
            await store.record_answer(answer_of(order, wrong(order, status)))

        pending, paid = await cases_of(store, order.order_id)

        assert (pending.money_came, paid.money_came) == (False, True)
        assert paid.details["reported"] == "paid"

    async def test_a_rejected_transaction_is_closed_at_the_gateway_without_another_case(
        self, store: PaymentStore, order: PaymentRequest, opened: Paying
    ) -> None:
        await opened(order)
        await store.record_answer(answer_of(order, wrong(order, AttemptStatus.PENDING)))
        (case,) = await cases_of(store, order.order_id)

        rejected = await store.resolve_case(decision_on(case, Resolution.REJECTED))
        over = await store.record_answer(
            answer_of(order, wrong(order, AttemptStatus.EXPIRED), is_closed=True)
        )

        assert rejected is not None
        assert rejected.status is PaymentStatus.CHECKING
        assert not rejected.waits_for_a_human
        assert over.status is PaymentStatus.FAILED
        assert over.attention is None
        assert len(await cases_of(store, order.order_id)) == 1

    async def test_what_is_known_does_not_doubt_an_attempt_anew(
        self, store: PaymentStore, snap_order: PaymentRequest, opened: Paying
    ) -> None:
        await opened(snap_order)
        doubting = answer_of(snap_order, wrong(snap_order, AttemptStatus.PENDING, "trx-9"))
        await store.record_answer(doubting)
        relieved = await store.record_answer(answer_of(snap_order, AttemptStatus.PENDING))

        again = await store.record_answer(doubting)

        assert relieved.status is PaymentStatus.AWAITING_PAYMENT
        assert again == relieved


def unmatched_of(
    order: PaymentRequest, status: AttemptStatus = AttemptStatus.PAID, number: int = 1
) -> UnmatchedAnswer:
    report = replace(report_of(order, status), gateway_order_id=f"{order.order_id}~{number}")
    return UnmatchedAnswer(order_id=order.order_id, number=number, report=report, at=NOW)


class TestRecordUnmatched:
    async def test_money_of_an_unknown_order_is_a_case(
        self, store: PaymentStore, engine: AsyncEngine, order: PaymentRequest
    ) -> None:
        answers = [
            await store.record_unmatched(replace(unmatched_of(order), at=after(hours=hours)))
            for hours in range(3)
        ]

        assert answers == [True, True, True]
        (case,) = await cases_of(store, order.order_id)
        assert (case.code, case.attempt, case.money_came) == (CaseCode.UNMATCHED_MONEY, 1, True)
        (report,) = await rows_of(engine, gateway_reports, order.order_id)
        assert report["state"] == ReportState.UNMATCHED
        assert report["gateway_order_id"] == f"{order.order_id}~1"

    async def test_without_money_it_is_kept_once_and_no_more(
        self, store: PaymentStore, engine: AsyncEngine, order: PaymentRequest
    ) -> None:
        pending = unmatched_of(order, AttemptStatus.PENDING)

        assert not await store.record_unmatched(pending)
        assert not await store.record_unmatched(pending)

        assert await count_of(engine, gateway_reports, order.order_id) == 1
        assert await count_of(engine, cases, order.order_id) == 0

    async def test_money_of_an_attempt_that_is_not_there_draws_attention_to_its_order(
        self, store: PaymentStore, engine: AsyncEngine, order: PaymentRequest, opened: Paying
    ) -> None:
        before = await opened(order)

        assert await store.record_unmatched(unmatched_of(order, number=7))
        assert await store.record_unmatched(unmatched_of(order, number=7))

        progress = await store.progress(order.order_id)
        assert progress is not None
        (shown,) = progress.cases
        assert (shown.code, shown.about) == (CaseCode.UNMATCHED_MONEY, "")
        assert progress == replace(
            before,
            version=before.version + 1,
            open_cases=(CaseCode.UNMATCHED_MONEY,),
            attention=CaseCode.UNMATCHED_MONEY,
            cases=(shown,),
        )
        assert (await audited(engine, order.order_id))[4:] == [
            ("case.unmatched_money", "gateway", "unmatched_answer")
        ]
        (report,) = await rows_of(engine, gateway_reports, order.order_id)
        assert report["state"] == ReportState.UNMATCHED

    async def test_a_case_of_an_unknown_order_is_closed_without_it(
        self, store: PaymentStore, engine: AsyncEngine, order: PaymentRequest
    ) -> None:
        await store.record_unmatched(unmatched_of(order))
        (case,) = await cases_of(store, order.order_id)

        with pytest.raises(InvalidRequestError, match="must be noted"):
            await store.resolve_case(decision_on(case, Resolution.ACCEPTED))
        assert await cases_of(store, order.order_id) == [case]
        for _ in range(2):
            assert await store.resolve_case(decision_on(case, Resolution.NOTED)) is None

        (closed,) = await cases_of(store, order.order_id)
        assert closed.resolved is not None
        assert await store.record_unmatched(unmatched_of(order))
        assert await cases_of(store, order.order_id) == [closed]

    async def test_a_case_of_an_order_that_is_stored_later_becomes_part_of_it(
        self, store: PaymentStore, engine: AsyncEngine, order: PaymentRequest
    ) -> None:
        await store.record_unmatched(unmatched_of(order))
        await store.place(placement_of(order))
        loaded = await store.progress(order.order_id)

        paid = await store.record_answer(answer_of(order, AttemptStatus.PAID))

        assert loaded is not None
        assert loaded.attention is CaseCode.UNMATCHED_MONEY
        assert (paid.status, paid.attention) == (PaymentStatus.PAID, None)
        (case,) = await cases_of(store, order.order_id)
        assert case.resolved == Resolved(
            resolution=Resolution.MATCHED, at=after(minutes=1), actor="gateway", reason=None
        )
        assert ("case.matched", "gateway", "gateway_answer") in await audited(
            engine, order.order_id
        )

    async def test_a_case_of_an_attempt_that_is_not_there_is_closed_with_its_order(
        self, store: PaymentStore, order: PaymentRequest, opened: Paying
    ) -> None:
        await opened(order)
        await store.record_unmatched(unmatched_of(order, number=7))
        (case,) = await cases_of(store, order.order_id)

        progress = await store.resolve_case(decision_on(case, Resolution.NOTED))

        assert progress is not None
        assert progress.attention is None


async def test_the_audit_stays_unbroken_through_all_this(
    store: PaymentStore, engine: AsyncEngine, mismatched: PaymentRequest
) -> None:
    (case,) = await cases_of(store, mismatched.order_id)
    await store.begin_closing(closing_of(mismatched, ClosingCause.DEADLINE))
    await store.resolve_case(decision_on(case, Resolution.REJECTED))
    await store.record_unmatched(unmatched_of(mismatched, number=9))

    assert (await verify(engine)).broken is None
