import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from pypdf import PdfReader

from adapters.invoice_pdf.drawer import InvoicePdfDrawer
from payments.request import Customer, LineItem, Locale
from tests.adapters.invoice_pdf.invoices import DECK, INVOICE, PAID_AT, SKATERS, drawn


@pytest.fixture(scope="module")
def drawer() -> InvoicePdfDrawer:
    return InvoicePdfDrawer()


def _pages(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(pdf)).pages]


def _text(pdf: bytes) -> str:
    """The whole text, however its lines were broken."""
    return " ".join(" ".join(_pages(pdf)).split())


async def test_an_indonesian_invoice_says_everything(drawer: InvoicePdfDrawer) -> None:
    text = _text(await drawer.draw(INVOICE))

    for fact in (
        "Faktur",
        "INV-2026-000001",
        "Tanggal terbit 23 November 2026",
        "Nomor pesanan SKT-1001",
        "Skaters",
        "Jl. Kemang Raya No. 12",
        "NPWP 01.234.567.8-901.000",
        "halo@skaters.example · +62 21 555 0101 · skaters.example",
        "Pembeli Sari Dewi sari@example.com +628123456789",
        "LUNAS 23 November 2026 14.05 WIB BCA Virtual Account",
        "Skate deck 8.0 1 Rp400.000 Rp400.000",
        "Diskon 1 -Rp100.000 -Rp100.000",
        "Total Rp350.000",
        "1/1",
    ):
        assert fact in text


async def test_an_english_invoice_says_the_same(drawer: InvoicePdfDrawer) -> None:
    text = _text(await drawer.draw(replace(INVOICE, locale=Locale.EN)))

    for fact in (
        "Invoice",
        "Issue date 23 November 2026",
        "Order number SKT-1001",
        "PAID 23 November 2026, 14:05 WIB",
        "Unit price",
        "Total Rp350.000",
        "Prices include VAT (PPN)",
        "Tax base (DPP) Rp315.315",
    ):
        assert fact in text
    assert "Faktur" not in text


@pytest.mark.parametrize("locale", Locale)
async def test_no_invoice_claims_to_be_a_tax_invoice(
    drawer: InvoicePdfDrawer, locale: Locale
) -> None:
    text = _text(await drawer.draw(replace(INVOICE, locale=locale)))

    assert "faktur pajak" not in text.lower()


async def test_a_shop_that_owes_ppn_shows_base_and_tax(drawer: InvoicePdfDrawer) -> None:
    text = _text(await drawer.draw(INVOICE))

    assert "Harga termasuk PPN" in text
    assert "Dasar pengenaan pajak (DPP) Rp315.315" in text
    assert "PPN 12% x 11/12 Rp34.685" in text


@pytest.mark.parametrize("locale", Locale)
async def test_a_shop_that_owes_no_ppn_does_not_mention_tax(
    drawer: InvoicePdfDrawer, locale: Locale
) -> None:
    merchant = replace(SKATERS, npwp=None, is_pkp=False)
    invoice = replace(INVOICE, tax=None, merchant=merchant, locale=locale)

    text = _text(await drawer.draw(invoice))

    for word in ("PPN", "DPP", "VAT", "pajak", "tax", "NPWP"):
        assert word.lower() not in text.lower()


async def test_a_method_and_a_phone_that_are_unknown_are_left_out(drawer: InvoicePdfDrawer) -> None:
    customer = Customer("Sari Dewi", "sari@example.com")

    text = _text(await drawer.draw(replace(INVOICE, paid_with=None, customer=customer)))

    assert "LUNAS 23 November 2026 14.05 WIB Total" in text
    assert "None" not in text


async def test_many_items_flow_over_numbered_pages_with_the_head_repeated(
    drawer: InvoicePdfDrawer,
) -> None:
    items = tuple(LineItem(f"W-{n}", f"Roda {n} mm", 1_000 + n, 2) for n in range(60))

    pages = _pages(await drawer.draw(replace(INVOICE, items=items)))

    assert len(pages) == 3
    for number, page in enumerate(pages, start=1):
        assert f"{number}/3" in page
        assert "Harga satuan" in page
        assert "Skaters · INV-2026-000001" in page
    for item in items:
        assert sum(item.name in page for page in pages) == 1


