"""A row of the gateway's settlement file, and how it differs from what we hold."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction

from payments.gateway import GatewayTransaction
from payments.methods import PaymentMethod
from payments.money import Money
from payments.payment import Payment
from payments.reconciling import Discrepancy, DiscrepancyKind, is_as_held, unreadable
from payments.request import split_gateway_order_id
from payments.status import MONEY_CAME, AttemptStatus, Verdict, as_seen_after, judge


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementRow:
    """One line of the file; what the file does not say is None."""

    line: int
    gateway_order_id: str
    transaction_id: str | None = None
    status: AttemptStatus | None = None
    method: PaymentMethod | None = None
    amount: Money | None = None
    fee: Money | None = None
    refunded: Money | None = None
    settled_at: datetime | None = None
    has_time: bool = True  # False: the file names only the day


@dataclass(frozen=True, slots=True)
class ExpectedFee:
    """What the gateway takes of one payment: a share of it, and a fixed amount."""

    percent: Fraction = Fraction(0)
    flat: int = 0

    def of(self, amount: Money) -> Money:
        """Half-up to whole minor units."""
        share = self.percent * amount.value / 100
        return Money(int(share + Fraction(1, 2)) + self.flat, amount.currency)


@dataclass(frozen=True, slots=True)
class FeeTable:
    """The agreed fees by method; of a method that is not named, none is expected or denied."""

    fees: Mapping[PaymentMethod, ExpectedFee] = field(default_factory=dict)
    tolerance: int = 1  # minor units: who rounds how is not known


def row_differences(
    payment: Payment | None, row: SettlementRow, fees: FeeTable
) -> tuple[Discrepancy, ...]:
    """How one row differs from the payment that it names; `payment` is None when none is stored."""
    held = held_of(payment, row)
    if payment is None or held is None:
        return (_found(DiscrepancyKind.OURS_MISSING, row, "none", _told(row)),)
    return tuple(_differences(payment, held, row, fees))


def unreadable_row(row: SettlementRow, order_ids: Collection[str]) -> tuple[Discrepancy, ...]:
    """That of a row whose order is one of these, which are stored but cannot be read."""
    split = split_gateway_order_id(row.gateway_order_id)
    return (unreadable(*split),) if split is not None and split[0] in order_ids else ()


def held_of(payment: Payment | None, row: SettlementRow) -> GatewayTransaction | None:
    """The transaction of ours that the row is about."""
    split = split_gateway_order_id(row.gateway_order_id)
    if payment is None or split is None or not 1 <= split[1] <= len(payment.attempts):
        return None
    attempt = payment.attempts[split[1] - 1]
    if row.transaction_id is not None:
        return attempt.transaction(row.transaction_id)
    # A file without transaction ids: the one that brought money, else the last.
    with_money = [each for each in attempt.transactions if each.status in MONEY_CAME]
    return next(iter(with_money or attempt.transactions[-1:]), None)


def duplicate(row: SettlementRow, first_line: int) -> Discrepancy:
    """The file has this transaction twice."""
    return _found(DiscrepancyKind.DUPLICATE_ROW, row, f"line {first_line}", f"line {row.line}")


def missing_row(payment: Payment, attempt: int, held: GatewayTransaction) -> Discrepancy:
    """Money that we hold came in the file's time, and the file does not have it."""
    return Discrepancy(
        kind=DiscrepancyKind.THEIRS_MISSING,
        gateway_order_id=f"{payment.order_id}~{attempt}",
        transaction_id=held.transaction_id,
        order_id=payment.order_id,
        ours=held.status.value,
        theirs="no row",
    )


def _differences(
    payment: Payment, held: GatewayTransaction, row: SettlementRow, fees: FeeTable
) -> Iterator[Discrepancy]:
    captured = held.captured or payment.request.amount
    fee = held.customer_fee or Money.zero(captured.currency)
    is_old = _is_older(held, row)
    if row.status is not None and not is_old and not is_as_held(held, row.status, fee):
        yield _found(DiscrepancyKind.STATE_DIFFERS, row, held.status, row.status)
    if held.status in MONEY_CAME:
        yield from _amount_differs(row, captured, fee)
        yield from _refunded_differs(payment, held, row, captured + fee)
    yield from _fee_differs(row, held, fees, captured + fee)


def _is_older(held: GatewayTransaction, row: SettlementRow) -> bool:
    """Whether what we hold may have followed: a file is of the time when it was exported."""
    if row.status is None:
        return False
    seen = as_seen_after(held.status, row.status)
    if seen is held.status:
        # More may have been given back since; every other status is the same at any time.
        return seen is AttemptStatus.PARTIALLY_REFUNDED
    return judge(held.status, seen) is Verdict.STALE


def _amount_differs(row: SettlementRow, captured: Money, fee: Money) -> Iterator[Discrepancy]:
    """Whether the file's amount has the customer's fee in it is not documented."""
    if row.amount is not None and row.amount not in (captured, captured + fee):
        ours = str((captured + fee).value)
        yield _found(DiscrepancyKind.AMOUNT_DIFFERS, row, ours, str(row.amount.value))


def _refunded_differs(
    payment: Payment, held: GatewayTransaction, row: SettlementRow, gross: Money
) -> Iterator[Discrepancy]:
    # A card that was let go before it settled was never debited: the file has no refund of it.
    if row.refunded is None or row.status is AttemptStatus.CANCELLED:
        return
    books = payment.books_of(held)
    refunded = books.refunded - payment.transferred_of(held)
    is_all = books.captured == refunded
    is_with_fee = is_all and refunded.value <= row.refunded.value <= gross.value
    is_later = row.refunded.value < refunded.value and _is_older(held, row)
    if row.refunded != refunded and not is_with_fee and not is_later:
        yield _found(
            DiscrepancyKind.REFUND_DIFFERS, row, str(refunded.value), str(row.refunded.value)
        )


def _fee_differs(
    row: SettlementRow, held: GatewayTransaction, fees: FeeTable, gross: Money
) -> Iterator[Discrepancy]:
    if row.fee is None:
        return
    method = row.method or held.method
    agreed = fees.fees.get(method) if method is not None else None
    expected = agreed.of(gross) if agreed else None
    is_absurd = not 0 <= row.fee.value <= gross.value
    is_other = expected is not None and abs(expected.value - row.fee.value) > fees.tolerance
    if is_absurd or is_other:
        ours = "0 to the amount" if expected is None else str(expected.value)
        yield _found(DiscrepancyKind.FEE_UNEXPECTED, row, ours, str(row.fee.value))


def _told(row: SettlementRow) -> str:
    return row.status.value if row.status else f"line {row.line}"


def _found(kind: DiscrepancyKind, row: SettlementRow, ours: str, theirs: str) -> Discrepancy:
    split = split_gateway_order_id(row.gateway_order_id)
    return Discrepancy(
        kind=kind,
        gateway_order_id=row.gateway_order_id,
        transaction_id=row.transaction_id or "",
        order_id=split[0] if split else None,
        ours=str(ours),
        theirs=str(theirs),
    )
