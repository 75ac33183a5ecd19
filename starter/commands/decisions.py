"""Commands for what only a human can decide: cases, review, retry-now."""

from typing import Annotated

import typer
from rich.markup import escape

from adapters.display import instant_wib
from adapters.postgres.cases import StoredCase
from payments.alerts import ALERTS, AlertCode
from payments.cases import Resolution
from payments.errors import PermanentError
from payments.gateway import ReviewDecision
from payments.payment import Payment
from payments.request import Locale
from settings import load_settings
from starter.bodies import in_utc
from starter.commands.payments import OrderId
from starter.commands.session import show_payment, with_services
from starter.commands.terminal import AsJson, actor, expected_errors, listing, out, print_json
from starter.services import Services

Reason = Annotated[str, typer.Option(help="Why; kept with the order.")]


def register(app: typer.Typer) -> None:
    cases = typer.Typer(help="What waits for a human.", no_args_is_help=True)
    cases.command("list")(list_cases)
    cases.command("resolve")(resolve_case)
    app.add_typer(cases, name="cases")
    app.command()(review)
    app.command("retry-now")(retry_now)


def list_cases(
    *,
    everything: Annotated[bool, typer.Option("--all", help="Resolved ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what waits for a human, the oldest first, and what to do about it."""
    with expected_errors():
        settings = load_settings()

    async def read(services: Services) -> tuple[StoredCase, ...]:
        return await services.payments.cases(open_only=not everything)

    found = with_services(settings, read)
    if as_json:
        print_json([_document(case) for case in found])
        return
    if not found:
        out.print("nothing waits for a human")
        return
    table = listing("id", "order", "code", "since", "what to do")
    for case in found:
        since = instant_wib(case.opened_at, Locale.EN)
        cells = (str(case.case_id), case.order_id, case.code, since, _what_to_do(case))
        table.add_row(*map(escape, cells))
    out.print(table)


def resolve_case(
    case_id: Annotated[int, typer.Argument(help="The case's id, from cases list.")],
    resolution: Annotated[
        Resolution,
        typer.Option(help="noted: seen and dealt with; accepted, rejected: whether money counts."),
    ],
    reason: Reason,
) -> None:
    """Close a case; that is audited, and cannot be undone."""
    with expected_errors():
        settings = load_settings()

    async def resolve(services: Services) -> str:
        cases = await services.payments.cases(open_only=False)
        case = next((case for case in cases if case.case_id == case_id), None)
        if case is None:
            raise PermanentError(f"no case {case_id} is stored (see: cases list)")
        await services.client.resolve_case(case.order_id, case_id, resolution, actor(), reason)
        return case.order_id

    order_id = with_services(settings, resolve)
    out.print(f"case {case_id} of order {order_id} is {resolution}")


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
        return await services.client.resolve_review(order_id, decision, actor(), reason)

    show_payment(with_services(settings, decide), settings, as_json=as_json)


def retry_now(order_id: OrderId, reason: Reason = "by hand") -> None:
    """Try a stuck step again at once instead of when it is due."""
    with expected_errors():
        settings = load_settings()

    async def retry(services: Services) -> bool:
        return await services.client.retry_now(order_id, actor(), reason)

    was_stuck = with_services(settings, retry)
    out.print("tried again" if was_stuck else "nothing is waiting to be tried again")


def _what_to_do(case: StoredCase) -> str:
    """As it was alerted about; a case that is closed says how instead."""
    if case.resolved is None:
        return ALERTS[AlertCode(case.code)].what_to_do
    when = instant_wib(case.resolved.at, Locale.EN)
    return f"{case.resolved.resolution} by {case.resolved.actor}, {when}: {case.resolved.reason}"


def _document(case: StoredCase) -> dict[str, object]:
    alert, resolved = ALERTS[AlertCode(case.code)], case.resolved
    return {
        "case_id": case.case_id,
        "order_id": case.order_id,
        "code": case.code,
        "attempt": case.attempt,
        "transaction_id": case.transaction_id,
        "money_came": case.money_came,
        "opened_at": in_utc(case.opened_at),
        "details": dict(case.details),
        "what": alert.what,
        "what_to_do": alert.what_to_do,
        "resolved": None
        if resolved is None
        else {
            "resolution": resolved.resolution,
            "at": in_utc(resolved.at),
            "actor": resolved.actor,
            "reason": resolved.reason,
        },
    }
