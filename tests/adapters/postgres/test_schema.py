import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, insert, text
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres import keyset_uses  # noqa: F401 - has a table
from adapters.postgres.audit_log import AuditLog
from adapters.postgres.audit_verdict import verify
from adapters.postgres.chains import chained
from adapters.postgres.credit_note_store import CreditNoteStore
from adapters.postgres.engine import create_engine
from adapters.postgres.finance_store import FinanceStore
from adapters.postgres.invoice_store import InvoiceStore
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.reconciliation_store import ReconciliationStore
from adapters.postgres.reconciliation_tables import finance_exports, metadata
from adapters.postgres.schema import configuration, migrate, schema_is_current
from adapters.postgres.sealing import Sealer
from adapters.postgres.tables import TransactionId
from local_stack.postgres import Postgres
from payments.believing import answered
from payments.cases import CaseCode, Resolution
from payments.changes import Change
from payments.charging import placed
from payments.invoice import Invoice
from payments.progress import NO_REFUND
from payments.reconciling import RunKind
from payments.request import PaymentRequest
from payments.status import AttemptStatus, PaymentStatus
from tests.adapters.postgres.old_rows import (
    OLD_DETAILS,
    store_old,
    store_old_case,
    store_old_invoice,
    store_old_mail,
)
from tests.adapters.postgres.reconciliations import batch_of, examined_of, started_of
from tests.adapters.postgres.rows import credit_order_of, decision_on, wanted_of
from tests.payments.samples import (
    MERCHANT,
    NOW,
    REQUEST,
    TERMS,
    after,
    answer_of,
    attempt_of,
    opening_of,
    report_of,
)


@pytest.fixture
async def empty_url(postgres: Postgres, request: pytest.FixtureRequest) -> str:
    return await postgres.create_database(request.node.name)


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_engine(empty_url, application_name="tests")
    yield engine
    await engine.dispose()


async def test_the_migrations_make_the_tables_that_the_code_knows(
    engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ischema_names, "xid8", TransactionId)

    def differences(connection: Connection) -> object:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    async with engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_an_old_schema_is_told_from_the_current_one(
    empty: AsyncEngine, empty_url: str
) -> None:
    assert not await schema_is_current(empty)

    await migrate(empty_url)

    assert await schema_is_current(empty)


async def test_several_migrators_do_not_collide(empty: AsyncEngine, empty_url: str) -> None:
    await asyncio.gather(*(migrate(empty_url) for _ in range(4)))

    assert await schema_is_current(empty)


async def test_there_is_no_way_back(empty: AsyncEngine, empty_url: str) -> None:
    await migrate(empty_url)

    def downgrade(connection: Connection) -> None:
        command.downgrade(configuration(connection), "base")

    async with empty.connect() as connection:
        with pytest.raises(NotImplementedError, match="restore a backup"):
            await connection.run_sync(downgrade)


async def test_what_the_first_version_stored_survives(
    empty: AsyncEngine, empty_url: str, sealer: Sealer
) -> None:
    await _upgrade(empty, "0001")
    async with empty.begin() as connection:
        await store_old(connection, sealer, FIRST)
        for code in (CaseCode.MISMATCH, CaseCode.LATE_MONEY):
            await store_old_case(connection, sealer, REQUEST.order_id, code)

    await migrate(empty_url)

    store = PaymentStore(empty, sealer, TERMS)
    stored = await store.payment(REQUEST.order_id)
    assert stored is not None
    assert replace(stored, cases=()) == FIRST.payment
    assert stored.latest_attempt.link_token is None
    mismatch, late = await store.cases()
    assert stored.cases == (mismatch.case, late.case)
    assert (mismatch.details, mismatch.amount, mismatch.about) == (OLD_DETAILS, None, "")
    assert (mismatch.money_came, late.money_came) == (False, True)
    assert (await verify(empty)).broken is None

    # And life goes on with it.
    await store.record_opened(opening_of(REQUEST))
    paid = await store.record_answer(answer_of(REQUEST, AttemptStatus.PAID))
    for case in (mismatch, late):
        assert await store.resolve_case(decision_on(case, Resolution.NOTED)) is not None
    assert paid.status is PaymentStatus.PAID
    assert await store.cases() == ()
    assert (await verify(empty)).broken is None


async def test_money_that_the_second_version_stored_can_be_given_back(
    second: AsyncEngine, sealer: Sealer, empty_url: str
) -> None:
    async with second.begin() as connection:
        await store_old(connection, sealer, _paid(REQUEST))
        await store_old_invoice(connection, sealer, OLD_INVOICE, 7)
        await store_old_mail(connection, REQUEST.order_id, "receipt")

    await migrate(empty_url)

    store = PaymentStore(second, sealer, TERMS)
    invoices = InvoiceStore(second, sealer, MERCHANT)
    before = await store.payment(REQUEST.order_id)
    assert before is not None
    assert before.paying is not None
    assert (before.paid_transaction_id, before.paying.captured) == (None, None)
    progress = await store.progress(REQUEST.order_id)
    assert progress is not None
    assert not progress.has_documents_due
    assert await invoices.issue(REQUEST.order_id, NOW) == OLD_INVOICE

    refunded = await store.request_refund(wanted_of(REQUEST, "r-1"))
    assert [refund.refund_key for refund in refunded.refunds] == ["r-1"]
    after_it = await store.payment(REQUEST.order_id)
    assert after_it is not None
    assert after_it.refunds[0].amount == REQUEST.amount
    assert (await verify(second)).broken is None


