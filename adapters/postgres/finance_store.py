"""Finance: the money of some days as rows, and a log of who exported it that is only added to."""

from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.invoice_store import open_invoice
from adapters.postgres.logs import Log
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


class FinanceStore:
    def __init__(self, engine: AsyncEngine, sealer: Sealer) -> None:
        self._engine = engine
        self._sealer = sealer
        self._pages = PaymentPages(engine, sealer)
        self._log = Log(finance_exports, sealer)
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
            await self._log.add(connection, export)

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


_INVOICES: Select[Any] = select(invoices.c.number, invoices.c.sealed_document)
