"""What the database holds as evidence: complete, and tampering with it is found."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.credit_note_store import CreditNoteStore
from adapters.postgres.engine import create_engine
from adapters.postgres.invariants import PAGE, InvariantEvidence
from adapters.postgres.invoice_store import InvoiceStore
from adapters.postgres.mail_ledger import MailLedger
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.schema import migrate
from adapters.postgres.sealing import Sealer
from local_stack.postgres import Postgres
from payments.commands import Answer, CreditNoteOrder, MailOrder, UnmatchedAnswer
from payments.evidence import OrderEvidence, Series, WholeEvidence
from payments.invariants import violations
from payments.mails import Mail, MailKind
from payments.notice import Notice
from payments.progress import NO_REFUND, Progress
from payments.request import PaymentRequest
from payments.status import AttemptStatus, PaymentStatus
from tests.payments.samples import (
    MERCHANT,
    REQUEST,
    TERMS,
    after,
    answer_of,
    placement_of,
    report_of,
)

EVENTUALLY = after(days=30)
Paid = Callable[[PaymentRequest], Awaitable[Progress]]


@pytest.fixture(scope="module")
async def engine(postgres: Postgres) -> AsyncIterator[AsyncEngine]:
    """What is tampered with here is nowhere else."""
    url = await postgres.create_database(f"evidence_{secrets.token_hex(6)}")
    await migrate(url)
    engine = create_engine(url, application_name="tests")
    yield engine
    await engine.dispose()


@pytest.fixture
async def finished(
    order: PaymentRequest, paid: Paid, invoices: InvoiceStore, ledger: MailLedger
) -> str:
    """A paid order with its invoice, drawn, and its receipt, sent."""
    await paid(order)
    issued = await invoices.issue(order.order_id, after(minutes=2))
    await invoices.store_pdf(issued.number, b"%PDF-")
    letter = MailOrder(order_id=order.order_id, mail=Mail(MailKind.RECEIPT, 1), at=after(minutes=3))
    await ledger.record_sent(letter)
    return order.order_id


@pytest.fixture
def evidence(engine: AsyncEngine, sealer: Sealer) -> InvariantEvidence:
    return InvariantEvidence(engine, sealer)


async def said(evidence: InvariantEvidence, order_id: str) -> list[str]:
    """What contradicts the invariants, without the order's id."""
    return [
        f"{each.invariant} {each.what}"
        async for found in evidence.orders(EVENTUALLY, [order_id])
        for each in violations(found)
    ]


async def tamper(engine: AsyncEngine, statement: str, **values: Any) -> None:
    async with engine.begin() as connection:
        await connection.execute(text(statement), values)


async def test_all_that_is_stored_of_an_order_is_evidence(
    evidence: InvariantEvidence, finished: str, store: PaymentStore
) -> None:
    await store.record_notice(finished, notice_of(finished, AttemptStatus.PAID))
    [found] = [each async for each in evidence.orders(EVENTUALLY, [finished])]

    assert isinstance(found, OrderEvidence)
    assert found.payment == await store.payment(finished)
    assert [each.status for each in found.feed] == [
        PaymentStatus.PREPARING,
        PaymentStatus.AWAITING_PAYMENT,
        PaymentStatus.PAID,
    ]
    assert found.audit[0].event == "order.placed"
    assert found.audit[-1].event == "mail.sent"
    assert [each.amount for each in found.invoices] == [REQUEST.amount]
    assert [each.mail.kind for each in found.letters] == [MailKind.RECEIPT]
    assert [each.status for each in found.hints] == [AttemptStatus.PAID]
    assert found.credit_notes == ()
    assert (found.gateway, found.mailbox, found.accepted) == (None, None, None)
    assert violations(found) == []


async def test_a_credit_note_is_evidence_of_what_it_takes_back(
    evidence: InvariantEvidence,
    finished: str,
    store: PaymentStore,
    credit_notes: CreditNoteStore,
) -> None:
    denied = report_of(replace(REQUEST, order_id=finished), AttemptStatus.DENIED)
    await store.record_answer(
        Answer(order_id=finished, number=1, report=denied, is_closed=False, at=after(hours=1))
    )
    await credit_notes.issue(
        CreditNoteOrder(order_id=finished, refund_key=NO_REFUND, at=after(hours=2))
    )

    [found] = [each async for each in evidence.orders(EVENTUALLY, [finished])]

    assert isinstance(found, OrderEvidence)
    [note], [invoice] = found.credit_notes, found.invoices
    assert (note.invoice_number, note.refund_key) == (invoice.number, NO_REFUND)
    assert note.amount == invoice.amount
    assert [str(each) for each in violations(found)] == [
        f"I6 {finished} {note.number} has no PDF",
        f"I12 {finished} the mail reversal was not sent",
    ]