async def test_the_longest_names_wrap_and_lose_nothing(drawer: InvoicePdfDrawer) -> None:
    words = LineItem("A", "papan luncur kayu maple " * 10, 1_000, 1)
    one_word = LineItem("B", "W" * 255, 1_000, 1)
    customer = Customer("S" * 255, "a" * 100 + "@example.com")

    pdf = await drawer.draw(replace(INVOICE, items=(words, one_word), customer=customer))

    text = "".join(_text(pdf).split())
    assert "".join(words.name.split()) in text
    assert one_word.name in text
    assert customer.name in text
    assert customer.email in text


async def test_markup_in_names_is_shown_not_obeyed(drawer: InvoicePdfDrawer) -> None:
    name = '<b>Dek</b> & <font size="40">x</font> <br/> &amp;'
    merchant = replace(SKATERS, name="<i>Skaters</i>", address=("<para>Jl. 1</para>",))
    item = replace(DECK, name=name)

    text = _text(
        await drawer.draw(
            replace(INVOICE, items=(item,), customer=Customer(name, "s@a.id"), merchant=merchant)
        )
    )

    assert text.count(name) == 2
    assert "<i>Skaters</i>" in text
    assert "<para>Jl. 1</para>" in text


async def test_a_glyph_that_the_font_lacks_becomes_a_question_mark(
    drawer: InvoicePdfDrawer,
) -> None:
    customer = Customer("Ren\u0065\u0301 Šimić 李明 🛹", "rene@example.com")

    text = _text(await drawer.draw(replace(INVOICE, customer=customer)))

    assert "René Šimić ?? ? rene" in text


def _fonts(pdf: bytes) -> Iterator[Any]:
    for page in PdfReader(BytesIO(pdf)).pages:
        resources: Any = page["/Resources"]
        yield from (font.get_object() for font in resources["/Font"].values())


async def test_every_font_used_is_embedded(drawer: InvoicePdfDrawer) -> None:
    pdf = await drawer.draw(INVOICE)

    used = [font for font in _fonts(pdf) if font["/Subtype"] == "/TrueType"]
    assert len(used) == 2
    for font in used:
        assert "/FontFile2" in font["/FontDescriptor"]
    assert {font["/Subtype"] for font in _fonts(pdf)} == {"/TrueType"}


async def test_the_document_says_what_it_is(drawer: InvoicePdfDrawer) -> None:
    reader = PdfReader(BytesIO(await drawer.draw(INVOICE)))

    information = reader.metadata
    assert information is not None
    assert information.title == "Faktur INV-2026-000001"
    assert information.author == "Skaters"
    assert information.creation_date == PAID_AT
    assert str(reader.root_object["/Lang"]) == "id"


@pytest.mark.parametrize(
    "surroundings",
    [
        {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati"},
        {"PYTHONHASHSEED": "2", "TZ": "America/Los_Angeles"},
    ],
)
def test_the_same_documents_are_the_same_bytes_in_every_process(
    surroundings: dict[str, str],
) -> None:
    here = asyncio.run(drawn())

    there = subprocess.run(
        [sys.executable, "-m", "tests.adapters.invoice_pdf.invoices"],
        env={**os.environ, **surroundings},
        check=True,
        capture_output=True,
    )

    assert there.stdout == here


async def test_invoices_drawn_at_once_do_not_mix(drawer: InvoicePdfDrawer) -> None:
    invoices = [replace(INVOICE, number=f"INV-2026-{n:06d}") for n in range(1, 9)]
    alone = [await drawer.draw(invoice) for invoice in invoices]

    at_once = await asyncio.gather(*(drawer.draw(invoice) for invoice in invoices))

    assert at_once == alone


async def test_another_issue_time_is_another_document(drawer: InvoicePdfDrawer) -> None:
    later = replace(INVOICE, issued_at=PAID_AT + timedelta(seconds=1))

    reader = PdfReader(BytesIO(await drawer.draw(later)))

    assert reader.metadata is not None
    assert reader.metadata.creation_date == datetime(2026, 11, 23, 7, 5, 1, tzinfo=UTC)
