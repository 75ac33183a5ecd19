"""Finance: the money of some days as rows, and a log of who exported it that is only added to.

Each hash covers the export and the hash before it, as in the audit log.
"""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import RowMapping, Select, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.audit import chained
from adapters.postgres.invoice_store import open_invoice
from adapters.postgres.payment_pages import Money as PagedMoney
from adapters.postgres.payment_pages import PaymentPages
from adapters.postgres.reconciliation_tables import finance_exports
from adapters.postgres.runs import Runs
from adapters.postgres.sealing import Sealer
from adapters.postgres.tables import invoices
from payments.gateway import GatewayTransaction
from payments.methods import PaymentMethod
from payments.money import Money
from payments.payment import Payment
from payments.request import gateway_order_id

# Any number will do, as long as every version of this service uses the same one.
_EXPORTING = 7_266_352_019
_FIRST = bytes(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRow:
    """The money that came by one transaction.

    `gross` is what the order got of it, `refunded` all of that which went back: refunds,
    chargebacks, reversals. `fee` and `net`, which has what the customer bore of the fee as well,
    are None until a settlement file has told the fee; `tax` is the invoice's, None without any.
    """

    order_id: str
    transaction_id: str
    paid_at: datetime
    method: PaymentMethod
    gross: Money
    fee: Money | None
    net: Money | None
    tax: Money | None
    refunded: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportsVerdict:
    """How many exports fit their chain, and the number of the first that does not."""

    exports: int
    broken_seq: int | None = None


class FinanceStore:
    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer
        self._pages = PaymentPages(engine, sealer)
        self._runs = Runs(sealer)

    async def rows(self, start: datetime, end: datetime) -> AsyncIterator[ExportRow]:
        """What came in [start, end), the oldest first, read page by page."""
        async for page in self._pages.paid_between(start, end):
            fees = await self._fees(page)
            taxes = await self._taxes({payment.invoice_number for payment, _, _ in page})
            for payment, number, held in page:
                fee = fees.get((gateway_order_id(payment.order_id, number), held.transaction_id))
                yield _row(payment, number, held, fee, _tax(payment, held, taxes))

    async def note_export(
        self, actor: str, start: datetime, end: datetime, rows: int, digest: bytes, at: datetime
    ) -> None:
        """Write down who exported what; `digest` is of the file as it was written."""
        export = {
            "at": at,
            "actor": actor,
            "exported_from": start,
            "exported_to": end,
            "rows": rows,
            "digest": digest,
        }
        async with self._engine.begin() as connection:
            await connection.execute(
                text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _EXPORTING}
            )
            last = (await connection.execute(_LAST)).first()
            seq, previous = (last.seq, last.hash) if last else (0, _FIRST)
            row = {"seq": seq + 1, **export}
            values = {**row, "hash": chained(previous, _hashed(row))}
            await connection.execute(insert(finance_exports).values(values))

    async def verify_exports(self, page: int = 1000) -> ExportsVerdict:
        """Walk the chain of exports."""
        seq, previous = 0, _FIRST
        async for row in self._exports(page):
            entry = {column.name: row[column.name] for column in _HASHED}
            if row["seq"] != seq + 1 or chained(previous, _hashed(entry)) != row["hash"]:
                return ExportsVerdict(exports=seq, broken_seq=seq + 1)
            seq, previous = row["seq"], row["hash"]
        return ExportsVerdict(exports=seq)

    async def _exports(self, page: int) -> AsyncIterator[RowMapping]:
        query = select(finance_exports).order_by(finance_exports.c.seq).limit(page)
        rows: Sequence[RowMapping] = ()
        while not rows or len(rows) == page:
            after = rows[-1]["seq"] if rows else 0
            async with self._engine.connect() as connection:
                behind = query.where(finance_exports.c.seq > after)
                rows = (await connection.execute(behind)).mappings().all()
            for row in rows:
                yield row
            if not rows:
                return

    async def _fees(self, page: Iterable[PagedMoney]) -> dict[tuple[str, str], Money]:
        names = {gateway_order_id(payment.order_id, number) for payment, number, _ in page}
        async with self._engine.connect() as connection:
            return await self._runs.fees(connection, names)

    async def _taxes(self, numbers: Collection[str | None]) -> dict[str, Money]:
        """The tax of each of these invoices that has one."""
        known = sorted(number for number in numbers if number is not None)
        query = _INVOICES.where(invoices.c.number.in_(known))
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        documents = (open_invoice(self._sealer, row) for row in rows)
        return {each.number: each.tax.amount for each in documents if each.tax is not None}


def _row(
    payment: Payment, number: int, held: GatewayTransaction, fee: Money | None, tax: Money | None
) -> ExportRow:
    books = payment.books_of(held)
    gross = held.captured or payment.request.amount
    came = gross if held.customer_fee is None else gross + held.customer_fee
    refunded = gross - books.kept - books.waiting
    assert held.paid_at is not None, "it was found by the time at which it was paid"
    return ExportRow(
        order_id=payment.order_id,
        transaction_id=held.transaction_id,
        paid_at=held.paid_at,
        method=held.method or payment.attempts[number - 1].method,
        gross=gross,
        fee=fee,
        net=None if fee is None else came - fee - refunded,
        tax=tax,
        refunded=refunded,
    )


def _tax(payment: Payment, held: GatewayTransaction, taxes: Mapping[str, Money]) -> Money | None:
    """The invoice is of the transaction that pays the order, and of no other."""
    paying = payment.paying
    is_paying = paying is not None and paying.transaction_id == held.transaction_id
    return taxes.get(payment.invoice_number or "") if is_paying else None


def _hashed(row: Mapping[str, Any]) -> dict[str, Any]:
    """The row as canonical JSON can hold it; `at` is made so by the audit log."""
    days = {name: _instant(row[name]) for name in ("exported_from", "exported_to")}
    return {**row, **days, "digest": row["digest"].hex()}


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


_HASHED = tuple(column for column in finance_exports.c if column.name != "hash")
_INVOICES: Select[Any] = select(invoices.c.number, invoices.c.sealed_document)
_LAST = (
    select(finance_exports.c.seq, finance_exports.c.hash)
    .order_by(finance_exports.c.seq.desc())
    .limit(1)
)
