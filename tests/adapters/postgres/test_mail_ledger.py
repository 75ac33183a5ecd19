import asyncio
import re
from dataclasses import replace

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.mail_ledger import MailLedger
from adapters.postgres.payment_store import PaymentStore
from payments.commands import MailOrder
from payments.errors import OrderUnknownError
from payments.mails import Mail, MailKind
from payments.request import PaymentRequest
from payments.status import AttemptStatus
from tests.adapters.postgres.rows import audit_details, audited
from tests.payments.samples import NOW, answer_of, opening_of, placement_of

RECEIPT = Mail(MailKind.RECEIPT, 1)


@pytest.fixture
async def receipt(store: PaymentStore, order: PaymentRequest) -> MailOrder:
    await store.place(placement_of(order))
    await store.record_opened(opening_of(order))
    await store.record_answer(answer_of(order, AttemptStatus.PAID))
    return MailOrder(order_id=order.order_id, mail=RECEIPT, at=NOW)


async def test_a_mail_keeps_its_message_id(ledger: MailLedger, receipt: MailOrder) -> None:
    ids = await asyncio.gather(*(ledger.message_id(receipt) for _ in range(10)))

    assert len(set(ids)) == 1
    assert re.fullmatch(r"<[0-9a-f]{32}@skaters\.example>", ids[0])


async def test_each_attempt_has_a_mail_of_its_own(ledger: MailLedger, receipt: MailOrder) -> None:
    second = replace(receipt, mail=Mail(MailKind.RECEIPT, 2))

    assert await ledger.message_id(receipt) != await ledger.message_id(second)


async def test_a_prepared_mail_is_not_yet_sent(ledger: MailLedger, receipt: MailOrder) -> None:
    await ledger.message_id(receipt)

    assert not await ledger.is_sent(receipt)


async def test_a_sent_mail_is_told_once_and_changes_no_version(
    store: PaymentStore, ledger: MailLedger, engine: AsyncEngine, receipt: MailOrder
) -> None:
    before = await store.progress(receipt.order_id)
    await ledger.message_id(receipt)

    await asyncio.gather(*(ledger.record_sent(receipt) for _ in range(10)))

    after = await store.progress(receipt.order_id)
    assert await ledger.is_sent(receipt)
    assert before is not None
    assert after is not None
    assert before.mails_due == (RECEIPT,)
    assert after.mails_due == ()
    assert after.version == before.version
    assert (await audited(engine, receipt.order_id))[6:] == [("mail.sent", "service", "send_mail")]


async def test_simultaneous_mails_are_told_one_after_another(
    ledger: MailLedger, engine: AsyncEngine, receipt: MailOrder
) -> None:
    mails = [replace(receipt, mail=Mail(MailKind.RECEIPT, number)) for number in range(1, 11)]

    await asyncio.gather(*(ledger.record_sent(mail) for mail in mails))

    assert len(await audited(engine, receipt.order_id)) == 6 + len(mails)


async def test_a_mail_that_was_sent_unprepared_counts_as_sent(
    ledger: MailLedger, receipt: MailOrder
) -> None:
    await ledger.record_sent(receipt)

    assert await ledger.is_sent(receipt)


async def test_a_mail_of_an_unknown_order_is_refused(ledger: MailLedger) -> None:
    unknown = MailOrder(order_id="SKT-none", mail=RECEIPT, at=NOW)

    with pytest.raises(OrderUnknownError):
        await ledger.record_sent(unknown)


async def test_a_mail_about_another_attempt_leaves_this_one_due(
    store: PaymentStore, ledger: MailLedger, receipt: MailOrder
) -> None:
    await ledger.record_sent(replace(receipt, mail=Mail(MailKind.FAILURE, 1)))
    await ledger.record_sent(replace(receipt, mail=Mail(MailKind.RECEIPT, 2)))

    progress = await store.progress(receipt.order_id)

    assert progress is not None
    assert progress.mails_due == (RECEIPT,)


async def test_what_a_mail_is_about_makes_it_another_one(
    store: PaymentStore, ledger: MailLedger, engine: AsyncEngine, receipt: MailOrder
) -> None:
    about = replace(receipt, mail=Mail(MailKind.RECEIPT, 1, "trx-9"))

    assert await ledger.message_id(receipt) != await ledger.message_id(about)
    await ledger.record_sent(about)

    assert not await ledger.is_sent(receipt)
    progress = await store.progress(receipt.order_id)
    assert progress is not None
    assert progress.mails_due == (RECEIPT,)
    assert (await audit_details(engine, receipt.order_id))[-1] == {
        "kind": "receipt",
        "attempt": "1",
        "about": "trx-9",
    }
