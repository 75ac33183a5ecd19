"""What the templates of mails without a document are given."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.display import money
from adapters.email.desk import Desk
from payments.invoice import Merchant
from payments.mails import MAILS, MailKind
from payments.messages import CASE_TEXTS, status_text
from payments.methods import PaymentMethod
from payments.payment import Payment

_ENDS = {kind: status for status, kind in MAILS.items() if kind}


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """How the order can still be paid: the last method last, nothing said of the end if None."""

    methods: tuple[PaymentMethod, ...]
    link: str
    until: datetime | None


def notice_facts(
    kind: MailKind, payment: Payment, merchant: Merchant, desk: Desk
) -> dict[str, Any]:
    request = payment.request
    told = status_text(_ENDS[kind], None, payment.attention)
    values = {
        "amount": money(request.amount, request.locale),
        "order_id": payment.order_id,
    }
    return {
        "payment": payment,
        "merchant": merchant,
        "told": told.text(request.locale, values),
        "offer": _offer(kind, payment, desk),
    }


def _offer(kind: MailKind, payment: Payment, desk: Desk) -> Offer | None:
    """None when there is nothing to try, or paying now could be paying twice."""
    # A late mail may find the order elsewhere: at its next attempt, or paid.
    has_moved_on = MAILS[payment.status] is not kind
    money_is_here = (payment.status, payment.attention) in CASE_TEXTS
    token = payment.latest_attempt.link_token
    methods = _named_methods(payment)
    if has_moved_on or money_is_here or token is None or not methods:
        return None
    return Offer(methods=methods, link=desk.pay_link(token), until=payment.retry_until)


def _named_methods(payment: Payment) -> tuple[PaymentMethod, ...]:
    """Without `any`: the page behind the link is where the customer chooses."""
    methods = payment.methods_to_try(payment.updated_at)
    return tuple(method for method in methods if method is not PaymentMethod.ANY)
