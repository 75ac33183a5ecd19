"""The payment methods and their rules, as one table (Midtrans fact sheet §3.3, §3.4, §5.7, §6)."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from payments.money import Money


class Integration(StrEnum):
    """How an attempt is opened: on Midtrans' own page, or directly through its Core API."""

    SNAP = "snap"
    CORE = "core"


class PaymentMethod(StrEnum):
    ANY = "any"  # the customer chooses on the Snap page
    CREDIT_CARD = "credit_card"
    BCA_VA = "bca_va"
    BNI_VA = "bni_va"
    BRI_VA = "bri_va"
    PERMATA_VA = "permata_va"
    CIMB_VA = "cimb_va"
    DANAMON_VA = "danamon_va"
    BSI_VA = "bsi_va"
    MANDIRI_BILL = "mandiri_bill"
    QRIS = "qris"
    GOPAY = "gopay"
    SHOPEEPAY = "shopeepay"
    DANA = "dana"
    OVO = "ovo"
    INDOMARET = "indomaret"
    ALFAMART = "alfamart"
    AKULAKU = "akulaku"
    KREDIVO = "kredivo"


# The same in every language.
PROPER_NAMES = {
    PaymentMethod.BCA_VA: "BCA Virtual Account",
    PaymentMethod.BNI_VA: "BNI Virtual Account",
    PaymentMethod.BRI_VA: "BRI Virtual Account",
    PaymentMethod.PERMATA_VA: "Permata Virtual Account",
    PaymentMethod.CIMB_VA: "CIMB Niaga Virtual Account",
    PaymentMethod.DANAMON_VA: "Danamon Virtual Account",
    PaymentMethod.BSI_VA: "BSI Virtual Account",
    PaymentMethod.MANDIRI_BILL: "Mandiri Bill",
    PaymentMethod.QRIS: "QRIS",
    PaymentMethod.GOPAY: "GoPay",
    PaymentMethod.SHOPEEPAY: "ShopeePay",
    PaymentMethod.DANA: "DANA",
    PaymentMethod.OVO: "OVO",
    PaymentMethod.INDOMARET: "Indomaret",
    PaymentMethod.ALFAMART: "Alfamart",
    PaymentMethod.AKULAKU: "Akulaku PayLater",
    PaymentMethod.KREDIVO: "Kredivo",
}

SNAP_ONLY = (Integration.SNAP,)
SNAP_OR_CORE = (Integration.SNAP, Integration.CORE)

_MILLION = 1_000_000
_BILLION = 1_000 * _MILLION
_SHORTEST = timedelta(seconds=20)
_HALF_YEAR = timedelta(days=180)
# Permata, Mandiri bill and Indomaret may take a settlement back 1-5 minutes later (§6.1).
_REVERSAL_HOLD = timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodRules:
    """What one method allows: amounts in whole rupiah, spans as Midtrans documents them.

    `expiry_min` and `expiry_max` are None where Midtrans fixes the expiry itself; `refund_window`
    is None where no refund API exists; `fulfilment_hold` is how long a settlement may still be
    reversed.
    """

    integrations: tuple[Integration, ...]
    amount_min: int = 1
    amount_max: int | None = None
    expiry_min: timedelta | None = _SHORTEST
    expiry_max: timedelta | None = _HALF_YEAR
    refund_window: timedelta | None = None
    partial_refund: bool = False
    fulfilment_hold: timedelta = timedelta(0)

    def allows_amount(self, amount: Money) -> bool:
        return self.amount_min <= amount.value and (
            self.amount_max is None or amount.value <= self.amount_max
        )


METHODS: dict[PaymentMethod, MethodRules] = {
    PaymentMethod.ANY: MethodRules(
        integrations=SNAP_ONLY, expiry_max=timedelta(days=7), refund_window=None
    ),
    PaymentMethod.CREDIT_CARD: MethodRules(
        integrations=SNAP_ONLY,  # so that no card datum reaches the shop or us
        amount_min=10_000,
        amount_max=999_999_999,
        expiry_min=None,
        expiry_max=None,
        refund_window=_HALF_YEAR,
        partial_refund=True,
    ),
    PaymentMethod.BCA_VA: MethodRules(
        integrations=SNAP_OR_CORE, amount_min=10_000, amount_max=20 * _BILLION
    ),
    PaymentMethod.BNI_VA: MethodRules(integrations=SNAP_OR_CORE),
    PaymentMethod.BRI_VA: MethodRules(integrations=SNAP_OR_CORE, amount_max=20 * _BILLION),
    PaymentMethod.PERMATA_VA: MethodRules(
        integrations=SNAP_OR_CORE, amount_max=9_999_999_999, fulfilment_hold=_REVERSAL_HOLD
    ),
    PaymentMethod.CIMB_VA: MethodRules(integrations=SNAP_OR_CORE, amount_max=250 * _MILLION),
    PaymentMethod.DANAMON_VA: MethodRules(integrations=SNAP_OR_CORE),
    PaymentMethod.BSI_VA: MethodRules(integrations=SNAP_OR_CORE, amount_min=1_000),
    PaymentMethod.MANDIRI_BILL: MethodRules(
        integrations=SNAP_OR_CORE, amount_max=50 * _BILLION, fulfilment_hold=_REVERSAL_HOLD
    ),
    PaymentMethod.QRIS: MethodRules(
        integrations=SNAP_OR_CORE,
        amount_max=10 * _MILLION,
        expiry_max=timedelta(days=5),  # the shorter of the two acquirers
        refund_window=timedelta(days=7),  # off-us, the shorter window
        partial_refund=True,
    ),
    PaymentMethod.GOPAY: MethodRules(
        integrations=SNAP_OR_CORE,
        amount_max=20 * _MILLION,
        expiry_max=timedelta(days=7),
        refund_window=timedelta(days=45),
        partial_refund=True,
    ),
    PaymentMethod.SHOPEEPAY: MethodRules(
        integrations=SNAP_OR_CORE,
        amount_max=20 * _MILLION,
        expiry_max=timedelta(days=5),
        refund_window=timedelta(days=365),
    ),
    PaymentMethod.DANA: MethodRules(
        integrations=SNAP_ONLY,
        amount_max=20 * _MILLION,
        expiry_min=timedelta(minutes=15),
        expiry_max=timedelta(days=1),
        refund_window=timedelta(days=45),
        partial_refund=True,
    ),
    PaymentMethod.OVO: MethodRules(
        integrations=SNAP_ONLY,
        amount_max=99_999_999,
        expiry_min=None,
        expiry_max=None,
        refund_window=timedelta(days=7),
    ),
    PaymentMethod.INDOMARET: MethodRules(
        integrations=SNAP_OR_CORE,
        amount_min=10_000,
        amount_max=5 * _MILLION,
        fulfilment_hold=_REVERSAL_HOLD,
    ),
    PaymentMethod.ALFAMART: MethodRules(integrations=SNAP_OR_CORE, amount_max=5 * _MILLION),
    PaymentMethod.AKULAKU: MethodRules(
        integrations=SNAP_ONLY,
        amount_min=5_000,
        refund_window=_HALF_YEAR,
        partial_refund=True,
    ),
    PaymentMethod.KREDIVO: MethodRules(
        integrations=SNAP_ONLY, refund_window=timedelta(days=14), partial_refund=True
    ),
}


def methods_for(amount: Money, failed: PaymentMethod | None = None) -> tuple[PaymentMethod, ...]:
    """The methods that take this amount, in the table's order; the one that failed comes last."""
    fitting = [method for method, rules in METHODS.items() if rules.allows_amount(amount)]
    return tuple(sorted(fitting, key=lambda method: method is failed))
