"""The page behind a Snap redirect_url: choose a method, follow it, pay or fail."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simulator import pages
from simulator.answers import GatewayError
from simulator.lifecycle import NotPermittedError
from simulator.methods import METHODS
from simulator.payment_view import how_to_pay
from simulator.snap_sessions import SessionClosedError, SnapSession
from simulator.transactions import Status, Transaction
from simulator.world import World

_SEE_OTHER = 303
_CODES = {Status.PENDING: "201", Status.DENY: "202", Status.EXPIRE: "202", Status.CANCEL: "202"}


def routes() -> list[Route]:
    """List the routes; the older forms of the address still work."""
    return [
        Route(path, endpoint, methods=[method])
        for path in (
            "/snap/v4/redirection/{token}",
            "/snap/v3/redirection/{token}",
            "/snap/v2/vtweb/{token}",
        )
        for endpoint, method in ((show, "GET"), (act, "POST"))
    ]


async def show(request: Request) -> Response:
    world: World = request.app.state.world
    session = world.snap_sessions.find(request.path_params["token"])
    return pages.not_found() if session is None else _drawn(world, session, "")


async def act(request: Request) -> Response:
    """Do what the customer clicked, then show the page again or go on to where it leads."""
    world: World = request.app.state.world
    session = world.snap_sessions.find(request.path_params["token"])
    if session is None:
        return pages.not_found()
    try:
        followed = _followed(world, session, await pages.posted(request))
    except (SessionClosedError, NotPermittedError) as error:
        return _drawn(world, session, str(error), status=409)
    except GatewayError as error:
        problems = "; ".join(error.problems) or error.message
        return _drawn(world, session, problems, status=400)
    return RedirectResponse(followed or str(request.url), _SEE_OTHER)


def _followed(world: World, session: SnapSession, fields: dict[str, str]) -> str:
    """Carry the click out; return where the browser goes, if not back to this page."""
    transaction = session.current
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
        case "pay" if transaction is not None:
            world.lifecycle.pay(transaction)
            return finish_url(world, transaction)
        case "fail" if transaction is not None:
            world.lifecycle.deny(transaction, "Denied by the customer's bank")
            return ""
        case _:
            raise SessionClosedError("there is nothing to be done here")


def finish_url(world: World, transaction: Transaction) -> str:
    """Say where the merchant wants the browser after a payment; empty if it did not say."""
    session = world.snap_sessions.find(transaction.snap_token)
    if session is None or transaction.status is Status.DENY:
        return ""
    finish = session.request.section("callbacks").text("finish")
    if finish is None or not finish.startswith(("http://", "https://")):
        return ""
    query = urlencode(
        {
            "order_id": transaction.order_id,
            "status_code": _CODES.get(transaction.status, "200"),
            "transaction_status": transaction.status.value,
        }
    )
    return f"{finish}{'&' if '?' in finish else '?'}{query}"


def _drawn(world: World, session: SnapSession, problem: str, status: int = 200) -> Response:
    parts = [pages.note(f"Order {session.order.order_id}")]
    parts.append(pages.amount(session.order.gross_amount))
    items = session.request.sections("item_details")
    parts.append(
        pages.rows(
            [
                (
                    f"{item.text('name')} x {item.whole('quantity')}",
                    pages.rupiah_text((item.whole("price") or 0) * (item.whole("quantity") or 0)),
                )
                for item in items
            ]
        )
    )
    if problem:
        parts.append(pages.heading(problem))
    if session.current is not None:
        parts.append(pages.outcome(session.current))
        parts.append(how_to_pay(session.current))
        finish = finish_url(world, session.current)
        if finish and session.current.status is not Status.PENDING:
            parts.append(pages.link(finish, "Kembali ke toko · Back to the shop"))
    if not session.in_progress:
        parts.append(_choices(world, session))
    return pages.page("Pembayaran · Payment", *parts, status=status)


def _choices(world: World, session: SnapSession) -> str:
    if not session.is_open(world.clock.now()):
        return pages.heading("Halaman ini sudah ditutup · This page is closed")
    parts = [pages.heading("Pilih metode pembayaran · Choose a payment method")]
    for method in session.methods:
        if method.name == "credit_card":
            parts.append(_card_form())
        else:
            parts.append(pages.button("choose", method.title, method=method.name))
    return "".join(parts)


def _card_form() -> str:
    return pages.heading("Kartu · Card") + pages.form(
        "card",
        "Bayar dengan kartu · Pay by card",
        {"card_number": "Nomor kartu · Card number", "expiry": "MM/YY", "cvv": "CVV"},
        {"card_number": "4811 1111 1111 1114", "expiry": "01/39", "cvv": "123"},
    )
