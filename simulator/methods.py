"""The payment methods: one table of what each can do, by its Snap name."""

from dataclasses import dataclass
from datetime import timedelta

_MINUTE, _HOUR, _DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_SHORTEST = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class RefundRule:
    window: timedelta
    partial: bool = True
    direct: bool = True


@dataclass(frozen=True, slots=True)
class Method:
    name: str
    title: str
    payment_type: str
    created_message: str
    variant: str = ""
    expired_message: str = "Success, transaction has expired"
    expiry: timedelta = _DAY
    shortest_expiry: timedelta = _SHORTEST
    longest_expiry: timedelta = 180 * _DAY
    custom_expiry: bool = True
    amount_from: int = 1
    amount_to: int | None = None
    refund: RefundRule | None = None
    reversible: bool = False
    reports_fraud_status: bool = True
    idempotent: bool = True
    expirable: bool = True
    cancellable: bool = True
    # The new stack answers GET status with capitals, and DANA knows no order ids.
    new_stack: bool = False
    found_by_order_id: bool = True
    fee_percent: float = 0.0
    fee_flat: int = 0


_BANK_TITLES = {
    "permata": "Permata",
    "danamon": "Danamon",
    "seabank": "SeaBank",
    "saqu": "Saqu",
    "cimb": "CIMB Niaga",
}


def _va(bank: str, amount_from: int = 1, amount_to: int | None = None) -> Method:
    return Method(
        name=f"{bank}_va",
        title=f"{_BANK_TITLES.get(bank, bank.upper())} Virtual Account",
        payment_type="bank_transfer",
        variant=bank,
        created_message=(
            "Success, PERMATA VA transaction is successful"
            if bank == "permata"
            else "Success, Bank Transfer transaction is created"
        ),
        amount_from=amount_from,
        amount_to=amount_to,
        reversible=bank == "permata",
        idempotent=bank != "permata",
        expirable=bank != "bsi",
        cancellable=bank != "bsi",
        fee_flat=4_000,
    )


def _store(store: str, amount_from: int, *, idempotent: bool) -> Method:
    return Method(
        name=store,
        title=store.capitalize(),
        payment_type="cstore",
        variant=store,
        created_message="Success, cstore transaction is successful",
        amount_from=amount_from,
        amount_to=5_000_000,
        reversible=store == "indomaret",
        reports_fraud_status=store != "indomaret",
        idempotent=idempotent,
        fee_flat=5_000,
    )


def _direct_debit(name: str, title: str, message: str, *, idempotent: bool = True) -> Method:
    return Method(
        name=name,
        title=title,
        payment_type=name,
        created_message=message,
        expiry=2 * _HOUR,
        reports_fraud_status=name != "cimb_clicks",
        idempotent=idempotent,
        fee_flat=2_000,
    )


