"""What may happen to the order, and where it stands after that."""

from dataclasses import replace

from payments.believing import answered, closed
from payments.cases import Case
from payments.changes import Change
from payments.charging import closing_begun, placed
from payments.gateway import ClosingCause, StatusReport
from payments.payment import Payment
from payments.status import AttemptStatus, PaymentStatus
from tests.payments.samples import (
    REQUEST,
    SNAP_REQUEST,
    TERMS,
    after,
    attempt_of,
    awaiting_payment,
    report_of,
)

S, P = AttemptStatus, PaymentStatus
PLACED = placed(REQUEST, attempt_of(REQUEST)).payment
CORE = awaiting_payment(REQUEST)
SNAP = awaiting_payment(SNAP_REQUEST)
LATER = after(minutes=5)


def heard(payment: Payment, status: AttemptStatus, transaction_id: str = "trx-1") -> Payment:
    """The payment after the gateway said this of its first attempt."""
    report = report_of(payment.request, status, transaction_id)
    return answered(payment, 1, report, TERMS, LATER).payment


def ended(payment: Payment, cause: ClosingCause) -> Payment:
    """The payment after its first attempt was closed for this cause, without any money."""
    return closed(closing_begun(payment, 1, cause, TERMS, LATER).payment, 1, TERMS, LATER).payment


def newest_case(change: Change) -> Case:
    """The case that the change has opened."""
    return change.payment.cases[-1]


def events(change: Change) -> list[str]:
    return [entry.event for entry in change.audit]


PAID = heard(CORE, S.PAID)
EXPIRED = ended(CORE, ClosingCause.DEADLINE)
CANCELLED = ended(CORE, ClosingCause.CANCEL)


def second_report(status: AttemptStatus) -> StatusReport:
    return replace(report_of(REQUEST, status, "trx-b"), gateway_order_id="SKT-1001~2")
