"""The payments of all orders: every command is one transaction under its order's lock.

The decisions are made by `payments`; here is only what makes them last. A command that changes
nothing writes nothing, so each can be repeated.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres import audit
from adapters.postgres.audit import Why, order_seals
from adapters.postgres.cases import StoredCase
from adapters.postgres.gateway_reports import keep_notice, keep_unmatched
from adapters.postgres.logs import OperatorLog
from adapters.postgres.payment_reads import PaymentReads
from adapters.postgres.payment_writes import NO_EVIDENCE, Decide, Evidence, PaymentWrites
from adapters.postgres.sealing import Sealer
from adapters.postgres.stored_payment import StoredPayment
from payments.believing import answered, closed, unmatched_case
from payments.cases import CaseKey
from payments.changes import AuditEntry, Change, Terms, needs_a_human
from payments.charging import (
    another_attempt,
    charge_opened,
    charge_refused,
    closing_begun,
    placed,
)
from payments.commands import (
    AnotherAttempt,
    Answer,
    AnsweredRefund,
    CaseDecision,
    Closing,
    ForgottenDetails,
    OpenedCharge,
    Placement,
    RefusedCharge,
    ReviewDecided,
    SentRefund,
    StuckRefund,
    UnmatchedAnswer,
    WantedRefund,
)
from payments.deciding import Decision, case_decided, require_noted
from payments.errors import OrderConflictError
from payments.notice import Notice
from payments.payment import Payment
from payments.progress import Progress
from payments.refund_moves import details_forgotten, refund_sent, refund_stuck
from payments.refund_reports import refund_answered
from payments.refunding import SERVICE, refund_requested
from payments.status import ENDED_WITHOUT_MONEY

GATEWAY = "gateway"

# Told what a payment was (None: a new order) and what it is, once that is stored for good.
Changed = Callable[[Payment | None, Payment], object]


class PaymentStore(PaymentReads):
    def __init__(
        self,
        engine: AsyncEngine,
        sealer: Sealer,
        terms: Terms,
        changed: Changed = lambda *_: None,
    ) -> None:
        super().__init__(engine, sealer)
        self._writes = PaymentWrites(sealer)
        self._seals = order_seals(sealer)
        self._operators = OperatorLog(engine, sealer)
        self._terms = terms
        self._changed = changed

    async def place(self, placement: Placement) -> Progress:
        """Store the order once; OrderConflictError when it is stored with other contents."""
        request = placement.request
        why = Why(actor=placement.actor, cause="await_instructions", at=placement.attempt.at)
        change = placed(request, placement.attempt)
        async with self._engine.begin() as connection:
            new = await self._writes.insert(connection, change, why)
            stored = new or await self._stored.lock(connection, request.order_id)
        if new is not None:
            self._changed(None, new.payment)
        if not self._rows.is_fingerprint_of(stored.fingerprint, request):
            raise OrderConflictError(request.order_id)
        return stored.progress

    async def add_attempt(self, another: AnotherAttempt) -> Progress:
        """Store the next attempt once; InvalidRequestError when the order cannot be tried again."""
        attempt = another.attempt
        return await self._save_attempt(
            another.order_id,
            attempt.number - 1,
            [lambda payment: another_attempt(payment, attempt)],
            Why(actor=another.actor, cause="try_another_method", at=attempt.at),
        )

    async def record_opened(self, opened: OpenedCharge) -> Progress:
        number, at = opened.number, opened.at
        return await self._save_attempt(
            opened.order_id,
            number,
            [lambda payment: charge_opened(payment, number, opened.opened, self._terms, at)],
            Why(actor=GATEWAY, cause="charge_opened", at=at),
            Evidence(report=opened.opened.report),
        )

    async def record_refused(self, refused: RefusedCharge) -> Progress:
        number, code, at = refused.number, refused.gateway_code, refused.at
        return await self._save_attempt(
            refused.order_id,
            number,
            [lambda payment: charge_refused(payment, number, code, self._terms, at)],
            Why(actor=GATEWAY, cause="charge_refused", at=at),
        )

    async def record_answer(self, answer: Answer) -> Progress:
        return await self._save_attempt(
            answer.order_id,
            answer.number,
            self._decisions_on(answer),
            Why(actor=GATEWAY, cause="gateway_answer", at=answer.at),
            Evidence(report=answer.report),
        )

    async def record_notice(self, order_id: str, notice: Notice) -> None:
        """Keep a notification as it came, once, whether or not its order is known."""
        async with self._engine.begin() as connection:
            await keep_notice(connection, self._sealer, order_id, notice)

    async def record_unmatched(self, unmatched: UnmatchedAnswer) -> bool:
        """Keep what the gateway holds for an unknown order; True when that is money.

        An order that is not stored has no audit chain: the case and the report tell of it.
        """
        case = unmatched_case(unmatched.number, unmatched.report)
        async with self._engine.begin() as connection:
            await keep_unmatched(connection, self._sealer, unmatched)
            if case is None:
                return False
            order_id, at = unmatched.order_id, unmatched.at
            stored = await self._stored.find(connection, order_id, locked=True)
            if stored is None:
                await self._cases.open(connection, order_id, case, at)
            else:
                why = Why(actor=GATEWAY, cause="unmatched_answer", at=at)
                found = [lambda payment: needs_a_human(payment, case)]
                await self._writes.save(connection, stored, found, why)
        return True

    async def begin_closing(self, closing: Closing) -> Progress:
        number, cause, at = closing.number, closing.cause, closing.at
        reason = None if closing.reason is None else (number, closing.reason)
        return await self._save_attempt(
            closing.order_id,
            number,
            [
                lambda payment: closing_begun(
                    payment, number, cause, self._terms, at, closing.failure
                )
            ],
            Why(actor=closing.actor, cause=cause, at=at),
            Evidence(closing_reason=reason),
        )

    async def record_review(self, decided: ReviewDecided) -> None:
        """Audit what an operator decided; the payment itself changes when the gateway answers."""
        why = Why(actor=decided.actor, cause="resolve_review", at=decided.at)
        entry = AuditEntry(f"review.{decided.decision}", {"attempt": str(decided.number)})
        async with self._engine.begin() as connection:
            stored = await self._stored.lock(connection, decided.order_id)
            stored.require_attempt(decided.number)
            end = stored.audit_end
            await audit.note_once(connection, self._seals, decided.order_id, end, why, entry)

    async def resolve_case(self, decision: CaseDecision) -> Progress | None:
        """Close a case as a human decided; None when its order is not stored here.

        CaseUnknownError, or InvalidRequestError when it was closed otherwise, or cannot be so.
        """
        why = Why(actor=decision.actor, cause="resolve_case", at=decision.at)
        async with self._engine.begin() as connection:
            stored = await self._stored.find(connection, decision.order_id, locked=True)
            case = await self._cases.lock(connection, decision.order_id, decision.case_id)
            if stored is None:
                await self._note(connection, case, decision, why)
                return None
            decided = [lambda payment: self._decided(payment, case.key, decision)]
            after = await self._writes.save(connection, stored, decided, why)
            if after is not stored:
                await self._cases.keep_reason(connection, case, decision.reason)
        return self._told(stored, after)

    async def request_refund(self, wanted: WantedRefund) -> Progress:
        """Store the wish once; what `refund_requested` raises when it cannot be granted."""
        wish, at = wanted.wish, wanted.at
        return await self._save(
            wanted.order_id,
            [lambda payment: refund_requested(payment, wish, self._terms, at)],
            Why(actor=wish.actor, cause="request_refund", at=at),
        )

    async def record_refund_sent(self, sent: SentRefund) -> Progress:
        return await self._save(
            sent.order_id,
            [lambda payment: refund_sent(payment, sent.refund_key, sent.at)],
            Why(actor=SERVICE, cause="send_refund", at=sent.at),
        )

    async def record_refund(self, answered: AnsweredRefund) -> Progress:
        refund_key, answer, at = answered.refund_key, answered.answer, answered.at
        return await self._save(
            answered.order_id,
            [lambda payment: refund_answered(payment, refund_key, answer, at)],
            Why(actor=GATEWAY, cause="refund_answer", at=at),
        )

    async def record_refund_stuck(self, stuck: StuckRefund) -> Progress:
        return await self._save(
            stuck.order_id,
            [lambda payment: refund_stuck(payment, stuck.refund_key)],
            Why(actor=SERVICE, cause="refund_stuck", at=stuck.at),
        )

    async def forget_bank_details(self, forgotten: ForgottenDetails) -> Progress:
        """Delete where a manual refund went; what opens its page is deleted with it."""
        return await self._save(
            forgotten.order_id,
            [lambda payment: details_forgotten(payment, forgotten.refund_key)],
            Why(actor=SERVICE, cause="forget_bank_details", at=forgotten.at),
        )

    def _decided(self, payment: Payment, key: CaseKey, decision: CaseDecision) -> Change:
        made = Decision(
            resolution=decision.resolution,
            actor=decision.actor,
            at=decision.at,
            reference=decision.reference,
            amount=decision.amount,
        )
        return case_decided(payment, key, made, self._terms)

    async def _note(
        self, connection: AsyncConnection, case: StoredCase, decision: CaseDecision, why: Why
    ) -> None:
        """Close a case whose order is not stored here; nothing else can follow from it."""
        require_noted(decision.resolution)
        if case.resolved is None:
            noted = replace(case.case, resolution=decision.resolution)
            await self._cases.close(connection, case.order_id, noted, why)
            await self._cases.keep_reason(connection, case, decision.reason)
            # There is no chain of this order to tell it in.
            about = {"case": str(case.case_id), "order_id": case.order_id, "code": case.code.value}
            await self._operators.add(connection, why.actor, "case.noted", about, why.at)

    def _decisions_on(self, answer: Answer) -> list[Decide]:
        number, report, at = answer.number, answer.report, answer.at
        decisions: list[Decide] = []
        if report is not None:
            decisions.append(lambda payment: answered(payment, number, report, self._terms, at))
        if answer.is_closed and (report is None or report.status in ENDED_WITHOUT_MONEY):
            # Also when the answer itself was no news: the page on which a payment was denied may
            # have been closed since.
            decisions.append(lambda payment: closed(payment, number, self._terms, at))
        return decisions

    async def _save_attempt(
        self,
        order_id: str,
        number: int,
        decisions: Sequence[Decide],
        why: Why,
        evidence: Evidence = NO_EVIDENCE,
    ) -> Progress:
        async with self._engine.begin() as connection:
            stored = await self._stored.lock(connection, order_id)
            stored.require_attempt(number)
            after = await self._writes.save(connection, stored, decisions, why, evidence)
        return self._told(stored, after)

    async def _save(self, order_id: str, decisions: Sequence[Decide], why: Why) -> Progress:
        async with self._engine.begin() as connection:
            stored = await self._stored.lock(connection, order_id)
            after = await self._writes.save(connection, stored, decisions, why)
        return self._told(stored, after)

    def _told(self, before: StoredPayment, after: StoredPayment) -> Progress:
        if after is not before:
            self._changed(before.payment, after.payment)
        return after.progress
