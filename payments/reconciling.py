"""Comparing what we hold with what the gateway holds: each difference once, with a kind."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from payments.cases import CaseCode
from payments.gateway import GatewayTransaction, StatusReport
from payments.invoice import WIB
from payments.money import Money
from payments.payment import Payment, PaymentAttempt
from payments.refunds import GIVEN_BACK
from payments.request import gateway_order_id
from payments.status import MONEY_CAME, OPEN, AttemptStatus, as_seen_after

# An open attempt whose run lives is closed within minutes of its deadline.
OVERDUE_AFTER = timedelta(minutes=15)
# Cards of one day settle on the next at 16:00 WIB (fact sheet §4.3); a day later it is wrong.
_CARDS_SETTLE_BY = (timedelta(days=2), time(16))


_BEFORE_DISPUTE = frozenset({AttemptStatus.PAID, AttemptStatus.PARTIALLY_REFUNDED})


class RunKind(StrEnum):
    """OPEN: what may still bring money. RECENT: the last days, and refunds not yet confirmed.

    FILE: a settlement file of the gateway.
    """

    OPEN = "open"
    RECENT = "recent"
    FILE = "file"


class DiscrepancyKind(StrEnum):
    STATE_DIFFERS = "state_differs"
    AMOUNT_DIFFERS = "amount_differs"
    CURRENCY_DIFFERS = "currency_differs"
    METHOD_DIFFERS = "method_differs"
    REFUND_DIFFERS = "refund_differs"
    OURS_MISSING = "ours_missing"  # the gateway has a transaction that we do not hold
    THEIRS_MISSING = "theirs_missing"  # we hold one that the gateway does not have
    OVERDUE = "overdue"  # still open here long after the customer's time
    CAPTURE_OVERDUE = "capture_overdue"  # a card that should have settled
    FEE_UNEXPECTED = "fee_unexpected"
    DUPLICATE_ROW = "duplicate_row"
    UNREADABLE = "unreadable"  # what we hold was tampered with, or a key is missing


# What the order's own run repairs once it asks the gateway; anything else is for a human.
REPAIRABLE = frozenset(
    {
        DiscrepancyKind.STATE_DIFFERS,
        DiscrepancyKind.REFUND_DIFFERS,
        DiscrepancyKind.OURS_MISSING,
        DiscrepancyKind.OVERDUE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Discrepancy:
    """One difference; there is never a second open one of the same key.

    `ours` and `theirs` say what differs; they are stored encrypted. `order_id` is None when the
    gateway's order id is not of our form.
    """

    kind: DiscrepancyKind
    gateway_order_id: str
    transaction_id: str
    order_id: str | None
    ours: str
    theirs: str

    @property
    def key(self) -> tuple[str, str, str]:
        return self.kind, self.gateway_order_id, self.transaction_id


def compared(
    payment: Payment,
    number: int,
    report: StatusReport | None,
    now: datetime,
    asked_about: str | None = None,
) -> tuple[Discrepancy, ...]:
    """How the gateway's answer about one attempt differs from what we hold; empty when it does not.

    `asked_about` is the transaction; None when the attempt was asked about as a whole.
    """
    attempt = payment.attempts[number - 1]
    return tuple(_differences(payment, attempt, report, now, asked_about))


def unreadable(order_id: str, number: int) -> Discrepancy:
    """Of an attempt that nothing can be compared with."""
    return Discrepancy(
        kind=DiscrepancyKind.UNREADABLE,
        gateway_order_id=gateway_order_id(order_id, number),
        transaction_id="",
        order_id=order_id,
        ours="unreadable",
        theirs="not asked",
    )


def is_as_held(held: GatewayTransaction, told: AttemptStatus, fee: Money | None) -> bool:
    """Whether the gateway's word is about what we hold; `fee` is what the customer bore."""
    if as_seen_after(held.status, told) is held.status or _is_fee_left(held, told, fee):
        return True
    # Whether a dispute that was won is still told as one is not documented.
    return _is_won(held) and told in _BEFORE_DISPUTE


def card_settles_by(captured_at: datetime) -> datetime:
    """From when on a card payment that is still in capture is a difference."""
    days, at = _CARDS_SETTLE_BY
    return datetime.combine(captured_at.astimezone(WIB).date() + days, at, WIB)


def _differences(
    payment: Payment,
    attempt: PaymentAttempt,
    report: StatusReport | None,
    now: datetime,
    asked_about: str | None,
) -> Iterator[Discrepancy]:
    theirs = "absent" if report is None else report.status.value
    if is_overdue(payment, attempt, now):
        yield _found(DiscrepancyKind.OVERDUE, payment, attempt, "", attempt.status, theirs)
    if report is None:
        yield from _absent(payment, attempt, asked_about)
        return
    held = attempt.transaction(report.transaction_id)
    if held is None:
        yield _about(DiscrepancyKind.OURS_MISSING, payment, attempt, report, "none", theirs)
    else:
        yield from _transaction_differs(payment, attempt, held, report)
    yield from _amount_differs(payment, attempt, held, report)
    captured_at = (held and held.paid_at) or report.paid_at or now
    is_captured = report.status is AttemptStatus.PAID and not report.settled
    if is_captured and now >= card_settles_by(captured_at):
        kind = DiscrepancyKind.CAPTURE_OVERDUE
        yield _about(kind, payment, attempt, report, "settled by now", "capture")


