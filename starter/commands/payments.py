"""Commands about payments: pay, status, cancel, methods."""

import json
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.markup import escape

from adapters.display import instant_wib, money
from payments.errors import PaymentError
from payments.money import Currency, Money
from payments.payment import Payment
from payments.request import Locale
from payments.status import PaymentStatus
from settings import Settings, load_settings
from starter.bodies import MoneyBody, PaymentBody
from starter.client import Cancelled, Started
from starter.commands.terminal import (
    AsJson,
    actor,
    err,
    expected_errors,
    facts,
    fail,
    listing,
    out,
    print_json,
    run,
    show,
)
from starter.documents import MalformedJsonError, PaymentDocument, parse
from starter.services import Services, open_services
from starter.views import methods_body, payment_body

NAME = "payments-cli"
T = TypeVar("T")
OrderId = Annotated[str, typer.Argument(help="The order's id.")]


def register(app: typer.Typer) -> None:
    for command in (pay, status, cancel, methods):
        app.command()(command)


def pay(
    file: Annotated[Path, typer.Argument(help="The order as JSON; - reads standard input.")],
    order_id: Annotated[str | None, typer.Option(help="Instead of the file's order_id.")] = None,
    method: Annotated[str | None, typer.Option(help="Instead of the file's method.")] = None,
    integration: Annotated[str | None, typer.Option(help="Instead of the file's.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Start paying an order and show what the customer needs."""
    given = {"order_id": order_id, "method": method, "integration": integration}
    with expected_errors():
        text = _with_members(_read(file), {k: v for k, v in given.items() if v is not None})
        request = parse(PaymentDocument, text).request()
        settings = load_settings()

    async def start(services: Services) -> Started:
        return await services.client.start(request, actor())

    started = run(_with_services(settings, start))
    _show_payment(started.payment, settings, as_json=as_json)
    if started.is_refused:
        fail("the gateway refused; try another method")
    if not started.is_answered:
        err.print("no answer from the gateway yet: see status, or send the same again")


def status(order_id: OrderId, *, as_json: AsJson = False) -> None:
    """Show how an order's payment stands."""
    with expected_errors():
        settings = load_settings()

    async def read(services: Services) -> Payment:
        return await services.client.payment(order_id)

    _show_payment(run(_with_services(settings, read)), settings, as_json=as_json)


def cancel(
    order_id: OrderId,
    reason: Annotated[str, typer.Option(help="Why; kept with the order.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Cancel an order's payment, unless the money was faster."""
    with expected_errors():
        settings = load_settings()

    async def end(services: Services) -> Cancelled:
        return await services.client.cancel(order_id, actor(), reason)

    cancelled = run(_with_services(settings, end))
    _show_payment(cancelled.payment, settings, as_json=as_json)
    if cancelled.payment.status is not PaymentStatus.CANCELLED:
        err.print("the gateway has not closed it yet: see status")


def methods(
    amount: Annotated[
        int | None, typer.Option(min=1, help="Only those that take this amount, in rupiah.")
    ] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """List the payment methods and what each allows."""
    body = methods_body(None if amount is None else Money(amount, Currency.IDR))
    table = listing("method", "name", "through", "from", "to", "refund")
    for each in body.methods:
        refund = "partial" if each.partial_refund else "whole" if each.refundable else "by hand"
        table.add_row(
            each.method,
            each.name.en,
            ", ".join(each.integrations),
            _rupiah(each.amount_min),
            _rupiah(each.amount_max) if each.amount_max else "",
            refund,
        )
    show(body, table, as_json=as_json)


async def _with_services(settings: Settings, work: Callable[[Services], Awaitable[T]]) -> T:
    async with open_services(settings, NAME) as services:
        return await work(services)


def _read(file: Path) -> str:
    try:
        return sys.stdin.read() if str(file) == "-" else file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise PaymentError(f"cannot read {file}: {error}") from error


def _with_members(text: str, members: dict[str, str]) -> str:
    if not members:
        return text
    try:
        document = json.loads(text)
    except ValueError as error:
        raise MalformedJsonError(str(error)) from None
    return json.dumps({**document, **members}) if isinstance(document, dict) else text


def _show_payment(payment: Payment, settings: Settings, *, as_json: bool) -> None:
    body = payment_body(payment, datetime.now(UTC), livemode=settings.livemode)
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


def _facts_of(body: PaymentBody, payment: Payment) -> dict[str, str]:
    shown = body.instructions.model_dump(exclude_none=True) if body.instructions else {}
    return {
        "status": body.status,
        "amount": _rupiah(body.amount),
        "method": body.paid_with or body.method,
        "attempt": f"{body.attempt}: {payment.latest_attempt.status}",
        "pay before": instant_wib(body.expires_at, Locale.EN) if body.instructions else "",
        "paid": instant_wib(body.paid_at, Locale.EN) if body.paid_at else "",
        "may be shipped": "yes" if body.fulfillable else "",
        "invoice": body.invoice_number or "",
        "needs a human": body.attention or "",
        **{name.replace("_", " "): str(value) for name, value in shown.items()},
        "other methods": ", ".join(body.methods),
    }


def _rupiah(amount: MoneyBody) -> str:
    return money(Money(amount.value, amount.currency), Locale.EN)
