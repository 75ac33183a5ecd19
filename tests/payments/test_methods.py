from datetime import timedelta

import pytest

from payments.methods import METHODS, Integration, PaymentMethod, methods_for
from payments.money import Currency, Money

HOLDING = {PaymentMethod.PERMATA_VA, PaymentMethod.MANDIRI_BILL, PaymentMethod.INDOMARET}


def rupiah(value: int) -> Money:
    return Money(value, Currency.IDR)


def test_every_method_has_its_rules() -> None:
    assert set(METHODS) == set(PaymentMethod)


@pytest.mark.parametrize(
    ("method", "least", "most"),
    [
        # Fact sheet §3.4.
        (PaymentMethod.ANY, 1, None),
        (PaymentMethod.CREDIT_CARD, 10_000, 999_999_999),
        (PaymentMethod.BCA_VA, 10_000, 20_000_000_000),
        (PaymentMethod.BNI_VA, 1, None),
        (PaymentMethod.BRI_VA, 1, 20_000_000_000),
        (PaymentMethod.PERMATA_VA, 1, 9_999_999_999),
        (PaymentMethod.CIMB_VA, 1, 250_000_000),
        (PaymentMethod.DANAMON_VA, 1, None),
        (PaymentMethod.BSI_VA, 1_000, None),
        (PaymentMethod.MANDIRI_BILL, 1, 50_000_000_000),
        (PaymentMethod.QRIS, 1, 10_000_000),
        (PaymentMethod.GOPAY, 1, 20_000_000),
        (PaymentMethod.SHOPEEPAY, 1, 20_000_000),
        (PaymentMethod.DANA, 1, 20_000_000),
        (PaymentMethod.OVO, 1, 99_999_999),
        (PaymentMethod.INDOMARET, 10_000, 5_000_000),
        (PaymentMethod.ALFAMART, 1, 5_000_000),
        (PaymentMethod.AKULAKU, 5_000, None),
        (PaymentMethod.KREDIVO, 1, None),
    ],
)
def test_a_method_takes_the_amounts_that_midtrans_documents(
    method: PaymentMethod, least: int, most: int | None
) -> None:
    rules = METHODS[method]

    assert rules.allows_amount(rupiah(least))
    assert not rules.allows_amount(rupiah(least - 1))
    assert rules.allows_amount(rupiah(most or 10**15))
    assert most is None or not rules.allows_amount(rupiah(most + 1))


@pytest.mark.parametrize("method", [PaymentMethod.CREDIT_CARD, PaymentMethod.ANY])
def test_no_card_datum_reaches_us(method: PaymentMethod) -> None:
    assert METHODS[method].integrations == (Integration.SNAP,)


@pytest.mark.parametrize("method", PaymentMethod)
def test_what_can_be_reversed_within_minutes_holds_back_the_goods(method: PaymentMethod) -> None:
    held = METHODS[method].fulfilment_hold

    assert (held > timedelta(0)) is (method in HOLDING)


@pytest.mark.parametrize("method", PaymentMethod)
def test_the_spans_of_a_method_are_sound(method: PaymentMethod) -> None:
    rules = METHODS[method]

    assert (rules.expiry_min is None) is (rules.expiry_max is None)
    if rules.expiry_min is not None and rules.expiry_max is not None:
        assert timedelta(0) < rules.expiry_min < rules.expiry_max
    assert rules.refund_window is not None or not rules.partial_refund


def test_only_methods_that_fit_the_amount_are_offered() -> None:
    offered = methods_for(rupiah(15_000_000))

    assert PaymentMethod.QRIS not in offered
    assert PaymentMethod.ALFAMART not in offered
    assert PaymentMethod.GOPAY in offered


def test_the_method_that_failed_is_offered_last() -> None:
    offered = methods_for(rupiah(350_000), failed=PaymentMethod.BCA_VA)

    assert offered[-1] is PaymentMethod.BCA_VA
    assert set(offered) == set(methods_for(rupiah(350_000)))
