"""The stores and the gateway in memory, for tests that are about order and time.

MemoryRecords decides with the same functions of payments/changes.py as the real store does.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from payments.believing import answered, case_resolved, closed
from payments.cases import Case, CaseCode
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
    CaseDecision,
    Closing,
    OpenedCharge,
    Placement,
    RefusedCharge,
    ReviewDecided,
    UnmatchedAnswer,
)
from payments.errors import OrderConflictError
from payments.gateway import AttemptRef, Charge, ChargeOpened, ReviewDecision, StatusReport
from payments.mails import Mail
from payments.notice import Notice
from payments.payment import Payment
from payments.progress import Progress, progress_of
from payments.request import PaymentRequest
from payments.status import OPEN, AttemptStatus, PaymentStatus
from tests.workflows.samples import instructions, report


@dataclass
class MemoryRecords:
    """Implements PaymentRecords and Charges."""

    terms: Terms
    payments: dict[str, Payment] = field(default_factory=dict)
    notices: dict[str, set[str]] = field(default_factory=dict)
    audit: dict[str, list[str]] = field(default_factory=dict)
    cases: dict[str, list[Case]] = field(default_factory=dict)
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
        case = self.cases[order_id][decision.case_id - 1]
        change = case_resolved(payment, case, decision.resolution, None, self.terms, decision.at)
        return self._keep(order_id, change)

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
        if change.case is not None:
            known = self.cases.setdefault(order_id, [])
            if any(_is_same(case, change.case) for case in known):
                return self._view(order_id)
            known.append(change.case)
        if change.payment != before:
            version = before.version + 1 if before else 1
            self.payments[order_id] = replace(change.payment, version=version)
            self.audit.setdefault(order_id, []).extend(entry.event for entry in change.audit)
        return self._view(order_id)

    def _view(self, order_id: str) -> Progress:
        payment = self.payments[order_id]
        if self.invoices[order_id]:
            payment = replace(payment, invoice_number="INV-2026-000001")
        return progress_of(payment, self.mails.get(order_id, []))

    def codes(self, order_id: str) -> list[CaseCode]:
        return [case.code for case in self.cases.get(order_id, [])]


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
        return report(self.charges[name], status) if status is not None else None

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


def _is_same(one: Case, other: Case) -> bool:
    return (one.code, one.transaction_id, one.money_came) == (
        other.code,
        other.transaction_id,
        other.money_came,
    )


def status_of(records: MemoryRecords, order_id: str) -> PaymentStatus:
    return records.payments[order_id].status
