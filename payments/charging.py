"""What opening an attempt and closing it do to a payment."""

from dataclasses import dataclass, replace
from datetime import datetime

from payments.believing import answered
from payments.changes import AuditEntry, Change, Terms, about, moved
from payments.errors import FieldProblem, InvalidRequestError, NoOtherMethodError
from payments.gateway import ChargeFailure, ChargeOpened, ClosingCause
from payments.methods import METHODS, Integration, PaymentMethod
from payments.payment import ENDED_UNPAID, Payment, PaymentAttempt, payment_status_from
from payments.request import PaymentRequest, gateway_order_id
from payments.status import OPEN, AttemptStatus, PaymentStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAttempt:
    """An attempt to be opened; its ids are chosen before the gateway hears of it."""

    number: int
    method: PaymentMethod
    integration: Integration
    nonce: str
    idempotency_key: str
    at: datetime
    expires_at: datetime


def placed(request: PaymentRequest, new: NewAttempt) -> Change:
    """A new order with its first attempt."""
    attempt = _attempt(new)
    payment = Payment(
        request=request,
        status=payment_status_from(attempt),
        version=1,
        created_at=new.at,
        updated_at=new.at,
        attempts=(attempt,),
    )
    return Change(payment, (AuditEntry("order.placed"), _accepted(request.order_id, new)))


def another_attempt(payment: Payment, new: NewAttempt) -> Change:
    """The next attempt, once the last one is over; repeating it changes nothing.

    NoOtherMethodError when the order cannot be tried again, InvalidRequestError when not like this.
    """
    if new.number <= len(payment.attempts):
        return Change(payment)
    is_next = new.number == len(payment.attempts) + 1
    is_over = payment.latest_attempt.status not in OPEN
    offered = payment.methods_to_try(new.at)
    if not (is_next and is_over and offered):
        raise NoOtherMethodError(payment.order_id)
    if new.method not in offered:
        raise InvalidRequestError((FieldProblem("method", "cannot be tried for this order now"),))
    served = METHODS[new.method].integrations
    if new.integration not in served:
        rule = f"{new.method} is served through {' or '.join(served)} only"
        raise InvalidRequestError((FieldProblem("integration", rule),))
    attempt = _attempt(new)
    tried = replace(
        payment,
        attempts=(*payment.attempts, attempt),
        status=payment_status_from(attempt),
        retry_until=None,
    )
    return Change(tried, (_accepted(payment.order_id, new),))


def charge_opened(
    payment: Payment, number: int, opened: ChargeOpened, terms: Terms, at: datetime
) -> Change:
    """The gateway has the attempt; the customer gets the instructions."""
    attempt = payment.attempts[number - 1]
    if attempt.status not in OPEN or attempt.instructions is not None:
        return Change(payment)
    # A notification may have been faster than the answer to the charge.
    is_news = attempt.status in {AttemptStatus.PREPARING, AttemptStatus.UNKNOWN}
    status = AttemptStatus.PENDING if is_news else attempt.status
    pending = replace(attempt, status=status, instructions=opened.instructions)
    change = moved(payment, pending, AuditEntry("attempt.opened", about(pending)))
    if opened.report is None:
        return change
    report = opened.report
    return change.then(lambda pending: answered(pending, number, report, terms, at))


def charge_refused(
    payment: Payment, number: int, gateway_code: str, terms: Terms, at: datetime
) -> Change:
    """The gateway said no before any money could move; another method may be tried."""
    attempt = payment.attempts[number - 1]
    if attempt.status not in {AttemptStatus.PREPARING, AttemptStatus.UNKNOWN}:
        return Change(payment)
    is_cancelled = attempt.closing is ClosingCause.CANCEL
    status = AttemptStatus.CANCELLED if is_cancelled else AttemptStatus.FAILED
    failed = replace(attempt, status=status, failure=ChargeFailure.REFUSED)
    entry = AuditEntry("attempt.refused", {**about(failed), "gateway_code": gateway_code})
    return moved(payment, failed, entry, retry_until=at + terms.another_method)


def closing_begun(
    payment: Payment,
    number: int,
    cause: ClosingCause,
    terms: Terms,
    at: datetime,
    failure: ChargeFailure | None = None,
) -> Change:
    """From now on the attempt is being closed at the gateway; until that is final: checking."""
    attempt = payment.attempts[number - 1]
    if attempt.status in OPEN:
        # The first cause stays, but a cancel outlives it: it says what the shop wants to be.
        is_cancel = cause is ClosingCause.CANCEL and attempt.closing is not cause
        if attempt.closing is not None and not is_cancel:
            return Change(payment)
        closing = replace(attempt, closing=cause, failure=failure or attempt.failure)
        entry = AuditEntry("attempt.closing", {**about(closing), "because": failure or cause})
        return moved(payment, closing, entry, retry_until=at + terms.another_method)
    if cause is ClosingCause.CANCEL and payment.status in ENDED_UNPAID:
        cancelled = replace(payment, status=PaymentStatus.CANCELLED, retry_until=None)
        return Change(cancelled, (AuditEntry("order.cancelled"),))
    return Change(payment)


def _accepted(order_id: str, new: NewAttempt) -> AuditEntry:
    return AuditEntry(
        "attempt.accepted",
        {
            "gateway_order_id": gateway_order_id(order_id, new.number),
            "method": new.method,
            "integration": new.integration,
        },
    )


def _attempt(new: NewAttempt) -> PaymentAttempt:
    return PaymentAttempt(
        number=new.number,
        method=new.method,
        integration=new.integration,
        status=AttemptStatus.PREPARING,
        nonce=new.nonce,
        idempotency_key=new.idempotency_key,
        accepted_at=new.at,
        expires_at=new.expires_at,
    )
