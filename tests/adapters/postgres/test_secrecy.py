"""What an order is about is nowhere in the database that keeps it."""

import io
from dataclasses import replace

import asyncpg
import pytest
import tink
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.bank_details_store import BankDetailsStore
from adapters.postgres.credit_note_store import CreditNoteStore
from adapters.postgres.invoice_store import InvoiceStore
from adapters.postgres.mail_ledger import MailLedger
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.reconciliation_store import ReconciliationStore
from adapters.postgres.reconciliation_tables import metadata
from payments.bank_details import BankDetails
from payments.cases import Resolution
from payments.commands import MailOrder, OpenedCharge
from payments.gateway import ChargeOpened, ClosingCause, InstructionKind, Instructions
from payments.mails import Mail, MailKind
from payments.money import Currency, Money
from payments.notice import Notice
from payments.reconciliation import FinishedRun
from payments.request import Customer, LineItem, PaymentRequest
from payments.status import AttemptStatus
from tests.adapters.postgres.reconciliations import (
    batch_of,
    difference_of,
    examined_of,
    new_run,
    started_of,
)
from tests.adapters.postgres.rows import credit_order_of, decision_on, wanted_of
from tests.payments.samples import (
    NOW,
    answer_of,
    attempt_of,
    closing_of,
    placement_of,
    report_of,
)

CANARIES = {
    "amount": "13571357135",
    "name": "CanaryName",
    "email": "canary.mail@canary.example",
    "phone": "628555123987",
    "item": "CanaryDeck",
    "return_url": "https://canary.example/back",
    "va_number": "99887766554433",
    "token": "canary-token",
    "nonce": "canary-nonce",
    "key": "canary-key",
    "reason": "canary-reason",
    "raw": "canary-raw",
    "pdf": "canary-pdf",
    "case_reason": "canary-why",
    "refund_reason": "canary-torn",
    "reference": "canary-transfer",
    "bank": "CanaryBank",
    "account_number": "77123456789077",
    "account_holder": "CanaryHolder",
    "credit_note_pdf": "canary-credit",
    "difference": "canary-theirs",
    "difference_note": "canary-noted",
    "run_pdf": "canary-report",
    "fee": "24682468246",
}


@pytest.fixture
async def told(
    store: PaymentStore, invoices: InvoiceStore, ledger: MailLedger, order: PaymentRequest
) -> PaymentRequest:
    """An order that lived through everything, full of values to be found."""
    request = replace(
        order,
        amount=Money(int(CANARIES["amount"]), Currency.IDR),
        items=(LineItem("1", CANARIES["item"], int(CANARIES["amount"]), 1),),
        customer=Customer(CANARIES["name"], CANARIES["email"], CANARIES["phone"]),
        return_url=CANARIES["return_url"],
    )
    attempt = replace(attempt_of(request), nonce=CANARIES["nonce"], idempotency_key=CANARIES["key"])
    instructions = Instructions(
        kind=InstructionKind.VIRTUAL_ACCOUNT,
        va_number=CANARIES["va_number"],
        token=CANARIES["token"],
    )
    opened = ChargeOpened(instructions=instructions, report=None)
    report = replace(report_of(request, AttemptStatus.PAID), nonce=CANARIES["nonce"])
    notice = Notice(
        gateway="midtrans",
        gateway_order_id=f"{request.order_id}~1",
        transaction_id="trx-1",
        status=AttemptStatus.PAID,
        received_at=NOW,
        raw=CANARIES["raw"],
    )
    await store.place(replace(placement_of(request), attempt=attempt))
    await store.record_opened(
        OpenedCharge(order_id=request.order_id, number=1, opened=opened, at=NOW)
    )
    await store.record_notice(request.order_id, notice)
    await store.begin_closing(closing_of(request, ClosingCause.CANCEL, CANARIES["reason"]))
    await store.record_answer(answer_of(request, replace(report, nonce="wrong")))
    await store.record_answer(answer_of(request, report))
    await store.record_answer(answer_of(request, replace(report, status=AttemptStatus.EXPIRED)))
    for case in await store.cases():
        if case.order_id == request.order_id:
            await store.resolve_case(decision_on(case, Resolution.NOTED, CANARIES["case_reason"]))
    invoice = await invoices.issue(request.order_id, NOW)
    await invoices.store_pdf(invoice.number, CANARIES["pdf"].encode())
    mail = MailOrder(order_id=request.order_id, mail=Mail(MailKind.RECEIPT, 1), at=NOW)
    await ledger.record_sent(mail)
    return request


