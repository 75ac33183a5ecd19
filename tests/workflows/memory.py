"""The stores and the gateway in memory, for tests that are about order and time.

MemoryRecords decides with the same functions of payments/changes.py as the real store does.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from payments.believing import answered, closed
from payments.cases import CaseCode
from payments.changes import Change, Terms
from payments.charging import (
    another_attempt,
    charge_opened,
    charge_refused,
    closing_begun,
    placed,
)
from payments.commands import (
    AlertOrder,
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
from payments.deciding import Decision, case_decided
from payments.errors import OrderConflictError
from payments.gateway import AttemptRef, Charge, ChargeOpened, ReviewDecision, StatusReport
from payments.mails import Mail
from payments.notice import Notice
from payments.payment import Payment
from payments.progress import Progress, progress_of
from payments.refund_moves import details_forgotten, refund_sent, refund_stuck
from payments.refund_reports import refund_answered
from payments.refunding import refund_order, refund_requested
from payments.refunds import (
    RefundAnswer,
    RefundOrder,
    RefundOutcome,
    RefundRef,
    ReportedRefund,
)
from payments.request import PaymentRequest
from payments.status import OPEN, AttemptStatus, PaymentStatus
from tests.workflows.samples import instructions, report


@dataclass
class MemoryRecords:
    """Implements PaymentRecords, Charges and Refunds."""

    terms: Terms
    payments: dict[str, Payment] = field(default_factory=dict)
    notices: dict[str, set[str]] = field(default_factory=dict)
    audit: dict[str, list[str]] = field(default_factory=dict)
    unmatched: list[UnmatchedAnswer] = field(default_factory=list)
    mails: dict[str, list[Mail]] = field(default_factory=dict)
    alerts: list[AlertOrder] = field(default_factory=list)
    invoices: Counter[str] = field(default_factory=Counter)
    loads: Counter[str] = field(default_factory=Counter)
    failures_left: float = 0

    def break_down(self, calls: float = math.inf) -> None:
        """Fail so many calls."""
        self.failures_left = calls

    def recover(self) -> None:
        self.failures_left = 0

    async def progress(self, order_id: str) -> Progress | None:
        self._answer()
        self.loads[order_id] += 1
        return self._view(order_id) if order_id in self.payments else None

    async def place(self, placement: Placement) -> Progress:
        self._answer()
        order_id = placement.request.order_id
        stored = self.payments.get(order_id)
        if stored is None:
            self._keep(order_id, placed(placement.request, placement.attempt))
        elif stored.request != placement.request:
            raise OrderConflictError(order_id)
        return self._view(order_id)

    async def record_opened(self, opened: OpenedCharge) -> Progress:
        payment = self.payments[opened.order_id]
        change = charge_opened(payment, opened.number, opened.opened, self.terms, opened.at)
        return self._keep(opened.order_id, change)

    async def record_refused(self, refused: RefusedCharge) -> Progress:
        payment = self.payments[refused.order_id]
        change = charge_refused(
            payment, refused.number, refused.gateway_code, self.terms, refused.at
        )
        return self._keep(refused.order_id, change)

    async def record_answer(self, answer: Answer) -> Progress:
        self._answer()
        payment = self.payments[answer.order_id]
        change = Change(payment)
        if answer.report is not None:
            change = answered(payment, answer.number, answer.report, self.terms, answer.at)
            self._keep(answer.order_id, change)
        without_money = answer.report is None or answer.report.status is not AttemptStatus.PAID
        if answer.is_closed and without_money:
            payment = self.payments[answer.order_id]
            self._keep(answer.order_id, closed(payment, answer.number, self.terms, answer.at))
        return self._view(answer.order_id)

    async def add_attempt(self, another: AnotherAttempt) -> Progress:
        payment = self.payments[another.order_id]
        return self._keep(another.order_id, another_attempt(payment, another.attempt))

    async def record_unmatched(self, unmatched: UnmatchedAnswer) -> bool:
        self.unmatched.append(unmatched)
        return unmatched.report.status is AttemptStatus.PAID

    async def record_review(self, decided: ReviewDecided) -> None:
        self.audit.setdefault(decided.order_id, []).append(f"review.{decided.decision}")

    async def resolve_case(self, decision: CaseDecision) -> Progress:
        order_id, payment = decision.order_id, self.payments[decision.order_id]
        decided = Decision(
            resolution=decision.resolution,
            actor=decision.actor,
            at=decision.at,
            reference=decision.reference,
            amount=decision.amount,
        )
        key = payment.cases[decision.case_id - 1].key
        return self._keep(order_id, case_decided(payment, key, decided, self.terms))

    async def request_refund(self, wanted: WantedRefund) -> Progress:
        payment = self.payments[wanted.order_id]
        change = refund_requested(payment, wanted.wish, self.terms, wanted.at)
        return self._keep(wanted.order_id, change)

    async def record_refund_sent(self, sent: SentRefund) -> Progress:
        payment = self.payments[sent.order_id]
        return self._keep(sent.order_id, refund_sent(payment, sent.refund_key, sent.at))

    async def record_refund(self, answered: AnsweredRefund) -> Progress:
        payment = self.payments[answered.order_id]
        change = refund_answered(payment, answered.refund_key, answered.answer, answered.at)
        return self._keep(answered.order_id, change)

    async def record_refund_stuck(self, stuck: StuckRefund) -> Progress:
        payment = self.payments[stuck.order_id]
        return self._keep(stuck.order_id, refund_stuck(payment, stuck.refund_key))

    async def forget_bank_details(self, forgotten: ForgottenDetails) -> Progress:
        payment = self.payments[forgotten.order_id]
        return self._keep(forgotten.order_id, details_forgotten(payment, forgotten.refund_key))

    async def refund_order(self, refund: RefundRef) -> RefundOrder:
        payment = self.payments[refund.order_id]
        stored = payment.refund(refund.refund_key)
        assert stored is not None
        return refund_order(payment, stored)

    def _answer(self) -> None:
        if self.failures_left > 0:
            self.failures_left -= 1
            raise ConnectionError("the database does not answer")

    async def record_notice(self, order_id: str, notice: Notice) -> None:
        self.notices.setdefault(order_id, set()).add(notice.raw)

    async def begin_closing(self, closing: Closing) -> Progress:
        payment = self.payments[closing.order_id]
        change = closing_begun(
            payment, closing.number, closing.cause, self.terms, closing.at, closing.failure
        )
        return self._keep(closing.order_id, change)

    async def charge(self, attempt: AttemptRef) -> Charge:
        return self.payments[attempt.order_id].charge(attempt.number)

    async def session_token(self, attempt: AttemptRef) -> str | None:
        stored = self.payments[attempt.order_id].attempts[attempt.number - 1].instructions
        return stored.token if stored else None

    def _keep(self, order_id: str, change: Change) -> Progress:
        before = self.payments.get(order_id)
        if change.payment != before:
            version = before.version + 1 if before else 1
            numbered = enumerate(change.payment.cases, 1)
            cases = tuple(replace(case, case_id=case_id) for case_id, case in numbered)
            self.payments[order_id] = replace(change.payment, version=version, cases=cases)
            self.audit.setdefault(order_id, []).extend(entry.event for entry in change.audit)
        return self._view(order_id)

    def _view(self, order_id: str) -> Progress:
        return progress_of(self.payments[order_id], self.mails.get(order_id, []))

    def codes(self, order_id: str) -> list[CaseCode]:
        return [case.code for case in self.payments[order_id].cases]


@dataclass
class MemoryGateway:
    """Implements Gateway: what the gateway holds per attempt, set by the test as events."""

    held: dict[str, AttemptStatus] = field(default_factory=dict)
    opened: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    closed: Counter[str] = field(default_factory=Counter)
    charges: dict[str, Charge] = field(default_factory=dict)
    opens_with: Sequence[Exception] = ()
    refuses_to_close: bool = False
    pays_when_closed: bool = False
    refunds: dict[str, ReportedRefund] = field(default_factory=dict)
    refunds_sent: Counter[str] = field(default_factory=Counter)
    refunds_with: Sequence[RefundAnswer | Exception] = ()

    async def open_charge(self, charge: Charge) -> ChargeOpened:
        name = charge.gateway_order_id
        self.opened[name] += 1
        if self.opened[name] <= len(self.opens_with):
            raise self.opens_with[self.opened[name] - 1]
        self.charges[name] = charge
        self.held.setdefault(name, AttemptStatus.PENDING)
        return ChargeOpened(
            instructions=instructions(), report=report(charge, AttemptStatus.PENDING)
        )

    async def decide_review(self, attempt: AttemptRef, decision: ReviewDecision) -> None:
        approved = decision is ReviewDecision.APPROVE
        status = AttemptStatus.PAID if approved else AttemptStatus.DENIED
        self.held[attempt.gateway_order_id] = status

    async def ask(self, attempt: AttemptRef) -> StatusReport | None:
        name = attempt.gateway_order_id
        self.asked[name] += 1
        status = self.held.get(name)
        if status is None:
            return None
        told = report(self.charges[name], status)
        return replace(told, refunds=tuple(self.refunds.values()))

    async def ask_about(self, attempt: AttemptRef, transaction_id: str) -> StatusReport | None:
        return await self.ask(attempt)

    async def give_back(self, refund: RefundOrder) -> RefundAnswer:
        """Answer as planned, then take what comes."""
        self.refunds_sent[refund.gateway_key] += 1
        tries = self.refunds_sent[refund.gateway_key]
        if tries <= len(self.refunds_with):
            planned = self.refunds_with[tries - 1]
            if isinstance(planned, Exception):
                raise planned
            return planned
        given = ReportedRefund(key=refund.gateway_key, amount=refund.amount)
        self.refunds[refund.gateway_key] = given
        is_all = refund.is_whole
        status = AttemptStatus.REFUNDED if is_all else AttemptStatus.PARTIALLY_REFUNDED
        self.held[refund.gateway_order_id] = status
        return RefundAnswer(outcome=RefundOutcome.ACCEPTED)

    async def find_refund(self, refund: RefundOrder) -> RefundAnswer:
        is_there = refund.gateway_key in self.refunds
        return RefundAnswer(outcome=RefundOutcome.ACCEPTED if is_there else RefundOutcome.ABSENT)

    def confirm_refunds(self, at: datetime) -> None:
        """The bank has done its part."""
        self.refunds = {
            key: replace(refund, confirmed_at=at) for key, refund in self.refunds.items()
        }

    async def close(self, attempt: AttemptRef, token: str | None) -> bool:
        name = attempt.gateway_order_id
        self.closed[name] += 1
        if self.refuses_to_close:
            return False
        if self.held.get(name) in OPEN:
            paid = AttemptStatus.PAID if self.pays_when_closed else AttemptStatus.EXPIRED
            self.held[name] = paid
        return True

    def reports_amount_of(self, gateway_order_id: str, request: PaymentRequest) -> None:
        """From now on, reports of this attempt carry the amount of that request."""
        charge = self.charges[gateway_order_id]
        self.charges[gateway_order_id] = replace(charge, request=request)

    def pay(self, gateway_order_id: str) -> None:
        self.held[gateway_order_id] = AttemptStatus.PAID


def status_of(records: MemoryRecords, order_id: str) -> PaymentStatus:
    return records.payments[order_id].status
