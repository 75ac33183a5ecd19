"""Invoices and credit notes as PDF."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC
from io import BytesIO

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, SimpleDocTemplate

from adapters.invoice_pdf.blocks import MARGIN
from adapters.invoice_pdf.credit_parts import credit_parts
from adapters.invoice_pdf.parts import parts
from adapters.invoice_pdf.style import SMALL
from adapters.invoice_pdf.typeface import BOLD, REGULAR
from adapters.invoice_pdf.wording import CREDIT_WORDING, WORDING
from payments.credit_note import CreditNote
from payments.invoice import Invoice

_FOOT = 12 * mm
_FRAME_PADDING = 6  # reportlab adds this to each margin


@dataclass(frozen=True, slots=True)
class _Paper:
    """What is drawn; `parts` makes its parts anew, because reportlab uses them up."""

    document: Invoice | CreditNote
    title: str
    parts: Callable[[], list[Flowable]]


class InvoicePdfDrawer:
    """Draws the same document as the same bytes, whenever and wherever that happens."""

    def __init__(self) -> None:
        REGULAR.register()
        BOLD.register()
        # One thread: drawing is pure computation, and reportlab's fonts serve one at a time.
        self._pen = ThreadPoolExecutor(max_workers=1, thread_name_prefix="invoice-pdf")

    async def draw(self, invoice: Invoice) -> bytes:
        title = WORDING[invoice.locale].title
        return await self._drawn(_Paper(invoice, title, lambda: parts(invoice)))

    async def draw_credit_note(self, credit_note: CreditNote) -> bytes:
        title = CREDIT_WORDING[credit_note.locale].title
        return await self._drawn(_Paper(credit_note, title, lambda: credit_parts(credit_note)))

    async def _drawn(self, paper: _Paper) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(self._pen, _draw, paper)


def _draw(paper: _Paper) -> bytes:
    """Most documents fit one page; of the others, the first pass tells the number of pages."""
    pages, pdf = _pass(paper, pages=1)
    return pdf if pages == 1 else _pass(paper, pages)[1]


def _pass(paper: _Paper, pages: int) -> tuple[int, bytes]:
    issued = paper.document

    def decorate(canvas: Canvas, document: SimpleDocTemplate) -> None:
        del document
        _date(canvas, issued)
        _foot(canvas, issued, pages)

    pdf = BytesIO()
    document = SimpleDocTemplate(
        pdf,
        pagesize=A4,
        leftMargin=MARGIN - _FRAME_PADDING,
        rightMargin=MARGIN - _FRAME_PADDING,
        topMargin=MARGIN,
        bottomMargin=MARGIN + 4 * mm,
        title=f"{paper.title} {issued.number}",
        author=issued.merchant.name,
        lang=issued.locale.value,
        initialFontName=REGULAR.name,
        displayDocTitle=True,
        invariant=1,
    )
    document.build(paper.parts(), onFirstPage=decorate, onLaterPages=decorate)
    return document.page, pdf.getvalue()


def _date(canvas: Canvas, issued: Invoice | CreditNote) -> None:
    """The PDF was made when the document was issued, not now."""
    date = f"D:{issued.issued_at.astimezone(UTC):%Y%m%d%H%M%S}+00'00'"
    canvas.setDateFormatter(lambda *_: date)


def _foot(canvas: Canvas, issued: Invoice | CreditNote, pages: int) -> None:
    canvas.setFont(SMALL.face.name, SMALL.size)
    canvas.setFillColor(SMALL.colour)
    shop = SMALL.face.writable(issued.merchant.name)
    canvas.drawString(MARGIN, _FOOT, f"{shop} · {issued.number}")
    canvas.drawRightString(A4[0] - MARGIN, _FOOT, f"{canvas.getPageNumber()}/{pages}")
