"""What the mails about an unpaid end say, and what they never say."""

import re
from dataclasses import replace
from html import unescape

import pytest

from adapters.email.letter import Letter, Letters
from adapters.email.notice import notice_facts
from payments.credit_note import CreditNote
from payments.invoice import Merchant
from payments.messages import STATUS_TEXTS
from payments.methods import PaymentMethod
from payments.payment import Payment
from payments.refunds import RefundCause, RefundStatus
from payments.request import Customer, Locale
from payments.status import PaymentStatus
from tests.adapters.email.ends import (
    ATTEMPT,
    DESK,
    LINK,
    REFUND,
    RETRY_UNTIL,
    TOKEN,
    ended,
    mail_of,
)
from tests.adapters.invoice_pdf.invoices import CREDIT_NOTE, SKATERS

WITH_OFFER = [PaymentStatus.FAILED, PaymentStatus.EXPIRED, PaymentStatus.REVERSED]
ENDS = [*WITH_OFFER, PaymentStatus.CANCELLED]
OLD_NUMBERS = {
    Locale.ID: "Mohon jangan lagi membayar melalui nomor virtual account, kode pembayaran, atau"
    " kode QR yang lama.",
    Locale.EN: "Please do not pay with the old virtual account number, payment code or QR code any"
    " more.",
}


def _notice(
    payment: Payment,
    locale: Locale = Locale.ID,
    note: CreditNote | None = None,
    merchant: Merchant = SKATERS,
) -> Letter:
    payment = replace(payment, request=replace(payment.request, locale=locale))
    mail = mail_of(payment)
    return Letters().render(mail.kind, locale, notice_facts(mail, payment, note, merchant, DESK))


def _bodies(letter: Letter) -> tuple[str, str]:
    """Both bodies as they are read, however their lines are broken."""
    seen = unescape(re.sub(r"<[^>]+>", "", letter.html))
    return " ".join(letter.text.split()), " ".join(seen.split())


@pytest.mark.parametrize(
    ("status", "locale", "subject"),
    [
        (PaymentStatus.FAILED, Locale.ID, "Pembayaran pesanan SKT-1001 tidak berhasil"),
        (PaymentStatus.FAILED, Locale.EN, "Your payment for order SKT-1001 did not succeed"),
        (PaymentStatus.EXPIRED, Locale.ID, "Waktu pembayaran pesanan SKT-1001 telah habis"),
        (PaymentStatus.EXPIRED, Locale.EN, "The time to pay for order SKT-1001 is over"),
        (PaymentStatus.CANCELLED, Locale.ID, "Pembayaran pesanan SKT-1001 telah dibatalkan"),
        (PaymentStatus.CANCELLED, Locale.EN, "The payment for order SKT-1001 was cancelled"),
        (
            PaymentStatus.REVERSED,
            Locale.ID,
            "Pesanan SKT-1001 belum terbayar: pembayaran Anda ditarik kembali oleh bank",
        ),
        (
            PaymentStatus.REVERSED,
            Locale.EN,
            "Order SKT-1001 is not paid: the bank has taken your payment back",
        ),
    ],
)
def test_a_notice_says_what_happened_and_what_must_not_be_paid_any_more(
    status: PaymentStatus, locale: Locale, subject: str
) -> None:
    letter = _notice(ended(status), locale)

    assert letter.subject == subject
    for body in _bodies(letter):
        for fact in (
            STATUS_TEXTS[status, None].text(locale, {}),
            OLD_NUMBERS[locale],
            "Sari Dewi",
            "SKT-1001",
            "Rp350.000",
            "halo@skaters.example",
            "+62 21 555 0101",
        ):
            assert fact in body


@pytest.mark.parametrize("status", WITH_OFFER)
@pytest.mark.parametrize(
    ("locale", "until"),
    [
        (Locale.ID, "sampai 24 November 2026 14.10 WIB."),
        (Locale.EN, "until 24 November 2026, 14:10 WIB."),
    ],
)
def test_other_methods_are_offered_with_a_link_until_its_end(
    status: PaymentStatus, locale: Locale, until: str
) -> None:
    letter = _notice(ended(status), locale)

    assert letter.html.count(f'href="{LINK}"') == 2
    for body in _bodies(letter):
        assert LINK in body
        assert until in body
        assert "BNI Virtual Account, BRI Virtual Account" in body


def test_the_method_that_failed_is_offered_last() -> None:
    for body in _bodies(_notice(ended(PaymentStatus.FAILED))):
        assert "Akulaku PayLater, Kredivo, BCA Virtual Account Pilih" in body


