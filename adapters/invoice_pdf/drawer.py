"""The invoice as a PDF."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC
from io import BytesIO

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import SimpleDocTemplate

from adapters.invoice_pdf.parts import MARGIN, parts
from adapters.invoice_pdf.style import SMALL
from adapters.invoice_pdf.typeface import BOLD, REGULAR
from adapters.invoice_pdf.wording import WORDING
from payments.invoice import Invoice

_FOOT = 12 * mm
_FRAME_PADDING = 6  # reportlab adds this to each margin


class InvoicePdfDrawer:
    """Draws the same invoice as the same bytes, whenever and wherever that happens."""

    def __init__(self) -> None:
        REGULAR.register()
        BOLD.register()
        # One thread: drawing is pure computation, and reportlab's fonts serve one at a time.
        self._pen = ThreadPoolExecutor(max_workers=1, thread_name_prefix="invoice-pdf")

    async def draw(self, invoice: Invoice) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(self._pen, _draw, invoice)


def _draw(invoice: Invoice) -> bytes:
    """Most invoices fit one page; of the others, the first pass tells the number of pages."""
    pages, pdf = _pass(invoice, pages=1)
    return pdf if pages == 1 else _pass(invoice, pages)[1]


def _pass(invoice: Invoice, pages: int) -> tuple[int, bytes]:
    def decorate(canvas: Canvas, document: SimpleDocTemplate) -> None:
        del document
        _date(canvas, invoice)
        _foot(canvas, invoice, pages)

    pdf = BytesIO()
    document = SimpleDocTemplate(
        pdf,
        pagesize=A4,
        leftMargin=MARGIN - _FRAME_PADDING,
        rightMargin=MARGIN - _FRAME_PADDING,
        topMargin=MARGIN,
        bottomMargin=MARGIN + 4 * mm,
        title=f"{WORDING[invoice.locale].title} {invoice.number}",
        author=invoice.merchant.name,
        lang=invoice.locale.value,
        initialFontName=REGULAR.name,
        displayDocTitle=True,
        invariant=1,
    )
    document.build(parts(invoice), onFirstPage=decorate, onLaterPages=decorate)
    return document.page, pdf.getvalue()


def _date(canvas: Canvas, invoice: Invoice) -> None:
    """The document was made when the invoice was issued, not now."""
    issued = f"D:{invoice.issued_at.astimezone(UTC):%Y%m%d%H%M%S}+00'00'"
    canvas.setDateFormatter(lambda *_: issued)


def _foot(canvas: Canvas, invoice: Invoice, pages: int) -> None:
    canvas.setFont(SMALL.face.name, SMALL.size)
    canvas.setFillColor(SMALL.colour)
    shop = SMALL.face.writable(invoice.merchant.name)
    canvas.drawString(MARGIN, _FOOT, f"{shop} · {invoice.number}")
    canvas.drawRightString(A4[0] - MARGIN, _FOOT, f"{canvas.getPageNumber()}/{pages}")
