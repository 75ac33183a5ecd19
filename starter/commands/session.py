"""A command's session with the service, and how it shows a payment."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from rich.markup import escape

from adapters.display import instant_wib, money
from payments.money import Money
from payments.payment import Payment
from payments.refunds import Refund
from payments.request import Locale
from settings import Settings
from starter.bodies import MoneyBody, PaymentBody
from starter.client import utc_now
from starter.commands.terminal import facts, out, print_json, run
from starter.services import Services, open_services
from starter.views import payment_body

NAME = "payments-cli"
T = TypeVar("T")


def with_services(settings: Settings, work: Callable[[Services], Awaitable[T]]) -> T:
    """What the work came to; an expected error becomes one line and a non-zero exit."""

    async def opened() -> T:
        async with open_services(settings, NAME) as services:
            return await work(services)

    return run(opened())


def show_payment(payment: Payment, settings: Settings, *, as_json: bool) -> None:
    body = payment_body(payment, utc_now(), livemode=settings.livemode, pay_url=settings.pay_url)
    if as_json:
        print_json(body.model_dump(mode="json"))
        return
    table = facts(f"order {body.order_id}")
    for name, value in _facts_of(body, payment).items():
        if value:
            table.add_row(name, escape(value))
    out.print(table)
    locale = payment.request.locale
    out.print(f"\n{body.message.id if locale is Locale.ID else body.message.en}", markup=False)


def refund_text(refund: Refund) -> str:
    """One line: key, amount, how far it has come."""
    note = f", credit note {refund.credit_note_number}" if refund.credit_note_number else ""
    code = f" ({refund.gateway_code})" if refund.gateway_code else ""
    return f"{refund.refund_key}: {money(refund.amount, Locale.EN)} {refund.status}{code}{note}"


def rupiah(amount: MoneyBody) -> str:
    return money(Money(amount.value, amount.currency), Locale.EN)


def _facts_of(body: PaymentBody, payment: Payment) -> dict[str, str]:
    shown = body.instructions.model_dump(exclude_none=True) if body.instructions else {}
    return {
        "status": body.status,
        "amount": rupiah(body.amount),
        "method": body.paid_with or body.method,
        "attempt": f"{body.attempt}: {payment.latest_attempt.status}",
        "pay before": instant_wib(body.expires_at, Locale.EN) if body.instructions else "",
        "paid": instant_wib(body.paid_at, Locale.EN) if body.paid_at else "",
        "may be shipped": "yes" if body.fulfillable else "",
        "invoice": body.invoice_number or "",
        "refunds": "\n".join(refund_text(refund) for refund in payment.refunds),
        "needs a human": body.attention or "",
        **{name.replace("_", " "): str(value) for name, value in shown.items()},
        "customer's page": body.payment_url or "",
        "other methods": ", ".join(body.methods),
    }
