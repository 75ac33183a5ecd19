"""A document on A4: its parts flow over numbered pages; the same document is the same bytes."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO

from reportlab.lib.pagesizes import A4
from reportlab.lib.units import mm
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Flowable, SimpleDocTemplate

from adapters.invoice_pdf.blocks import MARGIN
from adapters.invoice_pdf.style import SMALL
from adapters.invoice_pdf.typeface import BOLD, REGULAR
from payments.request import Locale

_FOOT = 12 * mm
_FRAME_PADDING = 6  # reportlab adds this to each margin

# One thread, whoever draws: drawing is pure computation, and reportlab's fonts, which are the
# process's own, serve one at a time.
_PEN = ThreadPoolExecutor(max_workers=1, thread_name_prefix="invoice-pdf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """What is drawn; `parts` makes its parts anew, because reportlab uses them up."""

    title: str
    number: str
    shop: str
    made_at: datetime
    locale: Locale
    parts: Callable[[], list[Flowable]]


def register_typeface() -> None:
    REGULAR.register()
    BOLD.register()


async def drawn(paper: Paper) -> bytes:
    return await asyncio.get_running_loop().run_in_executor(_PEN, _draw, paper)


def _draw(paper: Paper) -> bytes:
    """Most documents fit one page; of the others, the first pass tells the number of pages."""
    pages, pdf = _pass(paper, pages=1)
    return pdf if pages == 1 else _pass(paper, pages)[1]


def _pass(paper: Paper, pages: int) -> tuple[int, bytes]:
    def decorate(canvas: Canvas, document: SimpleDocTemplate) -> None:
        del document
        _date(canvas, paper.made_at)
        _foot(canvas, paper, pages)

    pdf = BytesIO()
    document = SimpleDocTemplate(
        pdf,
        pagesize=A4,
        leftMargin=MARGIN - _FRAME_PADDING,
        rightMargin=MARGIN - _FRAME_PADDING,
        topMargin=MARGIN,
        bottomMargin=MARGIN + 4 * mm,
        title=f"{paper.title} {paper.number}",
        author=paper.shop,
        lang=paper.locale.value,
        initialFontName=REGULAR.name,
        displayDocTitle=True,
        invariant=1,
    )
    document.build(paper.parts(), onFirstPage=decorate, onLaterPages=decorate)
    return document.page, pdf.getvalue()


def _date(canvas: Canvas, made_at: datetime) -> None:
    """The PDF was made when the document was issued, not now."""
    date = f"D:{made_at.astimezone(UTC):%Y%m%d%H%M%S}+00'00'"
    canvas.setDateFormatter(lambda *_: date)


def _foot(canvas: Canvas, paper: Paper, pages: int) -> None:
    canvas.setFont(SMALL.face.name, SMALL.size)
    canvas.setFillColor(SMALL.colour)
    shop = SMALL.face.writable(paper.shop)
    canvas.drawString(MARGIN, _FOOT, f"{shop} · {paper.number}")
    canvas.drawRightString(A4[0] - MARGIN, _FOOT, f"{canvas.getPageNumber()}/{pages}")