UNREADABLE = "I10 cannot be read: it was changed, or a key is missing"


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (
            "orders SET paid_transaction_id = 'trx-9'",
            "I1 is paid, and no transaction brought its money",
        ),
        (
            "orders SET invoice_number = NULL",
            "I6 is paid, and has no invoice",
        ),
        (
            "mail_ledger SET sent_at = NULL",
            "I7 is paid, and no receipt was sent",
        ),
        (
            "orders SET updated_at = created_at - interval '1 day'",
            "I10 its last change is not in the audit log",
        ),
        ("orders SET sealed_request = ''", UNREADABLE),
        ("invoices SET sealed_document = ''", UNREADABLE),
        (
            "gateway_transactions SET payment_type = 'Sari@Example.com'",
            "I11 its e-mail is readable in gateway_transactions",
        ),
    ],
)
async def test_what_was_tampered_with_is_named(
    engine: AsyncEngine, evidence: InvariantEvidence, finished: str, change: str, what: str
) -> None:
    await tamper(engine, f"UPDATE {change} WHERE order_id = :order_id", order_id=finished)

    assert what in await said(evidence, finished)


async def test_a_notification_that_nothing_followed_is_named(
    evidence: InvariantEvidence, finished: str, store: PaymentStore
) -> None:
    await store.record_notice(finished, notice_of(finished, AttemptStatus.PAID, "trx-9"))

    assert await said(evidence, finished) == ["I9 paid of trx-9 was told, and nothing followed"]


async def test_all_orders_are_evidence_however_many_there_are(
    evidence: InvariantEvidence, store: PaymentStore, new_order: Callable[[], PaymentRequest]
) -> None:
    placed = {new_order().order_id for _ in range(PAGE + 1)}
    for order_id in placed:
        await store.place(placement_of(replace(REQUEST, order_id=order_id)))

    found = [each async for each in evidence.orders(EVENTUALLY)]

    seen = [each.order_id for each in found if isinstance(each, OrderEvidence)]
    assert placed <= set(seen)
    assert len(set(seen)) == len(seen)


async def test_orders_that_are_not_stored_are_strangers_however_many_there_are(
    evidence: InvariantEvidence, store: PaymentStore, finished: str
) -> None:
    strangers = {f"STR-{number:03}" for number in range(PAGE + 1)}
    for order_id in (finished, *strangers):
        await store.record_notice(order_id, notice_of(order_id, AttemptStatus.PAID))

    found = {each.order_id: each async for each in evidence.strangers(EVENTUALLY)}

    assert strangers == {name for name in found if name.startswith("STR")}
    assert finished not in found
    assert {hint.is_matched for name in strangers for hint in found[name].hints} == {False}
    assert not any(violations(each) for each in found.values())


async def test_money_of_a_stranger_is_known_to_be_a_case(
    evidence: InvariantEvidence, store: PaymentStore, engine: AsyncEngine
) -> None:
    money = report_of(replace(REQUEST, order_id="MONEY-1"), AttemptStatus.PAID)
    await store.record_unmatched(
        UnmatchedAnswer(order_id="MONEY-1", number=1, report=money, at=after(hours=1))
    )

    async def of_it() -> list[str]:
        found = [each async for each in evidence.strangers(EVENTUALLY)]
        return [each.what for own in found for each in violations(own) if own.order_id == "MONEY-1"]

    assert await of_it() == []
    await tamper(engine, "DELETE FROM cases WHERE order_id = 'MONEY-1'")
    assert await of_it() == ["trx-1 is paid at the gateway, and nobody's case"]


async def test_numbers_are_counted_without_a_gap(fresh_engine: AsyncEngine, sealer: Sealer) -> None:
    evidence = InvariantEvidence(fresh_engine, sealer)
    store, invoices = (
        PaymentStore(fresh_engine, sealer, TERMS),
        InvoiceStore(fresh_engine, sealer, MERCHANT),
    )
    assert await evidence.whole() == WholeEvidence()
    for number in range(3):
        request = replace(REQUEST, order_id=f"SKT-{number}")
        await store.place(placement_of(request))
        await store.record_answer(answer_of(request, AttemptStatus.PAID))
        await invoices.issue(request.order_id, after(minutes=2))

    async def series(statement: str) -> Series:
        await tamper(fresh_engine, statement)
        [counted] = (await evidence.whole()).series
        return counted

    assert (await evidence.whole()).series == (Series(name="2026", last=3, highest=3),)
    assert await series("UPDATE invoice_numbers SET last_serial = 2") == Series(
        name="2026", last=2, highest=3
    )
    assert await series("UPDATE invoice_numbers SET last_serial = 5") == Series(
        name="2026", last=5, highest=3, missing=4
    )
    assert await series("DELETE FROM invoices WHERE serial = 2") == Series(
        name="2026", last=5, highest=3, missing=2
    )


async def test_an_audit_log_that_is_broken_is_named(
    fresh_engine: AsyncEngine, sealer: Sealer
) -> None:
    store = PaymentStore(fresh_engine, sealer, TERMS)
    await store.place(placement_of(REQUEST))
    await tamper(fresh_engine, "UPDATE orders SET audit_seq = 1")

    whole = await InvariantEvidence(fresh_engine, sealer).whole()

    assert whole.broken is not None
    assert whole.broken[0] == REQUEST.order_id
    assert whole.broken[1].startswith("row 2 of audit_events is ")


def notice_of(order_id: str, status: AttemptStatus, transaction_id: str = "trx-1") -> Notice:
    return Notice(
        gateway="midtrans",
        gateway_order_id=f"{order_id}~1",
        transaction_id=transaction_id,
        status=status,
        received_at=after(minutes=1),
        raw=f"{order_id} {transaction_id}",
    )