async def test_what_the_second_version_held_reversed_is_unpaid_and_its_invoice_cancelled(
    second: AsyncEngine, sealer: Sealer, empty_url: str
) -> None:
    paid = _paid(REQUEST)
    reversed_ = replace(paid.payment, status=PaymentStatus.REVERSED)
    async with second.begin() as connection:
        await store_old(connection, sealer, replace(paid, payment=reversed_))
        await store_old_invoice(connection, sealer, OLD_INVOICE, 7)

    await migrate(empty_url)

    store = PaymentStore(second, sealer, TERMS)
    credit_notes = CreditNoteStore(second, sealer)
    payment = await store.payment(REQUEST.order_id)
    assert payment is not None
    assert (payment.paying, payment.paid_at, payment.paid_with) == (None, None, None)
    assert (payment.invoice_number, payment.cancelled_invoice) == (None, OLD_INVOICE.number)
    note = await credit_notes.issue(credit_order_of(REQUEST, NO_REFUND))
    assert note is not None
    assert (note.invoice_number, note.amount) == (OLD_INVOICE.number, REQUEST.amount)
    assert (await verify(second)).broken is None


async def test_when_money_came_that_an_earlier_version_stored_is_known_for_finance(
    second: AsyncEngine, sealer: Sealer, empty_url: str
) -> None:
    async with second.begin() as connection:
        await store_old(connection, sealer, _paid(REQUEST))
        await store_old_invoice(connection, sealer, OLD_INVOICE, 7)
    await _upgrade(second, "0003")
    async with second.begin() as connection:
        await connection.execute(text(_OLD_REPORT), {"order_id": REQUEST.order_id, "at": NOW})

    await migrate(empty_url)

    finance = FinanceStore(second, sealer)
    rows = [row async for row in finance.rows(NOW, after(hours=1))]
    assert [(row.order_id, row.gross) for row in rows] == [(REQUEST.order_id, REQUEST.amount)]
    store = ReconciliationStore(second, sealer)
    batch = batch_of("run-1", kind=RunKind.RECENT, since=NOW)
    ((payment, number),) = (await store.attempts(batch)).readable
    await store.begin(started_of(batch))
    tally = await store.record(batch, [examined_of(payment, number)])
    # What the version before kept of a notification is a notification still.
    assert tally.found_by == {"notification": 1}
    assert (await verify(second)).broken is None


async def test_what_earlier_versions_wrote_into_the_logs_is_sealed_once(
    second: AsyncEngine, sealer: Sealer, empty_url: str
) -> None:
    async with second.begin() as connection:
        await store_old(connection, sealer, FIRST)
    await _upgrade(second, "0004")
    export = {"seq": 1, "at": NOW, "actor": "ani", "exported_from": NOW, "exported_to": NOW}
    export |= {"rows": 7, "digest": b"digest"}
    async with second.begin() as connection:
        values = {**export, "hash": chained(bytes(32), export)}
        await connection.execute(insert(finance_exports).values(values))

    await migrate(empty_url)

    log = AuditLog(second, sealer)
    unsealed = await log.verify()
    assert (unsealed.broken, unsealed.unsealed, unsealed.log_entries) == (None, 2, 1)
    assert await log.seal(lambda _: None) == 2
    assert (await log.verify()).is_sound


_OLD_REPORT = (
    "INSERT INTO gateway_reports (digest, order_id, gateway, gateway_order_id, transaction_id,"
    " status, received_at, state, sealed_raw) VALUES ('d', :order_id, 'midtrans',"
    " :order_id || '~1', 'trx-1', 'paid', :at, 'recorded', 'x')"
)
FIRST = placed(REQUEST, attempt_of(REQUEST))
OLD_INVOICE = Invoice(
    number="INV-2026-000007",
    order_id=REQUEST.order_id,
    issued_at=NOW,
    paid_at=NOW,
    paid_with=REQUEST.method,
    locale=REQUEST.locale,
    merchant=MERCHANT,
    customer=REQUEST.customer,
    items=REQUEST.items,
    total=REQUEST.amount,
    tax=None,
)


@pytest.fixture
async def second(empty: AsyncEngine) -> AsyncEngine:
    """A database of the schema's second version."""
    await _upgrade(empty, "0002")
    return empty


def _paid(order: PaymentRequest) -> Change:
    """The order as it was kept once it was paid and invoiced."""
    change = FIRST.then(
        lambda payment: answered(payment, 1, report_of(order, AttemptStatus.PAID), TERMS, NOW)
    )
    invoiced = replace(change.payment, invoice_number=OLD_INVOICE.number)
    return replace(change, payment=invoiced)


async def _upgrade(engine: AsyncEngine, revision: str) -> None:
    def upgrade(connection: Connection) -> None:
        command.upgrade(configuration(connection), revision)

    async with engine.begin() as connection:
        await connection.run_sync(upgrade)
