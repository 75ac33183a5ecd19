"""The page behind a Snap redirect_url: choose a method, follow it, pay or fail."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simulator import pages
from simulator.answers import GatewayError
from simulator.browser_return import finish_url
from simulator.lifecycle import NotPermittedError
from simulator.methods import METHODS
from simulator.payment_view import how_to_pay
from simulator.snap_choices import method_choices
from simulator.snap_sessions import SessionClosedError, SnapSession
from simulator.transactions import Status, Transaction
from simulator.world import World

_SEE_OTHER = 303
_METHODS_VIEW = "methods"


def routes() -> list[Route]:
    """List the routes; the older and newer forms of the address work too."""
    return [
        Route(path, endpoint, methods=[method])
        for path in (
            "/snap/v3/redirection/{token}",
            "/snap/v4/redirection/{token}",
            "/snap/v2/vtweb/{token}",
        )
        for endpoint, method in ((show, "GET"), (act, "POST"))
    ]


async def show(request: Request) -> Response:
    """Show the payment that is under way, or what can be chosen from."""
    world: World = request.app.state.world
    session = world.snap_sessions.find(request.path_params["token"])
    if session is None:
        return pages.not_found()
    query = request.query_params
    shown = _named(session, query.get("transaction_id", "")) or session.current
    return _drawn(world, session, shown, choosing=query.get("view") == _METHODS_VIEW)


async def act(request: Request) -> Response:
    """Do what the customer clicked, then show the page again or go on to where it leads."""
    world: World = request.app.state.world
    session = world.snap_sessions.find(request.path_params["token"])
    if session is None:
        return pages.not_found()
    try:
        followed = _followed(world, session, await pages.posted(request))
    except (SessionClosedError, NotPermittedError) as error:
        return _drawn(world, session, session.current, problem=str(error), status=409)
    except GatewayError as error:
        problem = "; ".join(error.problems) or error.message
        return _drawn(world, session, session.current, problem=problem, status=400)
    return RedirectResponse(followed or request.url.path, _SEE_OTHER)


def _followed(world: World, session: SnapSession, fields: dict[str, str]) -> str:
    """Carry the click out; return where the browser goes, if not back to this page."""
    transaction = _named(session, fields.get("transaction_id", "")) or session.current
    match fields.get("action", ""):
        case "choose":
            method = METHODS.get(fields.get("method", ""))
            if method is None:
                raise SessionClosedError("there is no such payment method")
            transaction = world.snap_sessions.choose(session, method)
            return str(transaction.links.get("redirect_url", ""))
        case "card":
            number = fields.get("card_number", "").replace(" ", "")
            transaction = world.snap_sessions.charge_card(session, number, secure=session.secure)
            return str(transaction.links.get("redirect_url", "")) or finish_url(world, transaction)
        case "pay" | "scan" as action if transaction is not None:
            world.lifecycle.pay(transaction, scanned=action == "scan")
            return finish_url(world, transaction)
        case "fail" if transaction is not None:
            world.lifecycle.deny(transaction, "Denied by the customer's bank")
            return ""
        case _:
            raise SessionClosedError("there is nothing to be done here")


def _named(session: SnapSession, transaction_id: str) -> Transaction | None:
    found = [each for each in session.transactions if each.transaction_id == transaction_id]
    return found[0] if found else None


def _drawn(
    world: World,
    session: SnapSession,
    shown: Transaction | None,
    *,
    choosing: bool = False,
    problem: str = "",
    status: int = 200,
) -> Response:
    parts = [pages.order_line(f"Order {session.order.order_id}"), _bill(session, shown)]
    if problem:
        parts.append(pages.state("bad", problem))
    if shown is not None and not choosing:
        parts += [pages.outcome(shown), how_to_pay(shown), _ways_on(world, session, shown)]
    if choosing or not session.waiting:
        parts.append(_choices(world, session))
    return pages.page("Pembayaran · Payment", *parts, status=status)


def _bill(session: SnapSession, shown: Transaction | None) -> str:
    fee = 0 if shown is None else shown.fee
    total = session.order.gross_amount if shown is None else shown.gross_amount
    lines = [
        (
            f"{item.text('name')} x {item.whole('quantity')}",
            pages.rupiah_text((item.whole("price") or 0) * (item.whole("quantity") or 0)),
        )
        for item in session.request.sections("item_details")
    ]
    if fee:
        lines.append(("Biaya · Fee", pages.rupiah_text(fee)))
    details = pages.folded("Rincian · Details", pages.rows(lines)) if lines else ""
    return pages.amount(total) + details


def _ways_on(world: World, session: SnapSession, shown: Transaction) -> str:
    finish = finish_url(world, shown)
    if finish and shown.status is not Status.PENDING:
        return pages.link(finish, "Kembali ke toko · Back to the shop", "do")
    others = [
        pages.link(
            f"?transaction_id={each.transaction_id}",
            f"Lanjutkan {each.method.title} · Go on with {each.method.title}",
        )
        for each in session.waiting
        if each is not shown
    ]
    if session.waiting and world.snap_sessions.is_payable(session):
        others.append(pages.link(f"?view={_METHODS_VIEW}", "Ganti metode · Choose another method"))
    return "".join(others)


def _choices(world: World, session: SnapSession) -> str:
    if session.paid:
        return ""
    if not world.snap_sessions.is_payable(session):
        return pages.state("bad", "Halaman ini sudah ditutup · This page is closed")
    return method_choices(world.snap_sessions.offered(session))
