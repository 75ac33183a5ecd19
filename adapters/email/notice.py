"""What the templates of notices are given: why a payment ended, and where money goes back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from adapters.display import money
from adapters.email.desk import Desk
from adapters.email.refund import bank_details_facts, refund_facts
from payments.credit_note import CreditNote
from payments.invoice import Merchant
from payments.mails import Mail, MailKind
from payments.methods import PaymentMethod
from payments.payment import Payment
from payments.telling import payment_text, return_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """How the order can still be paid: the last method last, nothing said of the end if None."""

    methods: tuple[PaymentMethod, ...]
    link: str
    until: datetime | None


def notice_facts(
    mail: Mail, payment: Payment, note: CreditNote | None, merchant: Merchant, desk: Desk
) -> dict[str, Any]:
    """Of a mail that the payment is worth as it stands; `note` is the one attached."""
    common = {"payment": payment, "merchant": merchant, "credit_note": note and note.number}
    return {**common, **_own_facts(mail, payment, desk)}


def _own_facts(mail: Mail, payment: Payment, desk: Desk) -> dict[str, Any]:
    if mail.kind is MailKind.REFUND:
        return refund_facts(payment, mail.about)
    if mail.kind is MailKind.BANK_DETAILS:
        return bank_details_facts(payment, mail.about, desk)
    return _end_facts(payment, desk)


def _end_facts(payment: Payment, desk: Desk) -> dict[str, Any]:
    locale = payment.request.locale
    values = {"amount": money(payment.request.amount, locale), "order_id": payment.order_id}
    return {
        "told": payment_text(payment, None).text(locale, values),
        "offer": _offer(payment, desk),
    }


def _offer(payment: Payment, desk: Desk) -> Offer | None:
    """None when there is nothing to try, or paying now could be paying twice."""
    token = payment.latest_attempt.link_token
    methods = _named_methods(payment)
    if return_text(payment) is not None or token is None or not methods:
        return None
    return Offer(methods=methods, link=desk.pay_link(token), until=payment.retry_until)


def _named_methods(payment: Payment) -> tuple[PaymentMethod, ...]:
    """Without `any`: the page behind the link is where the customer chooses."""
    methods = payment.methods_to_try(payment.updated_at)
    return tuple(method for method in methods if method is not PaymentMethod.ANY)
