"""Every payment method, through each of its integrations, from checkout to paid."""

import pytest

from payments.methods import METHODS, Integration, PaymentMethod
from tests.e2e.shop import Shop

pytestmark = pytest.mark.e2e

# What the gateway calls each method (fact sheet §3.2).
PAYMENT_TYPES = {
    PaymentMethod.CREDIT_CARD: "credit_card",
    PaymentMethod.BCA_VA: "bank_transfer",
    PaymentMethod.BNI_VA: "bank_transfer",
    PaymentMethod.BRI_VA: "bank_transfer",
    PaymentMethod.PERMATA_VA: "bank_transfer",
    PaymentMethod.CIMB_VA: "bank_transfer",
    PaymentMethod.DANAMON_VA: "bank_transfer",
    PaymentMethod.BSI_VA: "bank_transfer",
    PaymentMethod.MANDIRI_BILL: "echannel",
    PaymentMethod.QRIS: "qris",
    PaymentMethod.GOPAY: "gopay",
    PaymentMethod.SHOPEEPAY: "shopeepay",
    PaymentMethod.DANA: "dana",
    PaymentMethod.OVO: "ovo",
    PaymentMethod.INDOMARET: "cstore",
    PaymentMethod.ALFAMART: "cstore",
    PaymentMethod.AKULAKU: "akulaku",
    PaymentMethod.KREDIVO: "kredivo",
}
# What the customer needs to pay, by payment type through Core API; Snap has a page for all.
CORE_INSTRUCTIONS = {
    "bank_transfer": ("virtual_account", {"va_number", "bank"}),
    "echannel": ("bill", {"bill_key", "biller_code"}),
    "qris": ("qr", {"qr_string", "qr_url"}),
    "gopay": ("deeplink", {"deeplink_url", "qr_url"}),
    "shopeepay": ("deeplink", {"deeplink_url"}),
    "cstore": ("payment_code", {"payment_code", "store"}),
}
SNAP_INSTRUCTIONS = ("redirect", {"token", "redirect_url"})
# What the customer takes, who may take any.
CHOSEN = {PaymentMethod.ANY: PaymentMethod.GOPAY}
WAYS = [
    pytest.param(method, integration, id=f"{method} through {integration}")
    for method, rules in METHODS.items()
    for integration in rules.integrations
]


@pytest.mark.parametrize(("method", "integration"), WAYS)
async def test_every_method_tells_what_is_needed_to_pay_and_is_paid_once(
    shop: Shop, method: PaymentMethod, integration: Integration
) -> None:
    chosen = CHOSEN.get(method, method)
    payment_type = PAYMENT_TYPES[chosen]
    is_core = integration is Integration.CORE
    kind, needed = CORE_INSTRUCTIONS[payment_type] if is_core else SNAP_INSTRUCTIONS

    payment = await shop.checkout(method=method, integration=integration)
    order_id = payment["order_id"]
    await shop.customer(f"{order_id}~1", "pay", method=chosen)
    paid = await shop.payment_when(order_id, status="paid")

    assert payment["status"] == "awaiting_payment"
    filled = {name for name, value in payment["instructions"].items() if value is not None}
    assert (payment["instructions"]["kind"], filled - {"kind"}) == (kind, needed)
    assert paid["paid_with"] == chosen
    [transaction] = await shop.at_gateway(order_id)
    assert transaction["payment_type"] == payment_type
    [attempt] = paid["attempts"]
    assert attempt["transactions"] == [
        {
            "transaction_id": transaction["transaction_id"],
            "payment_type": payment_type,
            "status": "paid",
        }
    ]
