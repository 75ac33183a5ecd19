"""The command that gives money back."""

from typing import Annotated
from uuid import uuid4

import typer

from payments.money import Currency, Money
from payments.refunding import RefundWish
from payments.refunds import Refund, RefundStatus
from settings import load_settings
from starter.answers import Refunded
from starter.commands.payments import OrderId
from starter.commands.session import refund_text, with_services
from starter.commands.terminal import AsJson, actor, err, expected_errors, out, print_json
from starter.services import Services
from starter.views import refund_body


def register(app: typer.Typer) -> None:
    app.command()(refund)


def refund(
    order_id: OrderId,
    reason: Annotated[str, typer.Option(help="Why; sent to the gateway, and kept.")],
    amount: Annotated[
        int | None, typer.Option(help="In rupiah; all that is left of the payment when absent.")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(help="The refund's key: the same again is the same refund. New when absent."),
    ] = None,
    *,
    by_transfer: Annotated[
        bool, typer.Option("--by-transfer", help="By hand, even where the gateway could.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Give money back; to repeat a refund that was not answered, give its key."""
    with expected_errors():
        settings = load_settings()
        wish = RefundWish(
            refund_key=str(uuid4()) if key is None else key,
            amount=None if amount is None else Money(amount, Currency.IDR),
            reason=reason,
            actor=actor(settings),
            by_transfer=by_transfer,
        )
    if key is None:
        # Before anything is sent: whoever gets no answer must be able to ask again.
        err.print(f"refund key: {wish.refund_key}")

    async def give_back(services: Services) -> Refunded:
        return await services.client.refund(order_id, wish)

    refunded = with_services(settings, give_back)
    if as_json:
        print_json(refund_body(refunded.refund).model_dump(mode="json"))
        return
    out.print(refund_text(refunded.refund), markup=False)
    out.print(_what_follows(refunded.refund), markup=False)


def _what_follows(refund: Refund) -> str:
    if refund.status is RefundStatus.REQUESTED and refund.needs_approval:
        return "it waits for a second person: see cases list"
    return _FOLLOWING[refund.status]


_FOLLOWING = {
    RefundStatus.REQUESTED: "the gateway is asked to give it back",
    RefundStatus.ACCEPTED: "the gateway has taken it; the bank has yet to confirm it",
    RefundStatus.CONFIRMED: "the money is back with the customer",
    RefundStatus.REFUSED: "it was refused: ask again under another key, or with --by-transfer",
    RefundStatus.MANUAL: "somebody has to transfer it: see cases list",
}
