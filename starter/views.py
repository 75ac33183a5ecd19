"""A payment as checkout sees it: pure, so that the same payment always looks the same."""

from dataclasses import asdict
from datetime import datetime, timedelta
from urllib.parse import quote

from adapters.display import instant_wib, method_name, money
from adapters.postgres.feed import EventPage
from payments.gateway import GATEWAY, ClosingCause, Instructions
from payments.messages import SWITCHED, SWITCHING
from payments.methods import METHODS, PaymentMethod
from payments.money import Currency, Money
from payments.payment import MONEY_WAS_HERE, Payment, PaymentAttempt
from payments.refunds import Refund
from payments.request import Locale, gateway_order_id
from payments.status import PaymentStatus
from payments.telling import payment_text
from starter.bodies import (
    AttemptBody,
    EventBody,
    EventsBody,
    InstructionsBody,
    MethodBody,
    MethodsBody,
    MoneyBody,
    PaymentBody,
    RefundBody,
    TransactionBody,
)
from starter.problems import Message


def payment_body(payment: Payment, now: datetime, *, livemode: bool, pay_url: str) -> PaymentBody:
    """`pay_url` is what the customer's one-time links begin with."""
    latest = payment.latest_attempt
    shown = instructions_of(payment)
    return PaymentBody(
        order_id=payment.order_id,
        status=payment.status,
        version=payment.version,
        livemode=livemode,
        attempt=latest.number,
        method=latest.method,
        paid_with=payment.paid_with,
        amount=_money(payment.request.amount),
        refunded_amount=_money(payment.refunded_amount),
        created_at=payment.created_at,
        expires_at=latest.expires_at,
        paid_at=payment.paid_at,
        retry_until=payment.retry_until,
        methods=payment.methods_to_try(now),
        fulfillable=payment.is_fulfillable(now),
        fulfil_after=payment.fulfil_after,
        payment_url=_payment_url(payment, now, pay_url),
        instructions=None if shown is None else InstructionsBody(**asdict(shown)),
        message=Message(id=message(payment, Locale.ID), en=message(payment, Locale.EN)),
        invoice_number=payment.invoice_number,
        attempts=tuple(_attempt(payment, attempt) for attempt in payment.attempts),
        refunds=tuple(refund_body(refund) for refund in payment.refunds),
        attention=payment.attention,
    )


def refund_body(refund: Refund) -> RefundBody:
    return RefundBody(
        refund_key=refund.refund_key,
        amount=_money(refund.amount),
        status=refund.status,
        reason=refund.reason,
        created_at=refund.created_at,
        confirmed_at=refund.confirmed_at,
        credit_note_number=refund.credit_note_number or None,
        transaction_id=refund.transaction_id,
        cause=refund.cause,
    )


def events_body(page: EventPage, now: datetime, *, livemode: bool, pay_url: str) -> EventsBody:
    return EventsBody(
        events=tuple(
            EventBody(
                cursor=event.cursor,
                order_id=event.order_id,
                type=event.type,
                version=event.version,
                at=event.at,
                payment=payment_body(event.payment, now, livemode=livemode, pay_url=pay_url),
            )
            for event in page.events
        ),
        next_cursor=page.next_cursor,
    )


def methods_body(amount: Money | None) -> MethodsBody:
    """The methods that take the amount; all of them when none is named."""
    fitting = (
        method for method, rules in METHODS.items() if amount is None or rules.allows_amount(amount)
    )
    return MethodsBody(methods=tuple(_method(method) for method in fitting))


def message(payment: Payment, locale: Locale) -> str:
    """What the customer is told, with amounts and times as people read them."""
    latest = payment.latest_attempt
    shown = instructions_of(payment)
    told = payment_text(payment, shown.kind if shown else None)
    if payment.status is PaymentStatus.CHECKING and latest.closing is ClosingCause.OTHER_METHOD:
        told = SWITCHING
    values = {
        "order_id": payment.order_id,
        "amount": money(payment.request.amount, locale),
        "refunded_amount": money(payment.refunded_amount, locale),
        "method": method_name(latest.method, locale),
        "deadline": instant_wib(latest.expires_at, locale),
    }
    numbers = {
        "va_number": (shown and shown.va_number) or "",
        "bill_key": (shown and shown.bill_key) or "",
        "biller_code": (shown and shown.biller_code) or "",
        "payment_code": (shown and shown.payment_code) or "",
    }
    text = told.text(locale, {**values, **numbers})
    if payment.status is PaymentStatus.AWAITING_PAYMENT and latest.number > 1:
        return f"{text} {SWITCHED.text(locale, {})}"
    return text


def instructions_of(payment: Payment) -> Instructions | None:
    """Only who is to pay is told how: paying after the end would be paying in vain."""
    if payment.status is not PaymentStatus.AWAITING_PAYMENT:
        return None
    return payment.latest_attempt.instructions


def _payment_url(payment: Payment, now: datetime, pay_url: str) -> str | None:
    """None when the page would have nothing to offer any more."""
    token = payment.latest_attempt.link_token
    is_over = payment.status not in _GOES_ON | MONEY_WAS_HERE
    if token is None or (is_over and not payment.methods_to_try(now)):
        return None
    return f"{pay_url.rstrip('/')}/pay/{quote(token, safe='')}"


def _attempt(payment: Payment, attempt: PaymentAttempt) -> AttemptBody:
    return AttemptBody(
        attempt=attempt.number,
        method=attempt.method,
        gateway=GATEWAY,
        gateway_order_id=gateway_order_id(payment.order_id, attempt.number),
        status=attempt.status,
        transactions=tuple(
            TransactionBody(
                transaction_id=transaction.transaction_id,
                payment_type=transaction.payment_type,
                status=transaction.status,
            )
            for transaction in attempt.transactions
        ),
    )


def _method(method: PaymentMethod) -> MethodBody:
    rules = METHODS[method]
    return MethodBody(
        method=method,
        name=Message(id=method_name(method, Locale.ID), en=method_name(method, Locale.EN)),
        integrations=rules.integrations,
        amount_min=_money(Money(rules.amount_min, Currency.IDR)),
        amount_max=(
            None if rules.amount_max is None else _money(Money(rules.amount_max, Currency.IDR))
        ),
        expiry_min_seconds=_seconds(rules.expiry_min),
        expiry_max_seconds=_seconds(rules.expiry_max),
        refundable=rules.refund_window is not None,
        partial_refund=rules.partial_refund,
        refund_window_seconds=_seconds(rules.refund_window),
        fulfilment_hold_seconds=int(rules.fulfilment_hold.total_seconds()),
    )


def _money(amount: Money) -> MoneyBody:
    return MoneyBody(value=amount.value, currency=amount.currency)


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else int(span.total_seconds())


_GOES_ON = frozenset(
    {PaymentStatus.PREPARING, PaymentStatus.AWAITING_PAYMENT}
    | {PaymentStatus.IN_REVIEW, PaymentStatus.CHECKING}
)
