import re
from dataclasses import replace

import pytest
from jinja2 import TemplateNotFound, UndefinedError

from adapters.email.letter import Letter, Letters
from adapters.email.receipt import receipt_facts
from payments.invoice import Invoice, Merchant
from payments.request import Customer, LineItem, Locale
from tests.adapters.invoice_pdf.invoices import DECK, INVOICE, SKATERS


def _receipt(invoice: Invoice, merchant: Merchant = SKATERS) -> Letter:
    return Letters().render("receipt", invoice.locale, receipt_facts(invoice, merchant))


FACTS = (
    "Sari Dewi",
    "Rp350.000",
    "BCA Virtual Account",
    "SKT-1001",
    "INV-2026-000001",
    "INV-2026-000001.pdf",
    "Skate deck 8.0",
    "-Rp100.000",
    "halo@skaters.example",
    "+62 21 555 0101",
)


def test_an_indonesian_receipt_says_what_was_paid_and_what_comes_next() -> None:
    letter = _receipt(INVOICE)

    assert letter.subject == "Pembayaran pesanan SKT-1001 telah kami terima"
    for body in (letter.text, letter.html):
        for fact in (*FACTS, "23 November 2026 14.05 WIB", "Anda tidak perlu membayar lagi"):
            assert fact in body


def test_an_english_receipt_says_the_same() -> None:
    letter = _receipt(replace(INVOICE, locale=Locale.EN))

    assert letter.subject == "We have received your payment for order SKT-1001"
    for body in (letter.text, letter.html):
        for fact in (*FACTS, "23 November 2026, 14:05 WIB", "There is nothing more to pay"):
            assert fact in body


@pytest.mark.parametrize("locale", Locale)
def test_what_is_not_known_is_not_mentioned(locale: Locale) -> None:
    merchant = replace(SKATERS, phone=None, website=None)

    letter = _receipt(replace(INVOICE, locale=locale, paid_with=None), merchant)

    for body in (letter.text, letter.html):
        assert "None" not in body
        assert "+62 21" not in body
        assert not re.search("metode|method", body, re.IGNORECASE)


@pytest.mark.parametrize("locale", Locale)
def test_markup_in_names_is_shown_not_obeyed(locale: Locale) -> None:
    evil = '<script>alert("1")</script> & {{ 7 * 7 }}'
    invoice = replace(
        INVOICE,
        locale=locale,
        customer=Customer(evil, "sari@example.com"),
        items=(LineItem("X", evil, 350_000, 1),),
    )

    letter = _receipt(invoice, replace(SKATERS, name=evil, address=(evil,)))

    assert "<script" not in letter.html
    assert "&lt;script&gt;alert(&#34;1&#34;)&lt;/script&gt; &amp; {{ 7 * 7 }}" in letter.html
    assert evil in letter.text


@pytest.mark.parametrize("locale", Locale)
def test_a_mail_loads_nothing_and_tells_nobody_that_it_was_read(locale: Locale) -> None:
    html = _receipt(replace(INVOICE, locale=locale)).html

    assert not re.search(r"<img|<link|<script|https?:|url\(|src=", html)


def test_a_kind_without_templates_is_refused() -> None:
    with pytest.raises(TemplateNotFound):
        Letters().render("sermon", Locale.ID, {})


def test_a_fact_that_is_missing_is_refused() -> None:
    with pytest.raises(UndefinedError):
        Letters().render("receipt", Locale.ID, {"invoice": INVOICE, "lines": [DECK]})
