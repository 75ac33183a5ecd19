"""How a refund is spread over its row and that of the customer's link, and put together again."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Row

from adapters.postgres.sealing import Cell, SealedColumn, Sealer
from adapters.postgres.tables import bank_details, refunds
from payments.money import Money
from payments.payment import Payment
from payments.refunds import Refund, RefundCause, RefundStatus

Values = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class _SealedRefund:
    """What of a refund the database may not read."""

    amount: Money
    reason: str
    reference: str | None = None


_SEALED = SealedColumn(refunds.c.sealed_refund, _SealedRefund)


class RefundRows:
    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def changed(self, before: Payment, after: Payment) -> list[Values]:
        """The refunds that `after` has and `before` has not, or has otherwise."""
        known = set(before.refunds)
        return [
            self._values(after.order_id, position, refund)
            for position, refund in enumerate(after.refunds)
            if refund not in known
        ]

    def link(self, order_id: str, refund: Refund, token: str) -> Values:
        cell = Cell.of(bank_details.c.sealed_token, order_id, refund.refund_key)
        return {
            "order_id": order_id,
            "refund_key": refund.refund_key,
            "token_lookup": self._sealer.digest(bank_details.c.token_lookup, token),
            "sealed_token": self._sealer.seal(cell, token.encode()),
        }

    def refunds(self, rows: Iterable[Row[Any]]) -> dict[str, tuple[Refund, ...]]:
        """Each order's refunds, the first one first."""
        return {
            order_id: tuple(self._refund(row) for row in of_order)
            for order_id, of_order in groupby(rows, key=lambda row: row.order_id)
        }

    def _values(self, order_id: str, position: int, refund: Refund) -> Values:
        sealed = _SealedRefund(
            amount=refund.amount, reason=refund.reason, reference=refund.reference
        )
        clear = {name: getattr(refund, name) for name in _CLEAR}
        return clear | {
            "order_id": order_id,
            "position": position,
            "sealed_refund": _SEALED.seal(self._sealer, sealed, order_id, refund.refund_key),
        }

    def _refund(self, row: Row[Any]) -> Refund:
        sealed = _SEALED.open(self._sealer, row.sealed_refund, row.order_id, row.refund_key)
        clear = {name: getattr(row, name) for name in _CLEAR}
        read = {"cause": RefundCause(row.cause), "status": RefundStatus(row.status)}
        return Refund(
            **(clear | read),
            amount=sealed.amount,
            reason=sealed.reason,
            reference=sealed.reference,
            link_token=self._link_token(row),
        )

    def _link_token(self, row: Row[Any]) -> str | None:
        if row.sealed_token is None:
            return None
        cell = Cell.of(bank_details.c.sealed_token, row.order_id, row.refund_key)
        return self._sealer.open(cell, row.sealed_token).decode()


# Those members of a refund whose columns have their names.
_CLEAR = tuple(
    column.name
    for column in refunds.c
    if column.name not in {"order_id", "position", "sealed_refund"}
)


def newly_manual(before: Payment, after: Payment) -> Iterator[Refund]:
    """The refunds that now need to be told where the money goes."""
    return (
        refund
        for refund in after.refunds
        if refund.status is RefundStatus.MANUAL and not _is_manual(before, refund)
    )


def no_longer_manual(before: Payment, after: Payment) -> Iterator[Refund]:
    """The refunds for which nobody needs to know any more where the money goes.

    After a transfer that is later, when its time is up; otherwise it is not made by hand at all.
    """
    for refund in after.refunds:
        known = before.refund(refund.refund_key)
        was_kept = known is not None and known.forget_at is not None
        was_needed = _is_manual(before, refund) and refund.status is not RefundStatus.MANUAL
        if refund.forget_at is None and (was_kept or was_needed):
            yield refund


def _is_manual(payment: Payment, refund: Refund) -> bool:
    known = payment.refund(refund.refund_key)
    return known is not None and known.status is RefundStatus.MANUAL