def test_only_methods_are_offered_that_can_be_chosen_by_name() -> None:
    attempt = replace(ATTEMPT, method=PaymentMethod.ANY)

    letter = _notice(replace(ended(PaymentStatus.FAILED), attempts=(attempt,)))

    for body in _bodies(letter):
        assert "Kartu kredit/debit" in body
        assert "Pembayaran daring" not in body


def test_an_offer_without_end_promises_none() -> None:
    for body in _bodies(_notice(replace(ended(PaymentStatus.FAILED), retry_until=None))):
        assert "Anda masih dapat membayar pesanan ini. Anda dapat menggunakan:" in body
        assert LINK in body


LATE = replace(REFUND, cause=RefundCause.LATE_MONEY, status=RefundStatus.REQUESTED)


@pytest.mark.parametrize(
    ("status", "changes"),
    [
        pytest.param(PaymentStatus.CANCELLED, {}, id="cancelled"),
        pytest.param(
            PaymentStatus.FAILED, {"attempts": (replace(ATTEMPT, link_token=None),)}, id="no link"
        ),
        pytest.param(PaymentStatus.FAILED, {"updated_at": RETRY_UNTIL}, id="too late"),
        pytest.param(PaymentStatus.EXPIRED, {"refunds": (LATE,)}, id="money came after all"),
    ],
)
@pytest.mark.parametrize("locale", Locale)
def test_no_link_where_there_is_nothing_to_try(
    status: PaymentStatus, changes: dict[str, object], locale: Locale
) -> None:
    payment = ended(status)

    letter = _notice(replace(payment, **changes), locale)  # type: ignore[arg-type]  # a table of fields

    for body in (letter.text, letter.html):
        assert TOKEN not in body
        assert "/pay/" not in body
        assert "Kredivo" not in body


def test_the_link_is_that_of_the_latest_attempt() -> None:
    attempts = (ATTEMPT, replace(ATTEMPT, number=2, link_token="second"))

    letter = _notice(replace(ended(PaymentStatus.FAILED), attempts=attempts))

    assert "https://pay.skaters.example/pay/second" in letter.text
    assert TOKEN not in letter.text


@pytest.mark.parametrize("locale", Locale)
def test_money_that_came_late_is_not_denied(locale: Locale) -> None:
    late = replace(ended(PaymentStatus.CANCELLED), refunds=(LATE,))

    for body in _bodies(_notice(late, locale)):
        assert STATUS_TEXTS[PaymentStatus.CANCELLED, None].text(locale, {}) not in body
        assert re.search("akan kami kembalikan|and will return it", body)


@pytest.mark.parametrize(
    ("locale", "advice"),
    [
        (Locale.ID, "pastikan dana tersebut telah kembali kepada Anda"),
        (Locale.EN, "make sure that the money has come back to you"),
    ],
)
def test_who_is_asked_to_pay_again_is_told_to_look_for_the_money_first(
    locale: Locale, advice: str
) -> None:
    for body in _bodies(_notice(ended(PaymentStatus.REVERSED), locale)):
        assert advice in body


@pytest.mark.parametrize(
    ("locale", "attached"),
    [
        (Locale.ID, "Nota kredit untuk faktur Anda kami lampirkan (CN-2026-000001.pdf)."),
        (Locale.EN, "The credit note for your invoice is attached (CN-2026-000001.pdf)."),
    ],
)
def test_a_credit_note_is_named_only_where_it_is_attached(locale: Locale, attached: str) -> None:
    payment = ended(PaymentStatus.REVERSED)

    for body in _bodies(_notice(payment, locale, CREDIT_NOTE)):
        assert attached in body
    for body in _bodies(_notice(payment, locale)):
        assert not re.search("nota kredit|credit note|None", body, re.IGNORECASE)


@pytest.mark.parametrize("status", ENDS)
@pytest.mark.parametrize("locale", Locale)
def test_markup_in_names_is_shown_not_obeyed(status: PaymentStatus, locale: Locale) -> None:
    evil = '<script>alert("1")</script> & {{ 7 * 7 }}'
    payment = ended(status)
    request = replace(payment.request, customer=Customer(evil, "sari@example.com"))

    letter = _notice(
        replace(payment, request=request), locale, merchant=replace(SKATERS, name=evil)
    )

    assert "<script" not in letter.html
    assert evil in letter.text
    assert evil in unescape(letter.html)


@pytest.mark.parametrize("status", ENDS)
@pytest.mark.parametrize("locale", Locale)
def test_a_notice_loads_nothing_and_leads_nowhere_else(
    status: PaymentStatus, locale: Locale
) -> None:
    html = _notice(ended(status), locale).html

    assert not re.search(r"<img|<link|<script|url\(|src=", html)
    assert not re.search(r"https?:", html.replace(LINK, ""))
