"""Commands about what waits for a human: list it, look at it, decide about it."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Annotated, Literal

import typer
from rich.markup import escape

from adapters.display import instant_wib, money
from adapters.postgres.cases import StoredCase
from payments.alerts import ALERTS, AlertCode
from payments.bank_details import BankDetails
from payments.cases import CaseCode, Resolution
from payments.errors import PermanentError
from payments.money import Currency, Money
from payments.payment import Payment
from payments.refunds import Refund
from payments.request import Locale
from settings import load_settings
from starter.bodies import in_utc
from starter.client import utc_now
from starter.commands.session import with_services
from starter.commands.terminal import (
    AsJson,
    actor,
    expected_errors,
    facts,
    listing,
    out,
    print_json,
)
from starter.services import Services
from workflows.messages import ResolveCase

# Without the service's own.
Decided = Literal["noted", "accepted", "rejected", "approved", "transferred", "won", "lost"]
CaseId = Annotated[int, typer.Argument(help="The case's id, from cases list.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A case with what belongs to it; `payment` is None for an order that is not stored here."""

    case: StoredCase
    payment: Payment | None
    refund: Refund | None
    bank_details: BankDetails | None


def register(app: typer.Typer) -> None:
    cases = typer.Typer(help="What waits for a human.", no_args_is_help=True)
    cases.command("list")(list_cases)
    cases.command("show")(show_case)
    cases.command("resolve")(resolve_case)
    app.add_typer(cases, name="cases")


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
    table = listing("id", "order", "code", "amount", "since", "what to do")
    for case in found:
        since = instant_wib(case.opened_at, Locale.EN)
        cells = (str(case.case_id), case.order_id, case.code, _amount(case), since)
        table.add_row(*map(escape, (*cells, _what_to_do(case))))
    out.print(table)


def show_case(case_id: CaseId, *, as_json: AsJson = False) -> None:
    """Show a case; of a manual refund the customer's bank details, which is audited."""
    with expected_errors():
        settings = load_settings()
        reader = actor(settings)

    async def see(services: Services) -> Seen:
        case = await _stored(services, case_id)
        payment = await services.payments.payment(case.order_id)
        refund = payment.refund(case.about) if payment else None
        is_manual = refund is not None and case.code is CaseCode.MANUAL_REFUND
        details = await _bank_details(services, case, reader) if is_manual else None
        return Seen(case=case, payment=payment, refund=refund, bank_details=details)

    seen = with_services(settings, see)
    if as_json:
        print_json({**_document(seen.case), **_beside(seen)})
        return
    table = facts(f"case {case_id}: {seen.case.code}")
    for name, value in _facts_of(seen).items():
        if value:
            table.add_row(name, escape(value))
    out.print(table)
    out.print(f"\n{_what_to_do(seen.case)}", markup=False)


def resolve_case(
    case_id: CaseId,
    resolution: Annotated[
        Decided, typer.Option(help="What becomes of it; cases show says what may.")
    ],
    reason: Annotated[str, typer.Option(help="Why; kept with the order.")],
    reference: Annotated[str | None, typer.Option(help="Of the bank transfer.")] = None,
    amount: Annotated[
        int | None, typer.Option(help="What a chargeback came to, in rupiah, if a part.")
    ] = None,
) -> None:
    """Decide about a case; that is audited, and cannot be undone."""
    with expected_errors():
        settings = load_settings()
        decision = ResolveCase(
            actor=actor(settings),
            reason=reason,
            case_id=case_id,
            resolution=Resolution(resolution),
            reference=reference,
            amount=None if amount is None else Money(amount, Currency.IDR),
        )

    async def resolve(services: Services) -> str:
        case = await _stored(services, case_id)
        await services.operators.resolve_case(case.order_id, decision)
        return case.order_id

    order_id = with_services(settings, resolve)
    out.print(f"case {case_id} of order {order_id} is {resolution}")


async def _stored(services: Services, case_id: int) -> StoredCase:
    case = await services.payments.case(case_id)
    if case is None:
        raise PermanentError(f"no case {case_id} is stored (see: cases list)")
    return case


async def _bank_details(services: Services, case: StoredCase, reader: str) -> BankDetails | None:
    about = case.about
    return await services.bank_details.read(case.order_id, about, reader, utc_now())


def _amount(case: StoredCase) -> str:
    return "" if case.amount is None else money(case.amount, Locale.EN)


def _what_to_do(case: StoredCase) -> str:
    """As it was alerted about; a case that is closed says how instead."""
    if case.resolved is None:
        return ALERTS[AlertCode(case.code)].what_to_do
    when = instant_wib(case.resolved.at, Locale.EN)
    why = f": {case.resolved.reason}" if case.resolved.reason else ""
    return f"{case.resolved.resolution} by {case.resolved.actor}, {when}{why}"


def _facts_of(seen: Seen) -> dict[str, str]:
    case, payment, refund, details = seen.case, seen.payment, seen.refund, seen.bank_details
    is_manual = case.code is CaseCode.MANUAL_REFUND
    return {
        "what": ALERTS[AlertCode(case.code)].what,
        "order": f"{case.order_id}: {payment.status}" if payment else f"{case.order_id}: unknown",
        "amount": _amount(case),
        "since": instant_wib(case.opened_at, Locale.EN),
        "attempt": str(case.attempt),
        "transaction": case.transaction_id,
        **{name.replace("_", " "): _detail(name, text) for name, text in case.details.items()},
        "refund": f"{refund.refund_key}: {refund.status}" if refund else "",
        "reason": refund.reason if refund else "",
        "asked for by": refund.requested_by if refund else "",
        "approved by": (refund and refund.approved_by) or "",
        "bank": details.bank if details else "",
        "account number": details.account_number if details else "",
        "account holder": details.account_holder if details else "",
        "bank details": "not given yet" if is_manual and details is None else "",
    }


def _detail(name: str, text: str) -> str:
    is_instant = name == "evidence_due"
    return instant_wib(datetime.fromisoformat(text), Locale.EN) if is_instant else text


def _document(case: StoredCase) -> dict[str, object]:
    alert, resolved = ALERTS[AlertCode(case.code)], case.resolved
    return {
        "case_id": case.case_id,
        "order_id": case.order_id,
        "code": case.code,
        "attempt": case.attempt,
        "transaction_id": case.transaction_id,
        "money_came": case.money_came,
        "about": case.about,
        "amount": _plain_amount(case.amount),
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


def _beside(seen: Seen) -> dict[str, object]:
    refund, details = seen.refund, seen.bank_details
    return {
        "order_status": seen.payment.status if seen.payment else None,
        "refund": None
        if refund is None
        else {
            "refund_key": refund.refund_key,
            "status": refund.status,
            "reason": refund.reason,
            "requested_by": refund.requested_by,
            "approved_by": refund.approved_by,
        },
        "bank_details": asdict(details) if details else None,
    }


def _plain_amount(amount: Money | None) -> dict[str, object] | None:
    return None if amount is None else {"value": amount.value, "currency": amount.currency}
