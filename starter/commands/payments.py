"""Commands about payments: pay, try-another-method, status, cancel, methods."""

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from payments.errors import PaymentError
from payments.gateway import ChargeFailure
from payments.methods import METHODS, Integration, MethodRules, PaymentMethod
from payments.money import Currency, Money
from payments.payment import Payment
from payments.status import PaymentStatus
from settings import Settings, load_settings
from starter.answers import Cancelled, Started
from starter.commands.session import rupiah, show_payment, with_services
from starter.commands.terminal import AsJson, actor, err, expected_errors, fail, listing, show
from starter.documents import MalformedJsonError, PaymentDocument, parse
from starter.services import Services
from starter.views import methods_body

OrderId = Annotated[str, typer.Argument(help="The order's id.")]
_FAILED = {
    ChargeFailure.REFUSED: "the gateway refused; try another method",
    ChargeFailure.UNREACHABLE: "the gateway could not be reached, nothing was sent to it",
}


def register(app: typer.Typer) -> None:
    for command in (pay, status, cancel, methods):
        app.command()(command)
    app.command("try-another-method")(try_another_method)


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
        return await services.client.start(request, actor(settings))

    _show_started(with_services(settings, start), settings, as_json=as_json)


def try_another_method(
    order_id: OrderId,
    after: Annotated[int, typer.Option(help="The attempt that is to be replaced.")],
    method: Annotated[PaymentMethod, typer.Option(help="How to pay instead.")],
    integration: Annotated[
        Integration, typer.Option(help="How to open it at the gateway.")
    ] = Integration.SNAP,
    *,
    as_json: AsJson = False,
) -> None:
    """Close an attempt at the gateway, and open the next one with another method."""
    with expected_errors():
        settings = load_settings()

    async def try_another(services: Services) -> Started:
        client = services.client
        return await client.try_another(order_id, after, method, integration, actor(settings))

    _show_started(with_services(settings, try_another), settings, as_json=as_json)


def status(order_id: OrderId, *, as_json: AsJson = False) -> None:
    """Show how an order's payment stands."""
    with expected_errors():
        settings = load_settings()

    async def read(services: Services) -> Payment:
        return await services.client.payment(order_id)

    show_payment(with_services(settings, read), settings, as_json=as_json)


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
        return await services.client.cancel(order_id, actor(settings), reason)

    cancelled = with_services(settings, end)
    show_payment(cancelled.payment, settings, as_json=as_json)
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
    table = listing("method", "through", "from", "to", "expires after", "refund", "hold")
    for each in body.methods:
        rules = METHODS[PaymentMethod(each.method)]
        table.add_row(
            each.method,
            ", ".join(each.integrations),
            rupiah(each.amount_min),
            rupiah(each.amount_max) if each.amount_max else "",
            _expiry(rules),
            _refund(rules),
            _span(rules.fulfilment_hold) if rules.fulfilment_hold else "",
        )
    show(body, table, as_json=as_json)


def _expiry(rules: MethodRules) -> str:
    if rules.expiry_min is None or rules.expiry_max is None:
        return "fixed by Midtrans"
    return f"{_span(rules.expiry_min)} to {_span(rules.expiry_max)}"


def _refund(rules: MethodRules) -> str:
    if rules.refund_window is None:
        return "by hand"
    kind = "partial" if rules.partial_refund else "whole"
    return f"{kind}, {_span(rules.refund_window)}"


def _span(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds % length == 0:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _show_started(started: Started, settings: Settings, *, as_json: bool) -> None:
    show_payment(started.payment, settings, as_json=as_json)
    if started.failure in _FAILED:
        fail(_FAILED[started.failure])
    if not started.is_answered:
        err.print("no answer from the gateway yet: see status, or send the same again")


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
