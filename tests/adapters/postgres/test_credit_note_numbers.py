import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine
from tink import mac

from adapters.keysets import AeadKeyset
from adapters.postgres.audit_verdict import verify
from adapters.postgres.credit_note_store import CreditNoteStore
from adapters.postgres.invoice_store import InvoiceStore
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.sealing import Cell, Sealer
from adapters.postgres.tables import credit_notes as credit_note_rows
from payments.progress import NO_REFUND, Progress
from payments.request import PaymentRequest
from payments.status import PaymentStatus
from tests.adapters.postgres.rows import (
    credit_order_of,
    reverse,
)
from tests.payments.samples import after

Paying = Callable[[PaymentRequest], Awaitable[Progress]]


class FailingSealer(Sealer):
    """Fails for a document whose turn it is, after its number was taken."""

    failures = 0

    def seal(self, cell: Cell, clear: bytes) -> bytes:
        if cell.table == "credit_notes" and self.failures > 0:
            self.failures -= 1
            raise RuntimeError("the key is out of reach")
        return super().seal(cell, clear)


@pytest.fixture
def failing(keyset: AeadKeyset, lookup: mac.Mac) -> FailingSealer:
    return FailingSealer(keyset, lookup)


async def test_numbers_have_no_gaps_however_many_are_issued_at_once_or_fail(
    engine: AsyncEngine,
    failing: FailingSealer,
    new_order: Callable[[], PaymentRequest],
    paid: Paying,
    store: PaymentStore,
    invoices: InvoiceStore,
) -> None:
    # A year of its own, so that the series begins here.
    at = datetime(2042, 1, 1, tzinfo=UTC)
    credit_notes = CreditNoteStore(engine, failing)
    orders = [new_order() for _ in range(25)]
    for order in orders:
        await paid(order)
        await invoices.issue(order.order_id, after(minutes=2))
        await reverse(store, order)
    wishes = [credit_order_of(order, NO_REFUND, at) for order in orders]
    failing.failures = 5

    first_try = await asyncio.gather(
        *(credit_notes.issue(wish) for wish in wishes), return_exceptions=True
    )
    failed = [
        wish
        for wish, outcome in zip(wishes, first_try, strict=True)
        if isinstance(outcome, BaseException)
    ]
    await asyncio.gather(*(credit_notes.issue(wish) for wish in failed))

    query = select(credit_note_rows.c.serial).where(credit_note_rows.c.series == "CN-2042")
    async with engine.connect() as connection:
        serials = (await connection.execute(query)).scalars().all()
    assert len(failed) >= 5
    assert sorted(serials) == list(range(1, 26))
    assert (await verify(engine)).broken is None


async def test_credit_notes_and_invoices_are_counted_apart(
    store: PaymentStore,
    invoices: InvoiceStore,
    credit_notes: CreditNoteStore,
    order: PaymentRequest,
    paid: Paying,
) -> None:
    at = datetime(2043, 6, 1, tzinfo=UTC)
    await paid(order)
    invoice = await invoices.issue(order.order_id, at)
    reversed_ = await reverse(store, order)

    note = await credit_notes.issue(credit_order_of(order, NO_REFUND, at))

    assert reversed_.status is PaymentStatus.REVERSED
    assert note is not None
    assert (invoice.number, note.number) == ("INV-2043-000001", "CN-2043-000001")
