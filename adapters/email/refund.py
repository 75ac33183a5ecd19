"""What the templates of mails about money on its way back are given."""

from typing import Any

from adapters.email.desk import Desk
from adapters.email.refund_words import ARRIVAL, BY_TRANSFER, STAGES, TRANSFERRED, WHY, Way
from payments.methods import PaymentMethod
from payments.payment import Payment
from payments.refunding import method_of
from payments.refunds import Refund

_WAYS = {
    PaymentMethod.CREDIT_CARD: Way.CARD,
    PaymentMethod.GOPAY: Way.E_WALLET,
    PaymentMethod.SHOPEEPAY: Way.E_WALLET,
    PaymentMethod.DANA: Way.E_WALLET,
    PaymentMethod.OVO: Way.E_WALLET,
    PaymentMethod.AKULAKU: Way.PAYLATER,
    PaymentMethod.KREDIVO: Way.PAYLATER,
}


def refund_facts(payment: Payment, refund_key: str) -> dict[str, Any]:
    refund, locale = _refund(payment, refund_key), payment.request.locale
    is_by_hand = refund.transferred_by is not None
    method = method_of(payment, refund.transaction_id)
    way = Way.TRANSFER if is_by_hand else _WAYS.get(method, Way.AS_PAID)
    stage = TRANSFERRED if is_by_hand else STAGES[refund.status]
    return {
        "told": f"{_why(payment, refund)} {stage.text(locale, {})}",
        "refund": refund,
        "paid_with": method,
        "arrival": ARRIVAL[way].text(locale, {}),
    }


def bank_details_facts(payment: Payment, refund_key: str, desk: Desk) -> dict[str, Any]:
    refund = _refund(payment, refund_key)
    assert refund.link_token is not None, "a manual refund has its link"
    return {
        "told": f"{_why(payment, refund)} {BY_TRANSFER.text(payment.request.locale, {})}",
        "refund": refund,
        "paid_with": method_of(payment, refund.transaction_id),
        "link": desk.refund_link(refund.link_token),
    }


def _refund(payment: Payment, refund_key: str) -> Refund:
    refund = payment.refund(refund_key)
    assert refund is not None, "mails are due for stored refunds only"
    return refund


def _why(payment: Payment, refund: Refund) -> str:
    return WHY[refund.cause].text(payment.request.locale, {"order_id": payment.order_id})
