"""The stores and the gateway in memory, for tests that are about order and time.

MemoryRecords decides with the same functions of payments/changes.py as the real store does.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from payments.changes import (
    Change,
    Terms,
    answered,
    charge_opened,
    charge_refused,
    closed,
    closing_begun,
    placed,
)
from payments.commands import Answer, Closing, OpenedCharge, Placement, RefusedCharge
from payments.errors import OrderConflictError
from payments.gateway import AttemptRef, Charge, ChargeOpened, StatusReport
from payments.notice import Notice
from payments.payment import CaseCode, Payment, Progress, Windows, progress_of
from payments.status import OPEN, AttemptStatus, PaymentStatus
from tests.workflows.samples import MERCHANT_ID, instructions, report

TERMS = Terms(merchant_id=MERCHANT_ID, another_method=Windows().another_method)


@dataclass
class MemoryRecords:
    """Implements PaymentRecords and Charges."""

    payments: dict[str, Payment] = field(default_factory=dict)
    notices: dict[str, set[str]] = field(default_factory=dict)
    audit: dict[str, list[str]] = field(default_factory=dict)
    cases: dict[str, set[CaseCode]] = field(default_factory=dict)
    receipts: Counter[str] = field(default_factory=Counter)
    invoices: Counter[str] = field(default_factory=Counter)
    loads: Counter[str] = field(default_factory=Counter)
    outage: Callable[[], None] = lambda: None

    async def progress(self, order_id: str) -> Progress | None:
        self.outage()
        self.loads[order_id] += 1
        return self._view(order_id) if order_id in self.payments else None

    async def place(self, placement: Placement) -> Progress:
        self.outage()
        order_id = placement.request.order_id
        stored = self.payments.get(order_id)
        if stored is None:
            self._keep(order_id, placed(placement.request, placement.attempt))
        elif stored.request != placement.request:
            raise OrderConflictError(order_id)
        return self._view(order_id)

    async def record_opened(self, opened: OpenedCharge) -> Progress:
        payment = self.payments[opened.order_id]
        change = charge_opened(payment, opened.number, opened.opened, TERMS, opened.at)
        return self._keep(opened.order_id, change)

    async def record_refused(self, refused: RefusedCharge) -> Progress:
        payment = self.payments[refused.order_id]
        change = charge_refused(payment, refused.number, refused.gateway_code, TERMS, refused.at)
        return self._keep(refused.order_id, change)

    async def record_answer(self, answer: Answer) -> Progress:
        self.outage()
        payment = self.payments[answer.order_id]
        change = Change(payment)
        if answer.report is not None:
            change = answered(payment, answer.number, answer.report, TERMS, answer.at)
            self._keep(answer.order_id, change)
        without_money = answer.report is None or answer.report.status is not AttemptStatus.PAID
        if answer.is_closed and without_money:
            payment = self.payments[answer.order_id]
            self._keep(answer.order_id, closed(payment, answer.number, TERMS, answer.at))
        return self._view(answer.order_id)

    async def record_notice(self, order_id: str, notice: Notice) -> None:
        self.notices.setdefault(order_id, set()).add(notice.raw)

    async def begin_closing(self, closing: Closing) -> Progress:
        payment = self.payments[closing.order_id]
        return self._keep(closing.order_id, closing_begun(payment, closing.number, closing.cause))

    async def charge(self, attempt: AttemptRef) -> Charge:
        return self.payments[attempt.order_id].charge(attempt.number)

    async def session_token(self, attempt: AttemptRef) -> str | None:
        stored = self.payments[attempt.order_id].attempts[attempt.number - 1].instructions
        return stored.token if stored else None

    def _keep(self, order_id: str, change: Change) -> Progress:
        before = self.payments.get(order_id)
        if change.case is not None:
            self.cases.setdefault(order_id, set()).add(change.case.code)
        if change.payment != before:
            version = before.version + 1 if before else 1
            self.payments[order_id] = replace(change.payment, version=version)
            self.audit.setdefault(order_id, []).extend(entry.event for entry in change.audit)
        return self._view(order_id)

    def _view(self, order_id: str) -> Progress:
        payment = self.payments[order_id]
        if self.invoices[order_id]:
            payment = replace(payment, invoice_number="INV-2026-000001")
        return progress_of(payment, receipt_sent=self.receipts[order_id] > 0)


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

    def pay(self, gateway_order_id: str) -> None:
        self.held[gateway_order_id] = AttemptStatus.PAID


def status_of(records: MemoryRecords, order_id: str) -> PaymentStatus:
    return records.payments[order_id].status
