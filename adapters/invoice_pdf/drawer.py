"""Invoices and credit notes as PDF."""

from collections.abc import Callable

from reportlab.platypus import Flowable

from adapters.invoice_pdf.credit_parts import credit_parts
from adapters.invoice_pdf.paper import Paper, drawn, register_typeface
from adapters.invoice_pdf.parts import parts
from adapters.invoice_pdf.wording import CREDIT_WORDING, WORDING
from payments.credit_note import CreditNote
from payments.invoice import Invoice


class InvoicePdfDrawer:
    """Draws the same document as the same bytes, whenever and wherever that happens."""

    def __init__(self) -> None:
        register_typeface()

    async def draw(self, invoice: Invoice) -> bytes:
        title = WORDING[invoice.locale].title
        return await drawn(_paper(invoice, title, lambda: parts(invoice)))

    async def draw_credit_note(self, credit_note: CreditNote) -> bytes:
        title = CREDIT_WORDING[credit_note.locale].title
        return await drawn(_paper(credit_note, title, lambda: credit_parts(credit_note)))


def _paper(
    issued: Invoice | CreditNote, title: str, make_parts: Callable[[], list[Flowable]]
) -> Paper:
    return Paper(
        title=title,
        number=issued.number,
        shop=issued.merchant.name,
        made_at=issued.issued_at,
        locale=issued.locale,
        parts=make_parts,
    )