def is_overdue(payment: Payment, attempt: PaymentAttempt, now: datetime) -> bool:
    """Whether it is still open, long after its time, and waits for no human."""
    waits = attempt.status is AttemptStatus.IN_REVIEW or CaseCode.MISMATCH in payment.open_cases
    return attempt.status in OPEN and not waits and now >= attempt.expires_at + OVERDUE_AFTER


def _absent(
    payment: Payment, attempt: PaymentAttempt, asked_about: str | None
) -> Iterator[Discrepancy]:
    """A transaction that we hold, and the gateway does not; a Snap page may well have none."""
    asked = [each for each in attempt.transactions if each.transaction_id == asked_about]
    for held in asked or attempt.transactions[-1:]:
        kind = DiscrepancyKind.THEIRS_MISSING
        yield _found(kind, payment, attempt, held.transaction_id, held.status, "absent")


def _transaction_differs(
    payment: Payment, attempt: PaymentAttempt, held: GatewayTransaction, report: StatusReport
) -> Iterator[Discrepancy]:
    if not is_as_held(held, report.status, report.fee):
        kind = DiscrepancyKind.STATE_DIFFERS
        yield _about(kind, payment, attempt, report, held.status, report.status)
    if None not in (held.method, report.method) and held.method is not report.method:
        kind = DiscrepancyKind.METHOD_DIFFERS
        yield _about(kind, payment, attempt, report, str(held.method), str(report.method))
    yield from _refunds_differ(payment, attempt, held, report)


def _is_fee_left(held: GatewayTransaction, told: AttemptStatus, fee: Money | None) -> bool:
    """The order's part is back; what is left at the gateway is a fee that the customer bore."""
    is_rest = (held.status, told) == (AttemptStatus.REFUNDED, AttemptStatus.PARTIALLY_REFUNDED)
    return is_rest and fee is not None and fee.value > 0


def _is_won(held: GatewayTransaction) -> bool:
    return held.charged_back is not None and held.charged_back.value == 0


def _refunds_differ(
    payment: Payment, attempt: PaymentAttempt, held: GatewayTransaction, report: StatusReport
) -> Iterator[Discrepancy]:
    if report.status not in MONEY_CAME:
        return
    theirs = {each.key: each for each in report.refunds}
    for refund in payment.refunds:
        if refund.transaction_id != held.transaction_id or refund.transferred_by is not None:
            continue
        listed = theirs.pop(refund.gateway_key, None)
        is_given = refund.status in GIVEN_BACK
        is_behind = listed is not None and (
            not is_given or (refund.confirmed_at is None and listed.confirmed_at is not None)
        )
        if is_behind or (is_given and listed is None and bool(report.refunds)):
            told = "absent" if listed is None else "confirmed" if listed.confirmed_at else "made"
            kind = DiscrepancyKind.REFUND_DIFFERS
            yield _about(kind, payment, attempt, report, refund.status, told)
    for unknown in () if _is_of_the_fee(payment, held, report) else theirs.values():
        kind = DiscrepancyKind.REFUND_DIFFERS
        yield _about(kind, payment, attempt, report, "none", str(unknown.amount.value))


def _is_of_the_fee(payment: Payment, held: GatewayTransaction, report: StatusReport) -> bool:
    """Whether what we do not know of can only be of the customer's fee: the order's part is back."""
    books = payment.books_of(held)
    gone = sum(each.amount.value for each in report.refunds) + payment.transferred_of(held).value
    return books.refunded == books.captured and gone <= report.amount.value


def _amount_differs(
    payment: Payment,
    attempt: PaymentAttempt,
    held: GatewayTransaction | None,
    report: StatusReport,
) -> Iterator[Discrepancy]:
    expected = (held and held.captured) or payment.request.amount
    if report.amount.currency is not expected.currency:
        kind = DiscrepancyKind.CURRENCY_DIFFERS
        yield _about(kind, payment, attempt, report, expected.currency, report.amount.currency)
    elif report.amount - report.fee != expected:
        kind = DiscrepancyKind.AMOUNT_DIFFERS
        told = report.amount - report.fee
        yield _about(kind, payment, attempt, report, str(expected.value), str(told.value))


def _about(
    kind: DiscrepancyKind,
    payment: Payment,
    attempt: PaymentAttempt,
    report: StatusReport,
    ours: str,
    theirs: str,
) -> Discrepancy:
    return _found(kind, payment, attempt, report.transaction_id, ours, theirs)


def _found(
    kind: DiscrepancyKind,
    payment: Payment,
    attempt: PaymentAttempt,
    transaction_id: str,
    ours: str,
    theirs: str,
) -> Discrepancy:
    return Discrepancy(
        kind=kind,
        gateway_order_id=gateway_order_id(payment.order_id, attempt.number),
        transaction_id=transaction_id,
        order_id=payment.order_id,
        ours=str(ours),
        theirs=str(theirs),
    )
