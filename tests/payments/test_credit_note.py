from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.credit_note import credit_note_number, credit_note_series, credited_tax
from payments.invoice import Invoice, ppn_in
from payments.methods import PaymentMethod
from payments.money import Currency, Money
from payments.request import Locale
from tests.payments.refund_causes import rupiah
from tests.payments.samples import MERCHANT, NOW, REQUEST, after

TODAY = date(2026, 11, 23)


def invoice_of(value: int, *, is_taxed: bool = True) -> Invoice:
    return Invoice(
        number="INV-2026-000001",
        order_id=REQUEST.order_id,
        issued_at=NOW,
        paid_at=after(minutes=1),
        paid_with=PaymentMethod.QRIS,
        locale=Locale.ID,
        merchant=MERCHANT,
        customer=REQUEST.customer,
        items=REQUEST.items,
        total=rupiah(value),
        tax=ppn_in(rupiah(value), TODAY) if is_taxed else None,
    )


@given(st.lists(st.integers(1, 10**7), min_size=1, max_size=9))
def test_the_credit_notes_of_a_whole_invoice_have_just_its_tax(parts: list[int]) -> None:
    invoice = invoice_of(sum(parts))
    assert invoice.tax is not None

    credited, before = [], Money.zero(Currency.IDR)
    for part in map(rupiah, parts):
        tax = credited_tax(invoice, before, part)
        assert tax is not None
        assert tax.base + tax.amount == part
        assert 0 <= tax.amount.value <= part.value
        credited.append(tax.amount.value)
        before += part

    assert sum(credited) == invoice.tax.amount.value


@pytest.mark.parametrize(
    ("before", "amount", "tax"),
    [(0, 350_000, 34_685), (0, 175_000, 17_343), (175_000, 175_000, 17_342), (0, 1, 0)],
)
def test_the_tax_goes_back_pro_rata(before: int, amount: int, tax: int) -> None:
    credited = credited_tax(invoice_of(350_000), rupiah(before), rupiah(amount))

    assert credited is not None
    assert credited.amount == rupiah(tax)
    assert credited.label == "PPN 12% x 11/12"


def test_an_invoice_without_tax_gives_none_back() -> None:
    untaxed = invoice_of(350_000, is_taxed=False)

    assert credited_tax(untaxed, rupiah(0), rupiah(350_000)) is None


def test_credit_notes_are_counted_apart_from_invoices() -> None:
    assert credit_note_series("2026") == "CN-2026"
    assert credit_note_number("CN-2026", 42) == "CN-2026-000042"
