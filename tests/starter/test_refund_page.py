"""The page of a manual refund: what it shows, and that nothing typed can harm it."""

import re
from collections.abc import Mapping

import pytest

from payments.bank_details import BankDetails
from payments.errors import FieldProblem
from payments.payment import Payment
from payments.refunds import RefundCause
from payments.request import Locale
from starter.pay_page.refund_form import RefundLook
from starter.pay_page.refund_words import LABELS, REASONS, RULES
from tests.starter.conftest import PAGES
from tests.starter.orders import paid, paid_too_late, refunding

ASKED = refunding(paid())
TYPED = {
    "bank": 'BCA"><script>alert(1)</script>',
    "account_number": "12 34",
    "account_holder": "<b>Sari</b>",
}
GIVEN = BankDetails(bank="BCA", account_number="1234567890", account_holder="Sari Dewi")


def page(
    payment: Payment = ASKED,
    locale: Locale = Locale.ID,
    given: BankDetails | None = None,
    typed: Mapping[str, str] | None = None,
    broken: tuple[str, ...] = (),
) -> str:
    look = RefundLook(
        order_id=payment.order_id,
        refund=payment.refunds[-1],
        locale=locale,
        given=given,
        typed=typed or {},
        problems=tuple(FieldProblem(name, "is wrong") for name in broken),
    )
    return PAGES.refund(look)


def test_every_cause_and_every_field_has_its_words() -> None:
    assert set(REASONS) == set(RefundCause)
    assert set(RULES) <= set(LABELS)


def test_the_form_tells_amount_and_why_and_asks_for_three_things() -> None:
    html = page()

    assert "Rp350.000" in html
    assert "Kami mengembalikan dana untuk pesanan SKT-1." in html
    assert re.findall(r'<input id="(\w+)"', html) == ["bank", "account_number", "account_holder"]
    assert "<script" not in html
    for personal in ("Sari", "sari@example.com", "628123456789"):
        assert personal not in html


def test_money_that_came_too_late_is_told_as_such() -> None:
    html = page(paid_too_late(), Locale.EN)

    assert "reached us after order SKT-1 had ended" in html


@pytest.mark.parametrize("locale", list(Locale))
def test_a_form_that_was_not_taken_keeps_what_was_typed_and_says_what_is_wrong(
    locale: Locale,
) -> None:
    html = page(locale=locale, typed={"bank": "BCA", "account_number": "12x"}, broken=("bank",))

    assert 'value="BCA"' in html
    assert 'value="12x"' in html
    assert html.count('aria-invalid="true"') == 1
    assert RULES["bank"].text(locale, {}) in html
    assert RULES["account_number"].text(locale, {}) not in html


def test_what_was_typed_is_never_markup() -> None:
    html = page(typed=TYPED, broken=tuple(TYPED))

    assert "<script" not in html
    assert "<b>" not in html
    assert "BCA&#34;&gt;&lt;script&gt;" in html


def test_once_given_only_the_bank_and_four_digits_are_shown() -> None:
    html = page(given=GIVEN)

    assert "BCA" in html
    assert "•••• 7890" in html
    assert "<form" not in html
    assert "1234567890" not in html
    assert "Sari" not in html


def test_what_was_given_is_never_markup() -> None:
    html = page(given=BankDetails(bank="<i>BCA", account_number="12345", account_holder="x"))

    assert "<i>" not in html
