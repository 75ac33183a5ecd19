"""What the gateway keeps, and what of it a merchant lets the customer pay."""

from decimal import ROUND_CEILING, ROUND_HALF_UP, Decimal

from simulator.body import Body
from simulator.methods import Method

_HUNDRED = Decimal(100)


def customer_share(request: Body, method: Method, usual: float) -> Decimal:
    """Read how many per cent of the fee the customer pays: of this request, or as usual."""
    imposed = request.section("customer_imposed_payment_fee")
    if not imposed.has("enable"):
        return Decimal(str(usual))
    if not imposed.flag("enable"):
        return Decimal(0)
    for config in imposed.sections("payment_fee_configs"):
        if config.text("payment_type") in {method.name, method.payment_type}:
            return config.number("customer_percentage") or Decimal(0)
    return Decimal(0)


def imposed_fee(method: Method, amount: int, share: Decimal) -> int:
    """Say what is added so that the merchant gets the amount, or its part of that, in full."""
    if not share:
        return 0
    rest = 1 - Decimal(str(method.fee_percent)) / _HUNDRED
    gross = ((amount + method.fee_flat) / rest).to_integral_value(ROUND_CEILING)
    return int(((gross - amount) * share / _HUNDRED).to_integral_value(ROUND_HALF_UP))


def fee_info(amount: int, fee: int) -> dict[str, object]:
    return {
        "gross_amount_info": {
            "original_amount": f"{amount}.00",
            "gross_amount": f"{amount + fee}.00",
            "customer_imposed_payment_fee": f"{fee}.00",
        }
    }