_WALLET_LIMIT = 20_000_000
_CARD = Method(
    name="credit_card",
    title="Credit/Debit Card",
    payment_type="credit_card",
    created_message="Success, Credit Card transaction is successful",
    expiry=10 * _MINUTE,
    custom_expiry=False,
    amount_from=10_000,
    amount_to=999_999_999,
    refund=RefundRule(window=180 * _DAY),
    expirable=False,
    cancellable=False,
    fee_percent=2.9,
    fee_flat=2_000,
)
_WALLETS = (
    Method(
        name="gopay",
        title="GoPay",
        payment_type="gopay",
        created_message="GoPay transaction is created",
        # Two ages of the gateway, two texts: the clients' own tests hold both.
        expired_message="Success, transaction is expired",
        expiry=15 * _MINUTE,
        longest_expiry=7 * _DAY,
        amount_to=_WALLET_LIMIT,
        refund=RefundRule(window=45 * _DAY),
        fee_percent=2.0,
    ),
    Method(
        name="shopeepay",
        title="ShopeePay",
        payment_type="shopeepay",
        created_message="ShopeePay transaction is created",
        expiry=15 * _MINUTE,
        longest_expiry=5 * _DAY,
        amount_to=_WALLET_LIMIT,
        refund=RefundRule(window=365 * _DAY, partial=False),
        new_stack=True,
        fee_percent=2.0,
    ),
    Method(
        name="dana",
        title="DANA",
        payment_type="dana",
        created_message="Success, DANA transaction is created",
        expiry=15 * _MINUTE,
        shortest_expiry=15 * _MINUTE,
        longest_expiry=_DAY,
        amount_to=_WALLET_LIMIT,
        refund=RefundRule(window=45 * _DAY, direct=False),
        expirable=False,
        new_stack=True,
        found_by_order_id=False,
        fee_percent=1.5,
    ),
    Method(
        name="ovo",
        title="OVO",
        payment_type="ovo",
        created_message="Ovo transaction is created",
        expiry=timedelta(seconds=65),
        custom_expiry=False,
        amount_to=99_999_999,
        refund=RefundRule(window=7 * _DAY, partial=False, direct=False),
        expirable=False,
        cancellable=False,
        fee_percent=2.0,
    ),
    Method(
        name="other_qris",
        title="QRIS",
        payment_type="qris",
        created_message="QRIS transaction is created",
        expiry=15 * _MINUTE,
        longest_expiry=7 * _DAY,
        amount_to=10_000_000,
        refund=RefundRule(window=45 * _DAY),
        fee_percent=0.7,
    ),
)
_TRANSFERS = (
    _va("bca", 10_000, 20_000_000_000),
    _va("bni"),
    _va("bri", amount_to=20_000_000_000),
    _va("permata", amount_to=9_999_999_999),
    _va("cimb", amount_to=250_000_000),
    _va("danamon"),
    _va("bsi", 1_000),
    _va("seabank", 10_000, 100_000_000),
    _va("saqu"),
    Method(
        name="echannel",
        title="Mandiri Bill",
        payment_type="echannel",
        created_message="OK, Mandiri Bill transaction is successful",
        amount_to=50_000_000_000,
        reversible=True,
        fee_flat=4_000,
    ),
)
_PAYLATER = (
    Method(
        name="akulaku",
        title="Akulaku PayLater",
        payment_type="akulaku",
        created_message="Success, Akulaku transaction is created",
        expiry=2 * _HOUR,
        amount_from=5_000,
        refund=RefundRule(window=180 * _DAY),
        fee_percent=1.7,
    ),
    Method(
        name="kredivo",
        title="Kredivo",
        payment_type="kredivo",
        created_message="Kredivo transaction is created",
        refund=RefundRule(window=14 * _DAY),
        fee_percent=2.0,
    ),
)
_DIRECT_DEBIT = (
    _direct_debit(
        "cimb_clicks",
        "CIMB Clicks",
        "Success, CIMB Clicks transaction is successful",
        idempotent=False,
    ),
    _direct_debit("bca_klikpay", "BCA KlikPay", "OK, BCA KlikPay transaction is successful"),
    _direct_debit("bri_epay", "BRImo", "Success, BRI E-Pay transaction is successful"),
    _direct_debit(
        "danamon_online", "Danamon Online", "Success, Danamon Online transaction is successful"
    ),
)
_STORES = (
    _store("alfamart", 1, idempotent=True),
    _store("indomaret", 10_000, idempotent=False),
)

METHODS = {
    method.name: method
    for method in (_CARD, *_WALLETS, *_TRANSFERS, *_STORES, *_PAYLATER, *_DIRECT_DEBIT)
}
_BY_CHARGE = {(method.payment_type, method.variant): method for method in METHODS.values()}
_ALIASES = {
    "qris": ("other_qris",),
    "mandiri_bill": ("echannel",),
    "bank_transfer": tuple(each.name for each in _TRANSFERS),
    "cstore": tuple(each.name for each in _STORES),
    "other_va": ("bni_va", "permata_va"),
}
_VARIANT_FIELD = {"bank_transfer": "bank", "cstore": "store"}
# Permata was the first bank, and is the one where none is named.
_USUAL_VARIANT = {"bank_transfer": "permata"}


def variant_field(payment_type: str) -> str | None:
    """Name the field that picks the bank or the store, where there is one."""
    return _VARIANT_FIELD.get(payment_type)


def charged_method(payment_type: str, variant: str) -> Method | None:
    """Find the method that a Core API charge asks for."""
    # Old samples charge Permata as a payment type of its own.
    if payment_type == "permata":
        return METHODS["permata_va"]
    variant = variant.lower() or _USUAL_VARIANT.get(payment_type, "")
    return _BY_CHARGE.get((payment_type, variant))


def methods_named(name: str) -> list[Method]:
    """Find what a Snap name, or an alias of several, stands for; an unknown name is nothing."""
    return [METHODS[each] for each in _ALIASES.get(name, (name,)) if each in METHODS]
