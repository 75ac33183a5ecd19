"""The customer's page: what it shows in every state, and that it never offers too much."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from payments.charging import charge_refused, closing_begun
from payments.gateway import ChargeFailure, ClosingCause, InstructionKind, Instructions
from payments.methods import METHODS, Integration, PaymentMethod
from payments.payment import Payment
from payments.request import Locale
from payments.status import AttemptStatus, PaymentStatus
from starter.pay_page.instructions import how_to_pay
from starter.pay_page.offers import GROUPS, integration_for
from starter.pay_page.pages import Look
from starter.pay_page.qr import QUIET_ZONE, qr_svg
from starter.pay_page.words import HINTS, LABELS, TITLES
from starter.views import message
from tests.starter.conftest import PAGES
from tests.starter.orders import (
    NOW,
    TERMS,
    awaiting,
    paid,
    paid_too_late,
    prepared,
    reported,
)

FAILED = charge_refused(prepared("SKT-1"), 1, "402", TERMS, NOW).payment
PAID = replace(
    awaiting("SKT-1"),
    status=PaymentStatus.PAID,
    paid_attempt=1,
    paid_at=NOW,
    paid_with=PaymentMethod.QRIS,
    invoice_number="INV-2026-000001",
)
CODES = {
    InstructionKind.REDIRECT: {"redirect_url": "https://app.midtrans.example/snap"},
    InstructionKind.VIRTUAL_ACCOUNT: {"va_number": "81278500253"},
    InstructionKind.BILL: {"biller_code": "70012", "bill_key": "778850123456"},
    InstructionKind.QR: {"qr_string": "00020101021226610014COM.GO-JEK.WWW"},
    InstructionKind.DEEPLINK: {"deeplink_url": "https://gojek.link/gopay/merchant"},
    InstructionKind.PAYMENT_CODE: {"payment_code": "8888123412341"},
}


def page(payment: Payment, locale: Locale = Locale.ID, **look: Any) -> str:
    given = {"attempt": 1, "now": NOW + timedelta(minutes=1), **look}
    return PAGES.payment(Look(payment=payment, locale=locale, **given))


def offered(html: str) -> list[str]:
    return re.findall(r'<button name="method" value="(\w+)">', html)


def paying_by(kind: InstructionKind, method: PaymentMethod, **codes: str) -> Payment:
    payment = awaiting("SKT-1", Instructions(kind=kind, **codes))
    return replace(payment, attempts=(replace(payment.latest_attempt, method=method),))


def test_every_status_and_every_kind_of_instructions_has_its_words() -> None:
    assert set(TITLES) == set(PaymentStatus)
    assert set(HINTS) == set(InstructionKind)


def test_every_word_is_said_in_both_languages() -> None:
    for told in (*TITLES.values(), *HINTS.values(), *LABELS.values(), *GROUPS):
        assert told.id
        assert told.en
        assert "{" not in told.id + told.en


@pytest.mark.parametrize("locale", list(Locale))
@pytest.mark.parametrize("status", list(PaymentStatus))
def test_every_state_says_how_the_payment_stands(status: PaymentStatus, locale: Locale) -> None:
    payment = replace(awaiting("SKT-1"), status=status)

    html = page(payment, locale)

    assert f'<html lang="{locale}">' in html
    assert TITLES[status].text(locale, {}) in html
    assert message(payment, locale) in html
    assert "SKT-1" in html
    assert "Rp350.000" in html


@pytest.mark.parametrize("status", list(PaymentStatus))
def test_only_what_may_change_by_itself_renews_itself(status: PaymentStatus) -> None:
    moves = {"preparing", "awaiting_payment", "in_review", "checking"}

    html = page(replace(awaiting("SKT-1"), status=status))

    assert ('http-equiv="refresh" content="10"' in html) == (status in moves)


@pytest.mark.parametrize("kind", list(InstructionKind))
def test_every_kind_of_instructions_shows_what_is_needed(kind: InstructionKind) -> None:
    html = page(paying_by(kind, PaymentMethod.BCA_VA, **CODES[kind]))

    shown = re.sub(r"</span><wbr><span>", "", html)
    for name, code in CODES[kind].items():
        assert (code in shown) == (name != "qr_string")
    assert ('<svg class="qr"' in html) == (kind is InstructionKind.QR)
    assert "23 November 2026 14.05 WIB" in html
    assert HINTS[kind].id.replace("'", "&#39;") in html


def test_a_code_stands_in_groups_and_is_copied_as_one() -> None:
    shown = Instructions(
        kind=InstructionKind.BILL, biller_code="70012", bill_key="778850123456", va_number="1"
    )

    codes = how_to_pay(shown, PaymentMethod.MANDIRI_BILL, Locale.EN).codes

    assert [code.groups for code in codes] == [("70012",), ("7788", "5012", "3456"), ("1",)]


def test_a_picture_of_a_code_is_a_way_out_where_its_text_is_missing() -> None:
    picture = "https://api.midtrans.example/qr.png"
    both = Instructions(kind=InstructionKind.QR, qr_string="0002", qr_url=picture)

    alone = how_to_pay(replace(both, qr_string=None), PaymentMethod.GOPAY, Locale.EN)

    assert [button.url for button in alone.buttons] == [picture]
    assert not how_to_pay(both, PaymentMethod.GOPAY, Locale.EN).buttons


def test_the_qr_code_stands_in_the_page_with_its_quiet_zone() -> None:
    svg = qr_svg("00020101021226610014COM.GO-JEK.WWW", 'a "label"')

    side = re.search(r'viewBox="0 0 (\d+) \1"', svg)
    assert side is not None
    # Version n has 17 + 4n modules; its finder pattern begins at the first one.
    assert (int(side[1]) - 2 * QUIET_ZONE - 17) % 4 == 0
    assert f"M{QUIET_ZONE} {QUIET_ZONE}h1v1h-1z" in svg
    assert "a &#34;label&#34;" in svg


def test_after_a_failure_every_method_that_fits_is_offered_the_failed_one_last() -> None:
    html = page(FAILED)

    fitting = set(FAILED.methods_to_try(NOW)) - {PaymentMethod.ANY}
    assert set(offered(html)) == {str(method) for method in fitting}
    assert len(offered(html)) == len(fitting)
    assert offered(html)[-1] == "bca_va"
    assert "24 November 2026 14.00 WIB" in html


def test_a_method_that_does_not_take_the_amount_is_not_offered() -> None:
    item = {"id": "RAMP", "name": "Ramp", "price": 10_000_001, "quantity": 1}
    amount = {"value": 10_000_001, "currency": "IDR"}
    large = prepared("SKT-1", amount=amount, items=[item])

    html = page(charge_refused(large, 1, "402", TERMS, NOW).payment)

    assert "qris" not in offered(html)
    assert "gopay" in offered(html)


def test_whoever_can_pay_is_asked_before_the_methods_are_shown() -> None:
    awaited = awaiting("SKT-1")

    usual, choosing = page(awaited), page(awaited, is_choosing=True)

    assert not offered(usual)
    assert 'href="?lang=id&amp;change=1"' in usual
    assert "bca_va" not in offered(choosing)
    assert "qris" in offered(choosing)
    assert "refresh" not in choosing
    assert "jangan lagi membayar ke nomor atau kode yang lama" in choosing
    assert "81278500253" not in choosing


@pytest.mark.parametrize(
    "payment",
    [
        pytest.param(PAID, id="paid"),
        pytest.param(replace(FAILED, status=PaymentStatus.CANCELLED), id="cancelled"),
        pytest.param(replace(FAILED, retry_until=NOW), id="too late"),
        pytest.param(
            replace(FAILED, refunds=paid_too_late().refunds, retry_until=None), id="late money"
        ),
        pytest.param(replace(awaiting("SKT-1"), status=PaymentStatus.CHECKING), id="checking"),
        pytest.param(replace(awaiting("SKT-1"), status=PaymentStatus.IN_REVIEW), id="review"),
    ],
)
def test_nothing_is_offered_where_paying_would_be_in_vain_or_twice(payment: Payment) -> None:
    assert not offered(page(payment))
    assert not offered(page(payment, is_choosing=True))


def test_a_reversed_payment_may_be_paid_again_by_every_method() -> None:
    taken_back = reported(paid(method=PaymentMethod.PERMATA_VA), AttemptStatus.REVERSED)

    html = page(taken_back)

    assert TITLES[PaymentStatus.REVERSED].id in html
    assert set(offered(html)) == {
        method for methods in GROUPS.values() for method in methods if method in METHODS
    }


def test_a_used_link_offers_nothing_more() -> None:
    second = replace(FAILED.attempts[0], number=2, status=AttemptStatus.PENDING)
    switched = replace(
        FAILED,
        status=PaymentStatus.AWAITING_PAYMENT,
        attempts=(*FAILED.attempts, second),
        retry_until=None,
    )

    assert not offered(page(switched, is_choosing=True))
    assert offered(page(switched, attempt=2, is_choosing=True))


def test_who_chooses_while_the_last_attempt_is_being_closed_hears_that_it_opens_then() -> None:
    failure = ChargeFailure.UNREACHABLE
    unsent = closing_begun(
        prepared("SKT-1"), 1, ClosingCause.CHARGE_FAILED, TERMS, NOW, failure
    ).payment

    html = page(unsent)

    assert offered(html)
    assert LABELS["opens_soon"].id in html
    assert 'http-equiv="refresh"' in html


def test_a_paid_order_says_when_how_and_which_invoice() -> None:
    html = page(PAID, Locale.EN)

    for said in ("23 November 2026, 14:00 WIB", "QRIS", "INV-2026-000001"):
        assert said in html


def test_what_others_wrote_is_shown_as_text() -> None:
    shown = {"va_number": "<script>alert(1)</script>", "redirect_url": '"><script>'}

    html = page(paying_by(InstructionKind.VIRTUAL_ACCOUNT, PaymentMethod.BCA_VA, **shown))

    assert "<script" not in html


def test_every_method_but_any_stands_in_one_group() -> None:
    grouped = [method for methods in GROUPS.values() for method in methods]

    assert len(grouped) == len(set(grouped))
    assert set(grouped) == set(METHODS) - {PaymentMethod.ANY}


@pytest.mark.parametrize("method", list(PaymentMethod))
def test_the_page_opens_each_method_in_a_way_that_it_is_served(method: PaymentMethod) -> None:
    assert integration_for(method) in METHODS[method].integrations


def test_codes_stay_on_our_page_and_wallets_go_on_at_the_gateway_s() -> None:
    assert integration_for(PaymentMethod.QRIS) is Integration.CORE
    assert integration_for(PaymentMethod.BCA_VA) is Integration.CORE
    assert integration_for(PaymentMethod.GOPAY) is Integration.SNAP


@pytest.mark.parametrize("locale", list(Locale))
def test_a_dead_link_says_what_to_do(locale: Locale) -> None:
    html = PAGES.dead(locale)

    assert LABELS["dead_text"].text(locale, {}) in html
    assert "halo@skaters.example" in html
