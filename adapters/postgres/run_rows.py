"""What finance reads of each attempt that a run looked at, and what a batch of them counts."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from adapters.postgres.discrepancy_rows import StoredDiscrepancy
from adapters.postgres.gateway_reports import HeardBy
from adapters.postgres.spreadsheets import Value, csv_bytes
from payments.gateway import GatewayTransaction
from payments.payment import PaymentAttempt
from payments.reconciliation import Examined, Tally
from payments.request import gateway_order_id
from payments.status import MONEY_CAME

# How we heard of money, by gateway order id and transaction id.
Heard = Mapping[tuple[str, str], HeardBy]

_ROWS_HEADER = (
    "order_id",
    "gateway_order_id",
    "transaction_id",
    "status",
    "method",
    "captured",
    "refunded",
    "paid_at",
    "found_by",
    "differences",
)
_DIFFERENCES_HEADER = (
    "id",
    "kind",
    "order_id",
    "gateway_order_id",
    "transaction_id",
    "ours",
    "theirs",
    "first_seen_at",
    "last_seen_at",
    "resolution",
    "resolved_by",
    "resolved_at",
)
_UNANSWERED = "unanswered"


def rows_of(examined: Iterable[Examined], heard: Heard) -> bytes:
    return csv_bytes(row for each in examined for row in _rows(each, heard))


def rows_header() -> bytes:
    return csv_bytes([_ROWS_HEADER])


def differences_csv(found: Iterable[StoredDiscrepancy]) -> bytes:
    return csv_bytes([_DIFFERENCES_HEADER, *(_difference(each) for each in found)])


def tally_of(examined: Sequence[Examined], heard: Heard, repaired: int) -> Tally:
    captured, refunded = Counter[str](), Counter[str]()
    for each in examined:
        for transaction in _with_money(_attempt(each)):
            books = each.payment.books_of(transaction)
            method = transaction.method or _attempt(each).method
            captured[method.value] += books.captured.value
            refunded[method.value] += books.refunded.value
    return Tally(
        checked=len(examined),
        unanswered=sum(not each.was_answered for each in examined),
        found=dict(Counter(found.kind.value for each in examined for found in each.found)),
        repaired=repaired,
        captured=dict(captured),
        refunded=dict(refunded),
        found_by=dict(Counter(way.value for each in examined for way in _ways(each, heard)[:1])),
    )


def gateway_id(examined: Examined) -> str:
    return gateway_order_id(examined.payment.order_id, examined.number)


def _rows(examined: Examined, heard: Heard) -> Iterator[tuple[Value, ...]]:
    attempt = _attempt(examined)
    shown = _with_money(attempt) or attempt.transactions[-1:]
    if not shown:
        yield _row(examined, (attempt.status.value, attempt.method.value, None, None, None), "", "")
    for each in shown:
        by = heard.get((gateway_id(examined), each.transaction_id), HeardBy.ASKING)
        has_money = each.status in MONEY_CAME
        books = examined.payment.books_of(each)
        told = (
            each.status.value,
            (each.method or attempt.method).value,
            books.captured.value if has_money else None,
            books.refunded.value if has_money else None,
            each.paid_at,
        )
        yield _row(examined, told, each.transaction_id, by.value if has_money else "")


def _row(
    examined: Examined, told: tuple[Value, ...], transaction_id: str, heard_by: str
) -> tuple[Value, ...]:
    kinds = " ".join(sorted({found.kind.value for found in examined.found}))
    place = (examined.payment.order_id, gateway_id(examined), transaction_id)
    return (*place, *told, heard_by, kinds if examined.was_answered else _UNANSWERED)


def _difference(each: StoredDiscrepancy) -> tuple[Value, ...]:
    found, resolved = each.found, each.resolved
    return (
        each.discrepancy_id,
        found.kind.value,
        found.order_id,
        found.gateway_order_id,
        found.transaction_id,
        found.ours,
        found.theirs,
        each.first_seen_at,
        each.last_seen_at,
        resolved.resolution.value if resolved else None,
        resolved.actor if resolved else None,
        resolved.at if resolved else None,
    )


def _ways(examined: Examined, heard: Heard) -> list[HeardBy]:
    return [
        heard.get((gateway_id(examined), each.transaction_id), HeardBy.ASKING)
        for each in _with_money(_attempt(examined))
    ]


def _attempt(examined: Examined) -> PaymentAttempt:
    return examined.payment.attempts[examined.number - 1]


def _with_money(attempt: PaymentAttempt) -> tuple[GatewayTransaction, ...]:
    return tuple(each for each in attempt.transactions if each.status in MONEY_CAME)
