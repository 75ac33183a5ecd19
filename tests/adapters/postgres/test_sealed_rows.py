"""What is sealed for one row opens in no other."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import tink
from sqlalchemy import Column, ColumnElement, and_, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.bank_details_store import BankDetailsStore
from adapters.postgres.credit_note_store import CreditNoteStore
from adapters.postgres.invoice_store import InvoiceStore
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.tables import (
    bank_details,
    cases,
    credit_notes,
    gateway_transactions,
    refunds,
)
from payments.bank_details import BankDetails
from payments.progress import Progress
from payments.request import PaymentRequest
from tests.adapters.postgres.rows import (
    credit_order_of,
    rows_of,
    transfer_back,
    wanted_of,
)
from tests.payments.samples import after

Place = ColumnElement[bool]
Living = Callable[[], Awaitable[PaymentRequest]]
Reading = Callable[[PaymentRequest], Awaitable[None]]
ACCOUNT = BankDetails(bank="BCA", account_number="1234567890", account_holder="Sari Dewi")
OF_AN_ORDER = [
    refunds.c.sealed_refund,
    bank_details.c.sealed_token,
    bank_details.c.sealed_details,
    gateway_transactions.c.sealed_money,
    cases.c.sealed_details,
    cases.c.sealed_amount,
    credit_notes.c.sealed_document,
    credit_notes.c.sealed_pdf,
]


@pytest.fixture
def refunded(
    store: PaymentStore,
    details: BankDetailsStore,
    credit_notes: CreditNoteStore,
    invoices: InvoiceStore,
    new_order: Callable[[], PaymentRequest],
    paid: Callable[[PaymentRequest], Awaitable[Progress]],
) -> Living:
    async def live() -> PaymentRequest:
        """An order with something in every column, by two refunds."""
        order = new_order()
        await paid(order)
        await invoices.issue(order.order_id, after(minutes=2))
        for key in ("r-1", "r-2"):
            await store.request_refund(wanted_of(order, key, 1_000))
        payment = await store.payment(order.order_id)
        assert payment is not None
        for refund in payment.refunds:
            await details.give(refund.link_token or "", ACCOUNT, after(hours=2))
            await transfer_back(store, order, refund.refund_key)
            note = await credit_notes.issue(credit_order_of(order, refund.refund_key))
            assert note is not None
            await credit_notes.store_pdf(note.number, b"%PDF")
        return order

    return live


@pytest.fixture
def read_all(
    store: PaymentStore, details: BankDetailsStore, credit_notes: CreditNoteStore
) -> Reading:
    async def read(order: PaymentRequest) -> None:
        assert await store.payment(order.order_id) is not None
        for key in ("r-1", "r-2"):
            assert await details.read(order.order_id, key, "ani", after(hours=4)) == ACCOUNT
            note = await credit_notes.credit_note(order.order_id, key)
            assert note is not None
            assert await credit_notes.pdf(order.order_id, note.number) == b"%PDF"

    return read


@asynccontextmanager
async def copied(
    engine: AsyncEngine, column: Column[bytes], source: Place, target: Place
) -> AsyncIterator[None]:
    """The first value of `source` in every row of `target`; put right at the end."""
    table = column.table
    async with engine.begin() as connection:
        before = (await connection.execute(select(table).where(target))).mappings().all()
        values = select(column).where(source, column.is_not(None)).limit(1)
        value = (await connection.execute(values)).scalar_one()
        await connection.execute(update(table).where(target).values({column: value}))
    yield
    async with engine.begin() as connection:
        for row in before:
            key = [own == row[own.name] for own in table.primary_key]
            restored = update(table).where(*key).values({column: row[column.name]})
            await connection.execute(restored)


@pytest.mark.parametrize("column", OF_AN_ORDER, ids=str)
async def test_a_value_copied_to_another_order_does_not_open(
    engine: AsyncEngine, refunded: Living, read_all: Reading, column: Column[bytes]
) -> None:
    source, target = await refunded(), await refunded()
    await read_all(target)
    own = column.table.c.order_id

    async with copied(engine, column, own == source.order_id, own == target.order_id):
        with pytest.raises(tink.TinkError):
            await read_all(target)

    await read_all(target)


OF_A_REFUND = [
    refunds.c.sealed_refund,
    bank_details.c.sealed_token,
    bank_details.c.sealed_details,
    credit_notes.c.sealed_document,
    credit_notes.c.sealed_pdf,
]


@pytest.mark.parametrize("column", OF_A_REFUND, ids=str)
async def test_a_value_copied_to_another_refund_does_not_open(
    engine: AsyncEngine, refunded: Living, read_all: Reading, column: Column[bytes]
) -> None:
    order = await refunded()
    own, key = column.table.c.order_id == order.order_id, column.table.c.refund_key

    async with copied(engine, column, and_(own, key == "r-1"), and_(own, key == "r-2")):
        with pytest.raises(tink.TinkError):
            await read_all(order)


@pytest.mark.parametrize("column", [cases.c.sealed_details, cases.c.sealed_amount], ids=str)
async def test_a_value_copied_to_a_case_about_another_refund_does_not_open(
    engine: AsyncEngine, refunded: Living, read_all: Reading, column: Column[bytes]
) -> None:
    order = await refunded()
    own, about = cases.c.order_id == order.order_id, cases.c.about

    async with copied(engine, column, and_(own, about == "r-1"), and_(own, about == "r-2")):
        with pytest.raises(tink.TinkError):
            await read_all(order)


async def test_a_case_is_kept_once_per_key(engine: AsyncEngine, refunded: Living) -> None:
    order = await refunded()
    first, second = await rows_of(engine, cases, order.order_id)
    assert {first["about"], second["about"]} == {"r-1", "r-2"}
    again = {name: first[name] for name in first if name != "case_id"}

    with pytest.raises(IntegrityError, match="uq_cases_order_id_code"):
        async with engine.begin() as connection:
            await connection.execute(insert(cases).values(again))
