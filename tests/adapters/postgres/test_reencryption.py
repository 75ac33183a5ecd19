"""Everything that is under an older key is made anew, while the service works."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import LargeBinary, event, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.keyset_keys import keys_of, with_key_of, with_primary, without_key
from adapters.keyset_source import KeysetSource
from adapters.keysets import (
    Keysets,
    load_aead,
    load_mac,
    new_aead_handle,
    new_aead_keyset,
    new_mac_handle,
)
from adapters.postgres.bank_details_store import BankDetailsStore
from adapters.postgres.credit_note_store import CreditNoteStore
from adapters.postgres.engine import create_engine
from adapters.postgres.invoice_store import InvoiceStore
from adapters.postgres.key_counts import KeyCounts, total
from adapters.postgres.logs import OperatorLog
from adapters.postgres.mail_ledger import MailLedger
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.reconciliation_store import ReconciliationStore
from adapters.postgres.reencryption import Page, Reencryption
from adapters.postgres.sealed_tables import SEALED_TABLES
from adapters.postgres.sealing import Cell, Sealer
from adapters.postgres.tables import (
    gateway_reports,
    metadata,
    payment_attempts,
    payment_links,
)
from payments.notice import Notice
from payments.request import PaymentRequest
from payments.status import AttemptStatus
from tests.adapters.postgres.test_secrecy import (  # noqa: F401 - fixtures
    CANARIES,
    given_back,
    reconciled,
    told,
)
from tests.payments.samples import MERCHANT, NOW, TERMS, after, placement_of

# What no key is behind, by table and column.
_WITHOUT_KEY = {
    ("orders", "audit_hash"): "a hash of what is clear",
    ("audit_events", "hash"): "a hash of what is clear",
    ("operator_events", "hash"): "a hash of what is clear",
    ("finance_exports", "hash"): "a hash of what is clear",
    ("finance_exports", "digest"): "a hash of a file",
    ("log_ends", "hash"): "a hash of what is clear",
}


@dataclass(frozen=True)
class Rotation:
    """The same keysets before, while and after their keys are replaced."""

    old: Keysets
    added: Keysets
    promoted: Keysets
    retired: Keysets


def _rotated(handle: Any, fresh: Any) -> list[str]:
    old, new = keys_of(handle)[0].key_id, keys_of(fresh)[0].key_id
    added = with_key_of(handle, fresh)
    promoted = with_primary(added, new)
    steps = (handle, added, promoted, without_key(promoted, old))
    return [KeysetSource("{}").serialised(each) for each in steps]


@pytest.fixture(scope="module")
def rotation() -> Rotation:
    temporal = load_aead(new_aead_keyset())
    database = _rotated(new_aead_handle(), new_aead_handle())
    lookup = _rotated(new_mac_handle(), new_mac_handle())
    return Rotation(
        *(
            Keysets(temporal=temporal, database=load_aead(one), lookup=load_mac(other))
            for one, other in zip(database, lookup, strict=True)
        )
    )


@pytest.fixture
def engine(fresh_engine: AsyncEngine) -> AsyncEngine:
    """What the stores of these tests work on: rows are counted here."""
    return fresh_engine


@pytest.fixture
def sealer(rotation: Rotation) -> Sealer:
    return _sealer(rotation.old)


@pytest.fixture
def ledger(engine: AsyncEngine, sealer: Sealer) -> MailLedger:
    return MailLedger(engine, sealer, "skaters.example")


@pytest.fixture
async def full(engine: AsyncEngine, sealer: Sealer, reconciled: PaymentRequest) -> PaymentRequest:  # noqa: F811
    """An order that lived through everything, so that no column is without a value."""
    await OperatorLog(engine, sealer).note("ani", "tested", {}, NOW)
    async with engine.connect() as connection:
        for each in SEALED_TABLES:
            for column in each.columns:
                kept = await connection.execute(select(func.count(column)))
                assert kept.scalar_one() > 0, f"{column} is without a value"
    return reconciled


def _sealer(keysets: Keysets) -> Sealer:
    return Sealer(keysets.database, keysets.lookup)


async def _pass(engine: AsyncEngine, keysets: Keysets) -> list[Page]:
    return [page async for page in Reencryption(engine, keysets).passed()]


async def _under(engine: AsyncEngine) -> tuple[set[int | None], set[int | None]]:
    """The keys that something is under: of the database, and for look-up."""
    counts = KeyCounts(engine)
    return set(total(await counts.sealed())), set(total(await counts.looked_up()))


def test_every_column_of_bytes_is_made_anew_or_has_no_key_behind_it() -> None:
    known = {column for each in SEALED_TABLES for column in each.columns}
    bytes_of = {
        column
        for table in metadata.sorted_tables
        for column in table.c
        if isinstance(column.type, LargeBinary)
    }

    left = {(column.table.name, column.name) for column in bytes_of - known}

    assert known <= bytes_of
    assert left == set(_WITHOUT_KEY)


async def test_afterwards_everything_can_be_read_without_the_old_keys(
    engine: AsyncEngine, store: PaymentStore, rotation: Rotation, full: PaymentRequest
) -> None:
    before = await store.payment(full.order_id)
    events = await store.events(None, 100)
    assert await _under(engine) == (
        {rotation.old.database.primary_key_id},
        {rotation.old.lookup.primary_key_id},
    )

    pages = await _pass(engine, rotation.promoted)

    assert [row for page in pages for row in page.unreadable] == []
    assert await _under(engine) == (
        {rotation.retired.database.primary_key_id},
        {rotation.retired.lookup.primary_key_id},
    )
    sealer = _sealer(rotation.retired)
    payments = PaymentStore(engine, sealer, TERMS)
    assert await payments.payment(full.order_id) == before
    assert (await payments.events(None, 100)) == events
    assert len(await payments.cases(open_only=False)) > 0
    invoices, notes = InvoiceStore(engine, sealer, MERCHANT), CreditNoteStore(engine, sealer)
    assert await invoices.pdf(full.order_id) == CANARIES["pdf"].encode()
    note = await notes.credit_note(full.order_id, "r-1")
    assert note is not None
    assert await notes.pdf(full.order_id, note.number) == CANARIES["credit_note_pdf"].encode()
    account = await BankDetailsStore(engine, sealer).read(
        full.order_id, "r-1", "ani", after(days=1)
    )
    assert account is not None
    assert account.account_number == CANARIES["account_number"]
    await _reconciliation_is_readable(ReconciliationStore(engine, sealer))


async def _reconciliation_is_readable(runs: ReconciliationStore) -> None:
    (run,) = await runs.runs()
    assert run.report is not None
    assert await runs.pdf(run.run_id) == CANARIES["run_pdf"].encode()
    assert CANARIES["difference"].encode() in await runs.differences_csv(run.run_id)
    assert len([piece async for piece in runs.rows_csv(run.run_id)]) == 2
    (kept,) = await runs.discrepancies(open_only=False)
    assert kept.resolved is not None
    assert kept.resolved.note == CANARIES["difference_note"]


async def test_a_second_pass_finds_nothing_to_do(
    engine: AsyncEngine, rotation: Rotation, full: PaymentRequest
) -> None:
    first = await _pass(engine, rotation.promoted)

    second = await _pass(engine, rotation.promoted)

    assert sum(page.renewed for page in first) > 0
    assert sum(page.renewed for page in second) == 0


async def test_what_was_stopped_halfway_is_finished_by_the_next_one(
    engine: AsyncEngine, rotation: Rotation, full: PaymentRequest
) -> None:
    passing = Reencryption(engine, rotation.promoted).passed()
    for _ in range(3):
        await anext(passing)
    assert len((await _under(engine))[0]) == 2

    await _pass(engine, rotation.promoted)

    assert await _under(engine) == (
        {rotation.promoted.database.primary_key_id},
        {rotation.promoted.lookup.primary_key_id},
    )


@pytest.mark.parametrize("is_renewed", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("asked_with", ["added", "promoted"])
async def test_links_and_requests_are_known_again_at_every_moment(
    engine: AsyncEngine,
    store: PaymentStore,
    rotation: Rotation,
    full: PaymentRequest,
    asked_with: str,
    *,
    is_renewed: bool,
) -> None:
    payment = await store.payment(full.order_id)
    assert payment is not None
    link, page = payment.latest_attempt.link_token, payment.refunds[0].link_token
    if is_renewed:
        await _pass(engine, rotation.promoted)

    sealer = _sealer(getattr(rotation, asked_with))

    payments = PaymentStore(engine, sealer, TERMS)
    assert await payments.link(link or "") is not None
    assert await BankDetailsStore(engine, sealer).page(page or "") is not None
    # The same request again is no conflict.
    await payments.place(placement_of(full))


@pytest.mark.parametrize("is_renewed", [False, True], ids=["before", "after"])
async def test_a_report_that_is_heard_again_is_kept_once(
    engine: AsyncEngine,
    store: PaymentStore,
    rotation: Rotation,
    full: PaymentRequest,
    *,
    is_renewed: bool,
) -> None:
    if is_renewed:
        await _pass(engine, rotation.promoted)

    for keysets in (rotation.added, rotation.promoted):
        await PaymentStore(engine, _sealer(keysets), TERMS).record_notice(
            full.order_id, _notice(full)
        )

    assert await _reports(engine) == 1


async def test_of_a_report_that_was_kept_under_two_keys_one_is_left(
    engine: AsyncEngine, rotation: Rotation, full: PaymentRequest
) -> None:
    async with engine.begin() as connection:
        (row,) = (await connection.execute(select(gateway_reports))).mappings()
        told_of = (row["gateway_order_id"], row["transaction_id"], row["status"], CANARIES["raw"])
        sealer = _sealer(rotation.retired)
        digest = sealer.digest(gateway_reports.c.digest, *told_of)
        raw = sealer.seal(Cell.of(gateway_reports.c.sealed_raw, digest), CANARIES["raw"].encode())
        twin = {**row, "digest": digest, "sealed_raw": raw}
        await connection.execute(insert(gateway_reports).values(twin))

    await _pass(engine, rotation.promoted)

    assert await _reports(engine) == 1
    assert (await _under(engine))[1] == {rotation.promoted.lookup.primary_key_id}


class TestBesideWrites:
    async def test_a_row_that_somebody_holds_is_left_for_the_next_pass(
        self, engine: AsyncEngine, sealer: Sealer, rotation: Rotation, full: PaymentRequest
    ) -> None:
        async with engine.begin() as connection:
            await connection.execute(_nonce_is(sealer, full, b"theirs"))
            pages = await _pass(engine, rotation.promoted)

        assert [page.table for page in pages if page.skipped] == ["payment_attempts"]
        assert await _nonce(engine, sealer, full) == b"theirs"
        await _pass(engine, rotation.promoted)
        assert await _nonce(engine, _sealer(rotation.retired), full) == b"theirs"

    async def test_what_was_written_after_it_was_read_stays(
        self, engine: AsyncEngine, sealer: Sealer, rotation: Rotation, full: PaymentRequest
    ) -> None:
        with _before_locking(engine, "payment_attempts", _nonce_is(sealer, full, b"theirs")):
            await _pass(engine, rotation.promoted)

        assert await _nonce(engine, sealer, full) == b"theirs"
        await _pass(engine, rotation.promoted)
        assert await _nonce(engine, _sealer(rotation.retired), full) == b"theirs"


class TestTampered:
    async def test_a_row_that_cannot_be_read_is_named_and_left_as_it_is(
        self, engine: AsyncEngine, rotation: Rotation, full: PaymentRequest
    ) -> None:
        spoilt = rotation.old.database.prefix + b"spoilt"
        async with engine.begin() as connection:
            await connection.execute(update(payment_attempts).values(sealed_nonce=spoilt))

        pages = await _pass(engine, rotation.promoted)

        (row,) = [row for page in pages for row in page.unreadable]
        assert (row.table, row.row) == ("payment_attempts", (full.order_id, "1"))
        async with engine.connect() as connection:
            kept = await connection.execute(select(payment_attempts.c.sealed_nonce))
            assert kept.scalar_one() == spoilt
        assert rotation.old.database.primary_key_id in (await _under(engine))[0]

    async def test_a_digest_of_something_else_is_not_made_anew(
        self, engine: AsyncEngine, sealer: Sealer, rotation: Rotation, full: PaymentRequest
    ) -> None:
        theirs = sealer.digest(payment_links.c.token_lookup, "a token of the attacker's")
        async with engine.begin() as connection:
            await connection.execute(update(payment_links).values(token_lookup=theirs))

        pages = await _pass(engine, rotation.promoted)

        assert [row.table for page in pages for row in page.unreadable] == ["payment_links"]
        async with engine.connect() as connection:
            kept = await connection.execute(select(payment_links.c.token_lookup))
            assert kept.scalar_one() == theirs


def _notice(order: PaymentRequest) -> Notice:
    """As it came already."""
    return Notice(
        gateway="midtrans",
        gateway_order_id=f"{order.order_id}~1",
        transaction_id="trx-1",
        status=AttemptStatus.PAID,
        received_at=after(days=1),
        raw=CANARIES["raw"],
    )


async def _reports(engine: AsyncEngine) -> int:
    async with engine.connect() as connection:
        query = select(func.count()).select_from(gateway_reports)
        return (await connection.execute(query)).scalar_one()


def _nonce_cell(order: PaymentRequest) -> Cell:
    return Cell.of(payment_attempts.c.sealed_nonce, order.order_id, 1)


def _nonce_is(sealer: Sealer, order: PaymentRequest, clear: bytes) -> Any:
    return update(payment_attempts).values(sealed_nonce=sealer.seal(_nonce_cell(order), clear))


async def _nonce(engine: AsyncEngine, sealer: Sealer, order: PaymentRequest) -> bytes:
    async with engine.connect() as connection:
        sealed = await connection.execute(select(payment_attempts.c.sealed_nonce))
        return sealer.open(_nonce_cell(order), sealed.scalar_one())


@contextmanager
def _before_locking(engine: AsyncEngine, table: str, write: Any) -> Iterator[None]:
    """Let somebody else write just before rows of the table are locked."""
    url = engine.url.render_as_string(hide_password=False)

    async def write_it() -> None:
        other = create_engine(url, application_name="tests")
        async with other.begin() as connection:
            await connection.execute(write)
        await other.dispose()

    def interfere(_: Any, __: Any, statement: str, *___: Any) -> None:
        if f"FROM {table}" in statement and "SKIP LOCKED" in statement:
            # In a thread, because nobody can wait for anything here.
            thread = threading.Thread(target=asyncio.run, args=(write_it(),))
            thread.start()
            thread.join()

    event.listen(engine.sync_engine, "before_cursor_execute", interfere)
    yield
    event.remove(engine.sync_engine, "before_cursor_execute", interfere)
