"""Commands for what only a human can decide: review, retry-now."""

from typing import Annotated

import typer

from payments.gateway import ReviewDecision
from payments.payment import Payment
from settings import load_settings
from starter.commands.payments import OrderId
from starter.commands.session import show_payment, with_services
from starter.commands.terminal import AsJson, actor, expected_errors, out
from starter.services import Services

Reason = Annotated[str, typer.Option(help="Why; kept with the order.")]


def register(app: typer.Typer) -> None:
    app.command()(review)
    app.command("retry-now")(retry_now)


def review(
    order_id: OrderId,
    decision: Annotated[ReviewDecision, typer.Argument(help="approve or deny")],
    reason: Reason,
    *,
    as_json: AsJson = False,
) -> None:
    """Decide about a payment in review, and tell the gateway."""
    with expected_errors():
        settings = load_settings()

    async def decide(services: Services) -> Payment:
        return await services.operators.resolve_review(order_id, decision, actor(settings), reason)

    show_payment(with_services(settings, decide), settings, as_json=as_json)


def retry_now(order_id: OrderId, reason: Reason = "by hand") -> None:
    """Try a stuck step again at once instead of when it is due."""
    with expected_errors():
        settings = load_settings()

    async def retry(services: Services) -> bool:
        return await services.operators.retry_now(order_id, actor(settings), reason)

    was_stuck = with_services(settings, retry)
    out.print("tried again" if was_stuck else "nothing is waiting to be tried again")
