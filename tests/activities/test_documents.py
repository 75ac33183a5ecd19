"""Documents, with stores and mail server in memory."""

from datetime import UTC, datetime

import pytest

from activities.documents import DocumentActivities, DocumentParts
from payments.commands import MailOrder
from payments.mails import Mail, MailKind
from payments.methods import PaymentMethod
from tests.payments.refund_causes import paid_by
from tests.payments.samples import TERMS
from tests.workflows.memory import MemoryRecords
from tests.workflows.paper import MemoryCreditNotes, MemoryPaper

PAID = paid_by(PaymentMethod.QRIS)


@pytest.mark.parametrize(
    ("kind", "written_down"),
    [(MailKind.RECEIPT, [Mail(MailKind.RECEIPT, 1)]), (MailKind.EXPIRY, None)],
)
async def test_a_mail_that_has_become_untrue_is_not_written_down_as_sent(
    kind: MailKind, written_down: list[Mail] | None
) -> None:
    records = MemoryRecords(TERMS, {PAID.order_id: PAID})
    paper = MemoryPaper(records)
    activities = DocumentActivities(
        DocumentParts(
            payments=paper,
            invoices=paper,
            credit_notes=MemoryCreditNotes(records),
            drawer=paper,
            ledger=paper,
            mailer=paper,
        )
    )

    order = MailOrder(order_id=PAID.order_id, mail=Mail(kind, 1), at=datetime.now(UTC))
    await activities.send_mail(order)

    assert records.mails.get(PAID.order_id) == written_down
