"""What the mails about money on its way back say, and what they never say."""

import re
from dataclasses import replace
from html import unescape

import pytest

from adapters.email.letter import Letter, Letters
from adapters.email.notice import notice_facts
from adapters.email.refund_words import ARRIVAL, STAGES, WHY, Way
from payments.credit_note import CreditNote
from payments.invoice import Merchant
from payments.methods import PaymentMethod
from payments.payment import Payment
from payments.refunds import GIVEN_BACK, Refund, RefundCause, RefundStatus
from payments.request import Customer, Locale
from tests.adapters.email.ends import (
    DESK,
    MANUAL,
    REFUND,
    REFUND_LINK,
    TRANSFERRED,
    mail_about,
    paid,
)
from tests.adapters.invoice_pdf.invoices import CREDIT_NOTE, SKATERS

CONFIRMED = replace(REFUND, status=RefundStatus.CONFIRMED)
EVERY_STAGE = [REFUND, CONFIRMED, TRANSFERRED, MANUAL]
ORDER = {"order_id": "SKT-1001"}


def _mail(
    refund: Refund,
    locale: Locale = Locale.ID,
    method: PaymentMethod = PaymentMethod.CREDIT_CARD,
    note: CreditNote | None = None,
) -> Letter:
    return _written(paid(method, refund), refund, locale, note)


def _written(
    payment: Payment,
    refund: Refund,
    locale: Locale,
    note: CreditNote | None = None,
    merchant: Merchant = SKATERS,
) -> Letter:
    payment = replace(payment, request=replace(payment.request, locale=locale))
    mail = mail_about(refund)
    return Letters().render(mail.kind, locale, notice_facts(mail, payment, note, merchant, DESK))


def _bodies(letter: Letter) -> tuple[str, str]:
    """Both bodies as they are read, however their lines are broken."""
    seen = unescape(re.sub(r"<[^>]+>", " ", letter.html))
    return " ".join(letter.text.split()), " ".join(seen.split())


def test_every_cause_every_stage_and_every_way_has_its_words() -> None:
    assert set(WHY) == set(RefundCause)
    assert set(STAGES) == GIVEN_BACK
    assert set(ARRIVAL) == set(Way)


@pytest.mark.parametrize(
    ("locale", "subject", "method"),
    [
        (Locale.ID, "Pengembalian dana pesanan SKT-1001", "Kartu kredit/debit"),
        (Locale.EN, "Your refund for order SKT-1001", "Credit/debit card"),
    ],
)
@pytest.mark.parametrize("cause", RefundCause)
def test_a_refund_says_why_how_much_and_how(
    cause: RefundCause, locale: Locale, subject: str, method: str
) -> None:
    letter = _mail(replace(REFUND, cause=cause), locale)

    assert letter.subject == subject
    for body in _bodies(letter):
        for fact in (
            WHY[cause].text(locale, ORDER),
            ARRIVAL[Way.CARD].text(locale, {}),
            method,
            "Sari Dewi",
            "SKT-1001",
            "Rp111.000",
            "halo@skaters.example",
        ):
            assert fact in body
        assert "Rp350.000" not in body


@pytest.mark.parametrize(
    ("refund", "locale", "said"),
    [
        (REFUND, Locale.ID, "sedang memprosesnya; dananya mungkin belum Anda terima"),
        (REFUND, Locale.EN, "the money may not have reached you yet"),
        (CONFIRMED, Locale.ID, "telah dikonfirmasi"),
        (CONFIRMED, Locale.EN, "has been confirmed"),
        (TRANSFERRED, Locale.ID, "telah kami transfer ke rekening bank Anda"),
        (TRANSFERRED, Locale.EN, "We have transferred the money to your bank account"),
    ],
)
def test_no_more_is_said_than_is_known(refund: Refund, locale: Locale, said: str) -> None:
    claims = ("telah dikonfirmasi", "has been confirmed", "telah kami transfer", "have transferred")

    for body in _bodies(_mail(refund, locale)):
        assert said in body
        assert all(claim in said or claim not in body for claim in claims)


@pytest.mark.parametrize(
    ("method", "way"),
    [
        (PaymentMethod.CREDIT_CARD, Way.CARD),
        (PaymentMethod.GOPAY, Way.E_WALLET),
        (PaymentMethod.SHOPEEPAY, Way.E_WALLET),
        (PaymentMethod.DANA, Way.E_WALLET),
        (PaymentMethod.OVO, Way.E_WALLET),
        (PaymentMethod.AKULAKU, Way.PAYLATER),
        (PaymentMethod.KREDIVO, Way.PAYLATER),
        (PaymentMethod.QRIS, Way.AS_PAID),
        (PaymentMethod.ANY, Way.AS_PAID),
    ],
)
@pytest.mark.parametrize("locale", Locale)
def test_how_long_it_takes_is_told_by_the_method(
    method: PaymentMethod, way: Way, locale: Locale
) -> None:
    for body in _bodies(_mail(REFUND, locale, method)):
        assert ARRIVAL[way].text(locale, {}) in body


