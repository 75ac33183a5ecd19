"""What a credit note says, and what it never says."""

from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO

import pytest
from pypdf import PdfReader

from adapters.invoice_pdf.drawer import InvoicePdfDrawer
from payments.credit_note import CreditReason
from payments.request import Customer, Locale
from tests.adapters.invoice_pdf.invoices import CREDIT_NOTE, REFUNDED_AT, SKATERS


@pytest.fixture(scope="module")
def drawer() -> InvoicePdfDrawer:
    return InvoicePdfDrawer()


def _text(pdf: bytes) -> str:
    """The whole text, however its lines were broken."""
    pages = [page.extract_text() for page in PdfReader(BytesIO(pdf)).pages]
    return " ".join(" ".join(pages).split())


async def test_an_indonesian_credit_note_says_everything(drawer: InvoicePdfDrawer) -> None:
    text = _text(await drawer.draw_credit_note(CREDIT_NOTE))

    for fact in (
        "Nota Kredit CN-2026-000001",
        "Tanggal terbit 1 Desember 2026",
        "Nomor pesanan SKT-1001",
        "Skaters",
        "Jl. Kemang Raya No. 12",
        "NPWP 01.234.567.8-901.000",
        "Pembeli Sari Dewi sari@example.com +628123456789",
        "Mengurangi faktur INV-2026-000001 Tanggal faktur 23 November 2026",
        "Alasan Pengembalian dana wheels-back",
        "Jumlah dikreditkan Rp111.000",
        "Harga termasuk PPN",
        "Dasar pengenaan pajak (DPP) Rp100.000",
        "PPN 12% x 11/12 Rp11.000",
        "Skaters · CN-2026-000001",
        "1/1",
    ):
        assert fact in text


async def test_an_english_credit_note_says_the_same(drawer: InvoicePdfDrawer) -> None:
    text = _text(await drawer.draw_credit_note(replace(CREDIT_NOTE, locale=Locale.EN)))

    for fact in (
        "Credit note CN-2026-000001",
        "Issue date 1 December 2026",
        "Order number SKT-1001",
        "Reduces invoice INV-2026-000001 Invoice date 23 November 2026",
        "Reason Refund wheels-back",
        "Amount credited Rp111.000",
        "Tax base (DPP) Rp100.000",
    ):
        assert fact in text
    assert "Nota" not in text


@pytest.mark.parametrize(
    ("locale", "reason"),
    [
        (Locale.ID, "Alasan Pembayaran ditarik kembali oleh bank"),
        (Locale.EN, "Reason The payment was taken back by the bank"),
    ],
)
async def test_a_reversal_is_named_as_the_reason(
    drawer: InvoicePdfDrawer, locale: Locale, reason: str
) -> None:
    reversal = replace(CREDIT_NOTE, reason=CreditReason.REVERSAL, refund_key=None, locale=locale)

    text = _text(await drawer.draw_credit_note(reversal))

    assert reason in text
    assert "None" not in text


@pytest.mark.parametrize("locale", Locale)
async def test_a_shop_that_owes_no_ppn_does_not_mention_tax(
    drawer: InvoicePdfDrawer, locale: Locale
) -> None:
    merchant = replace(SKATERS, npwp=None, is_pkp=False)
    note = replace(CREDIT_NOTE, tax=None, merchant=merchant, locale=locale)

    text = _text(await drawer.draw_credit_note(note))

    for word in ("PPN", "DPP", "VAT", "pajak", "tax", "NPWP"):
        assert word.lower() not in text.lower()


@pytest.mark.parametrize("locale", Locale)
async def test_no_credit_note_claims_to_be_a_document_of_the_tax_office(
    drawer: InvoicePdfDrawer, locale: Locale
) -> None:
    text = _text(await drawer.draw_credit_note(replace(CREDIT_NOTE, locale=locale))).lower()

    assert "faktur pajak" not in text
    assert "nota retur" not in text


async def test_the_longest_names_and_keys_wrap_and_lose_nothing(drawer: InvoicePdfDrawer) -> None:
    customer = Customer("S" * 255, "a" * 100 + "@example.com")
    key = "k" * 200

    pdf = await drawer.draw_credit_note(replace(CREDIT_NOTE, customer=customer, refund_key=key))

    text = "".join(_text(pdf).split())
    for long_one in (customer.name, customer.email, key):
        assert long_one in text


async def test_markup_is_shown_not_obeyed(drawer: InvoicePdfDrawer) -> None:
    evil = '<b>Sari</b> & <font size="40">x</font>'
    note = replace(CREDIT_NOTE, customer=Customer(evil, "s@a.id"), refund_key=evil)

    text = _text(await drawer.draw_credit_note(note))

    assert text.count(evil) == 2


async def test_the_document_says_what_it_is(drawer: InvoicePdfDrawer) -> None:
    reader = PdfReader(BytesIO(await drawer.draw_credit_note(CREDIT_NOTE)))

    information = reader.metadata
    assert information is not None
    assert information.title == "Nota Kredit CN-2026-000001"
    assert information.author == "Skaters"
    assert information.creation_date == REFUNDED_AT
    assert str(reader.root_object["/Lang"]) == "id"


async def test_another_issue_time_is_another_document(drawer: InvoicePdfDrawer) -> None:
    later = datetime(2027, 1, 1, tzinfo=UTC)

    text = _text(await drawer.draw_credit_note(replace(CREDIT_NOTE, issued_at=later)))

    assert "Tanggal terbit 1 Januari 2027" in text
