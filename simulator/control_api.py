"""The control API: what customers, banks and people in the dashboard do, on command."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulator.accounts import PayAccount
from simulator.answers import GatewayError
from simulator.body import Body, MalformedBodyError
from simulator.clock import parse_moment
from simulator.control_view import account_view, transaction_view
from simulator.events import UnknownError, happen
from simulator.faults import read_plan
from simulator.lifecycle import NotPermittedError
from simulator.openapi_control import PREFIX, control_document
from simulator.openapi_midtrans import midtrans_document
from simulator.planting import plant
from simulator.settlements import settlement_report
from simulator.snap_sessions import SessionClosedError
from simulator.subscriptions import described
from simulator.world import World

Handler = Callable[[World, Request, Body], Response]


def routes() -> list[Route]:
    table: list[tuple[str, str, Handler]] = [
        ("GET", "/transactions", list_transactions),
        ("POST", "/transactions", plant_transaction),
        ("POST", "/transactions/{order_id}/{event}", cause_event),
        ("GET", "/snap-sessions", list_snap_sessions),
        ("GET", "/accounts", list_accounts),
        ("PUT", "/accounts/{account_id}", set_balances),
        ("POST", "/accounts/{account_id}/{event}", cause_account_event),
        ("GET", "/subscriptions", list_subscriptions),
        ("GET", "/faults", show_faults),
        ("PUT", "/faults", replace_faults),
        ("GET", "/behaviour", show_behaviour),
        ("PUT", "/behaviour", change_behaviour),
        ("GET", "/notifications", list_notifications),
        ("POST", "/notifications/test", send_test_notification),
        ("POST", "/notifications/{number}/resend", resend_notification),
        ("GET", "/settlements.csv", export_settlements),
        ("GET", "/clock", show_clock),
        ("PUT", "/clock", set_clock),
        ("GET", "/openapi.json", show_control_document),
        ("GET", "/midtrans-openapi.json", show_midtrans_document),
    ]
    made = [
        Route(PREFIX + path, _endpoint(handler), methods=[verb]) for verb, path, handler in table
    ]
    return [*made, Route(f"{PREFIX}/reset", reset, methods=["POST"])]


def list_transactions(world: World, request: Request, _: Body) -> Response:
    order_id = request.query_params.get("order_id")
    found = world.ledger if order_id is None else world.ledger.of_order(order_id)
    return JSONResponse({"transactions": [transaction_view(each) for each in found]})


def plant_transaction(world: World, request: Request, body: Body) -> Response:
    base_url = f"{request.url.scheme}://{request.url.netloc}"
    return JSONResponse(transaction_view(plant(world, body, base_url)), HTTPStatus.CREATED)


def cause_event(world: World, request: Request, body: Body) -> Response:
    path = request.path_params
    transaction = happen(world, path["order_id"], path["event"], body)
    return JSONResponse(transaction_view(transaction))


def list_snap_sessions(world: World, _: Request, __: Body) -> Response:
    sessions = world.snap_sessions
    return JSONResponse({"sessions": [sessions.described(each) for each in sessions.all()]})


def list_accounts(world: World, _: Request, __: Body) -> Response:
    return JSONResponse({"accounts": [account_view(each) for each in world.accounts.all()]})


def set_balances(world: World, request: Request, body: Body) -> Response:
    """Say how much is in the account, by way to pay: {"GOPAY_WALLET": 5000}."""
    account = _account(world, request)
    unknown = sorted(set(body.fields) - set(account.balances))
    if unknown:
        raise ValueError(f"{unknown[0]!r} is none of {', '.join(account.balances)}")
    balances = {name: body.whole(name) for name in body.fields}
    for name, balance in balances.items():
        if balance is None or balance < 0:
            raise ValueError(f"{name} takes a whole number of rupiah")
        account.balances[name] = balance
    return JSONResponse(account_view(account))


def cause_account_event(world: World, request: Request, _: Body) -> Response:
    """Let the customer link the account, let the link expire, or let the customer unbind it."""
    account, event = _account(world, request), request.path_params["event"]
    causes = {
        "link": world.accounts.enable,
        "expire": world.accounts.expire,
        "unbind": world.accounts.unbind,
    }
    if event not in causes:
        raise UnknownError(f"no event is called {event!r}; there are {', '.join(causes)}")
    causes[event](account)
    return JSONResponse(account_view(account))


def list_subscriptions(world: World, _: Request, __: Body) -> Response:
    return JSONResponse({"subscriptions": [described(each) for each in world.subscriptions.all()]})


def show_faults(world: World, _: Request, __: Body) -> Response:
    return JSONResponse({"faults": [rule.described() for rule in world.faults.rules]})


def replace_faults(world: World, request: Request, body: Body) -> Response:
    world.faults.replace(read_plan(body))
    return show_faults(world, request, body)


def show_behaviour(world: World, _: Request, __: Body) -> Response:
    return JSONResponse(world.behaviour.described())


def change_behaviour(world: World, request: Request, body: Body) -> Response:
    world.behaviour.change(body)
    return show_behaviour(world, request, body)


def list_notifications(world: World, request: Request, _: Body) -> Response:
    """List deliveries by id, of one order or all; with a limit, `next` is where to go on after."""
    query = request.query_params
    order_id, after = query.get("order_id"), _count(query.get("after", "0"), "after")
    # Ids count from one, so what comes after an id begins at that place of the list.
    found = [
        each
        for each in world.webhooks.deliveries[after:]
        if order_id is None or each.document.get("order_id") == order_id
    ]
    limit = _count(query.get("limit", str(len(found))), "limit")
    shown = found[:limit]
    following = shown[-1].number if shown and len(found) > limit else None
    return JSONResponse({"notifications": [each.described() for each in shown], "next": following})


def send_test_notification(world: World, _: Request, body: Body) -> Response:
    merchant_id = body.text("merchant_id")
    merchants = world.merchants
    merchant = merchants.first() if merchant_id is None else merchants.named(merchant_id)
    if merchant is None:
        raise UnknownError(f"there is no merchant {merchant_id!r}")
    delivery = world.webhooks.send_sample(merchant)
    return JSONResponse(delivery.described(), HTTPStatus.ACCEPTED)


def resend_notification(world: World, request: Request, _: Body) -> Response:
    number = _count(request.path_params["number"], "number")
    if not 1 <= number <= len(world.webhooks.deliveries):
        raise UnknownError(f"there is no notification {number}")
    delivery = world.webhooks.deliveries[number - 1]
    world.webhooks.resend(delivery)
    return JSONResponse(delivery.described(), HTTPStatus.ACCEPTED)


def export_settlements(world: World, request: Request, _: Body) -> Response:
    query = request.query_params
    start, end = _first_moment(query.get("from")), _last_moment(query.get("to"))
    return Response(settlement_report(world.ledger, start, end), media_type="text/csv")


def show_clock(world: World, _: Request, __: Body) -> Response:
    return JSONResponse({"now": world.clock.now().isoformat(), "time_scale": world.clock.scale})


def set_clock(world: World, request: Request, body: Body) -> Response:
    now, seconds, scale = (
        body.text("now"),
        body.number("advance_seconds"),
        body.number("time_scale"),
    )
    if now is None and seconds is None and scale is None:
        raise ValueError('give "now", "advance_seconds" or "time_scale"')
    if scale is not None and scale < 0:
        raise ValueError("time_scale is not negative")
    if scale is not None:
        world.clock.run_at(float(scale))
    if now is not None:
        world.clock.move_to(parse_moment(now))
    if seconds is not None:
        world.clock.advance(float(seconds))
    return show_clock(world, request, body)


def show_control_document(_: World, __: Request, ___: Body) -> Response:
    return JSONResponse(control_document())


def show_midtrans_document(_: World, __: Request, ___: Body) -> Response:
    return JSONResponse(midtrans_document())


async def reset(request: Request) -> Response:
    """Begin anew, as if just started with the same command line."""
    await request.app.state.renew()
    return JSONResponse({"status": "empty"})


def _endpoint(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        try:
            body = Body.parse(await request.body())
            return handler(request.app.state.world, request, body)
        except tuple(_REFUSALS) as error:
            status = next(code for kind, code in _REFUSALS.items() if isinstance(error, kind))
            return JSONResponse({"error": _words(error)}, status)

    return respond


_REFUSALS: dict[type[Exception], int] = {
    MalformedBodyError: HTTPStatus.BAD_REQUEST,
    UnknownError: HTTPStatus.NOT_FOUND,
    NotPermittedError: HTTPStatus.CONFLICT,
    SessionClosedError: HTTPStatus.CONFLICT,
    GatewayError: HTTPStatus.CONFLICT,
    ValueError: HTTPStatus.BAD_REQUEST,
    OverflowError: HTTPStatus.BAD_REQUEST,
}


def _words(error: Exception) -> str:
    match error:
        case GatewayError():
            return "; ".join(error.problems) or error.message
        case MalformedBodyError():
            return "the body is not a JSON object"
        case _:
            return str(error)


def _account(world: World, request: Request) -> PayAccount:
    account_id = request.path_params["account_id"]
    account = world.accounts.find(account_id)
    if account is None:
        raise UnknownError(f"there is no account {account_id!r}")
    return account


def _count(text: str, name: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"{name} is a whole number")
    return int(text)


def _first_moment(text: str | None) -> datetime | None:
    return parse_moment(text) if text else None


def _last_moment(text: str | None) -> datetime | None:
    """Read the end of a range; a day is in it to its last moment."""
    moment = _first_moment(text)
    if moment is None or text is None or ":" in text:
        return moment
    return moment + timedelta(days=1) - timedelta(microseconds=1)