@pytest.mark.parametrize("locale", Locale)
def test_a_transfer_carries_its_reference(locale: Locale) -> None:
    for body in _bodies(_mail(TRANSFERRED, locale, PaymentMethod.BCA_VA)):
        assert "BCA-778812" in body
        assert ARRIVAL[Way.TRANSFER].text(locale, {}) in body


@pytest.mark.parametrize("locale", Locale)
def test_a_refund_without_reference_mentions_none(locale: Locale) -> None:
    for body in _bodies(_mail(REFUND, locale)):
        assert not re.search("referensi|reference|None", body, re.IGNORECASE)


@pytest.mark.parametrize(
    ("locale", "words"), [(Locale.ID, "nota kredit"), (Locale.EN, "credit note")]
)
def test_a_credit_note_is_named_only_where_it_is_attached(locale: Locale, words: str) -> None:
    for body in _bodies(_mail(REFUND, locale, note=CREDIT_NOTE)):
        assert words in body.lower()
        assert "(CN-2026-000001.pdf)" in body
    for body in _bodies(_mail(REFUND, locale)):
        assert words not in body.lower()


@pytest.mark.parametrize("refund", EVERY_STAGE)
@pytest.mark.parametrize("locale", Locale)
def test_what_operators_write_to_each_other_stays_with_them(refund: Refund, locale: Locale) -> None:
    letter = _mail(refund, locale)

    for body in (letter.text, letter.html):
        for word in (REFUND.reason, REFUND.refund_key, "cashier", "treasurer"):
            assert word not in body


@pytest.mark.parametrize(
    ("locale", "subject", "asked"),
    [
        (
            Locale.ID,
            "Mohon sampaikan rekening Anda untuk pengembalian dana pesanan SKT-1001",
            "nama bank, nomor rekening, dan nama pemilik rekening",
        ),
        (
            Locale.EN,
            "Please tell us where to return your money for order SKT-1001",
            "your bank, the account number and the account holder's name",
        ),
    ],
)
@pytest.mark.parametrize("cause", RefundCause)
def test_who_is_asked_for_an_account_hears_why_how_much_and_where(
    cause: RefundCause, locale: Locale, subject: str, asked: str
) -> None:
    letter = _mail(replace(MANUAL, cause=cause), locale, PaymentMethod.BCA_VA)

    assert letter.subject == subject
    assert letter.html.count(f'href="{REFUND_LINK}"') == 2
    for body in _bodies(letter):
        for fact in (
            WHY[cause].text(locale, ORDER),
            asked,
            REFUND_LINK,
            "Rp111.000",
            "BCA Virtual Account",
            "SKT-1001",
        ):
            assert fact in body


@pytest.mark.parametrize(
    ("locale", "never"),
    [
        (Locale.ID, "tidak pernah meminta kata sandi, PIN, kode OTP, atau data kartu"),
        (Locale.EN, "never ask for your password, PIN, OTP code or card data"),
    ],
)
def test_who_is_asked_for_an_account_is_told_what_nobody_asks_for(
    locale: Locale, never: str
) -> None:
    for body in _bodies(_mail(MANUAL, locale)):
        assert never in body


@pytest.mark.parametrize("refund", EVERY_STAGE)
@pytest.mark.parametrize("locale", Locale)
def test_markup_in_names_is_shown_not_obeyed(refund: Refund, locale: Locale) -> None:
    evil = '<script>alert("1")</script> & {{ 7 * 7 }}'
    refund = replace(refund, reference=refund.reference and evil)
    payment = paid(PaymentMethod.CREDIT_CARD, refund)
    request = replace(payment.request, customer=Customer(evil, "sari@example.com"))
    merchant = replace(SKATERS, name=evil)

    letter = _written(replace(payment, request=request), refund, locale, merchant=merchant)

    assert "<script" not in letter.html
    assert evil in letter.text
    assert evil in unescape(letter.html)


@pytest.mark.parametrize("refund", EVERY_STAGE)
@pytest.mark.parametrize("locale", Locale)
def test_a_mail_loads_nothing_and_leads_nowhere_else(refund: Refund, locale: Locale) -> None:
    html = _mail(refund, locale).html

    assert not re.search(r"<img|<link|<script|url\(|src=", html)
    assert not re.search(r"https?:", html.replace(REFUND_LINK, ""))