@pytest.fixture
async def given_back(
    store: PaymentStore,
    details: BankDetailsStore,
    credit_notes: CreditNoteStore,
    told: PaymentRequest,
) -> PaymentRequest:
    """The same order once all its money was transferred back."""
    wanted = wanted_of(told, "r-1")
    wish = replace(wanted.wish, reason=CANARIES["refund_reason"])
    await store.request_refund(replace(wanted, wish=wish))
    payment = await store.payment(told.order_id)
    assert payment is not None
    account = BankDetails(
        bank=CANARIES["bank"],
        account_number=CANARIES["account_number"],
        account_holder=CANARIES["account_holder"],
    )
    assert await details.give(payment.refunds[0].link_token or "", account, NOW)
    case = next(each for each in await store.cases() if each.order_id == told.order_id)
    for actor, resolution in (("ani", Resolution.APPROVED), ("budi", Resolution.TRANSFERRED)):
        made = decision_on(case, resolution, CANARIES["case_reason"], actor)
        await store.resolve_case(replace(made, reference=CANARIES["reference"]))
    note = await credit_notes.issue(credit_order_of(told, "r-1"))
    assert note is not None
    await credit_notes.store_pdf(note.number, CANARIES["credit_note_pdf"].encode())
    return told


@pytest.fixture
async def reconciled(
    reconciliation: ReconciliationStore, store: PaymentStore, given_back: PaymentRequest
) -> PaymentRequest:
    """The same order once a run has found it to differ, and somebody has looked into it."""
    batch = batch_of(new_run())
    found = difference_of(given_back, theirs=CANARIES["difference"])
    payment = await store.payment(given_back.order_id)
    assert payment is not None
    await reconciliation.begin(started_of(batch))
    tally = await reconciliation.record(batch, [examined_of(payment, 1, found)])
    fee = Money(int(CANARIES["fee"]), Currency.IDR)
    await reconciliation.record_fees(batch.run_id, {(found.gateway_order_id, "trx-1"): fee})
    await reconciliation.finish(FinishedRun(run_id=batch.run_id, tally=tally, at=NOW))
    await reconciliation.store_pdf(batch.run_id, CANARIES["run_pdf"].encode())
    kept = (await reconciliation.discrepancies(limit=1_000))[-1]
    assert kept.found == found
    await reconciliation.resolve_discrepancy(
        kept.discrepancy_id, "ani", CANARIES["difference_note"], NOW
    )
    return given_back


async def test_no_clear_value_is_in_a_dump(
    database_url: str, store: PaymentStore, reconciled: PaymentRequest
) -> None:
    dump = await dump_of(database_url)

    assert reconciled.order_id.encode() in dump, "the order itself is in the dump"
    payment = await store.payment(reconciled.order_id)
    assert payment is not None
    links = {"link": payment.latest_attempt.link_token, "page": payment.refunds[0].link_token}
    for name, canary in {**CANARIES, **links}.items():
        assert canary is not None
        for written in (canary, canary.upper(), canary.lower()):
            # bytea is dumped as hexadecimal digits.
            assert written.encode() not in dump, name
            assert written.encode().hex().encode() not in dump, name


async def test_everything_can_be_read_back(
    store: PaymentStore,
    invoices: InvoiceStore,
    details: BankDetailsStore,
    given_back: PaymentRequest,
) -> None:
    payment = await store.payment(given_back.order_id)

    assert payment is not None
    assert payment.request == given_back
    (refund,) = payment.refunds
    assert (refund.reason, refund.reference) == (CANARIES["refund_reason"], CANARIES["reference"])
    assert await invoices.pdf(given_back.order_id) == CANARIES["pdf"].encode()
    account = await details.read(given_back.order_id, "r-1", "budi", NOW)
    assert account is not None
    assert account.account_number == CANARIES["account_number"]


async def test_an_amount_copied_to_another_order_does_not_open(
    store: PaymentStore, engine: AsyncEngine, told: PaymentRequest
) -> None:
    other = replace(told, order_id=f"{told.order_id}-b")
    await store.place(placement_of(other))

    async with engine.begin() as connection:
        await connection.execute(
            text(
                "UPDATE orders SET sealed_request ="
                " (SELECT sealed_request FROM orders WHERE order_id = :source)"
                " WHERE order_id = :target"
            ),
            {"source": told.order_id, "target": other.order_id},
        )

    with pytest.raises(tink.TinkError):
        await store.payment(other.order_id)


async def dump_of(database_url: str) -> bytes:
    url = make_url(database_url).set(drivername="postgresql")
    connection = await asyncpg.connect(url.render_as_string(hide_password=False), ssl=False)
    dump = io.BytesIO()
    try:
        for table in metadata.sorted_tables:
            await connection.copy_from_table(table.name, output=dump)
    finally:
        await connection.close()
    return dump.getvalue()
