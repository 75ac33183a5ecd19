"""The Snap API: create a session, cancel it."""

from datetime import timedelta
from http import HTTPStatus

from starlette.routing import Route

from simulator.answers import Answer, SnapError
from simulator.body import Body
from simulator.calls import Call, Manner, Operation
from simulator.opening import moment_or_none
from simulator.order_request import later, read_order, read_span
from simulator.surfaces import Surface
from simulator.world import World

PAGE = "/snap/v3/redirection"
_SNAP = Manner(Surface.SNAP)
_SHORTEST_EXPIRY = timedelta(seconds=20)
_LONGEST_LIFE = timedelta(days=7)
_PAGE_LIFE = timedelta(hours=24)
_LONGEST_URL = 255
_TAKEN = "transaction_details.order_id has already been taken"
_PAID = "transaction_details.order_id has been paid and utilized, please use another order ID"


def routes() -> list[Route]:
    create = Operation("snap_create", create_session, _SNAP)
    cancel = Operation("snap_cancel", cancel_session, _SNAP)
    return [
        Route("/snap/v1/transactions", create, methods=["POST"]),
        Route("/snap/v1/transactions/{token}/cancel", cancel, methods=["POST"]),
    ]


def create_session(world: World, call: Call) -> Answer:
    order, problems = read_order(call.body, strict_symbols=world.behaviour.enforce_order_id_symbols)
    problems += _expiry_problems(world, call.body)
    if order is None or problems:
        raise SnapError(HTTPStatus.BAD_REQUEST, problems)
    if world.ledger.order_id_is_taken(order.order_id, call.merchant.merchant_id):
        status = world.behaviour.snap_duplicate_status
        raise SnapError(status, [_TAKEN if status == HTTPStatus.NOT_ACCEPTABLE else _PAID])
    session = world.snap_sessions.create(
        call.merchant, order, call.body, _life(world, call.body), call.destination, call.base_url
    )
    return Answer(
        {
            "token": session.token,
            "redirect_url": f"{call.base_url}{PAGE}/{session.token}",
        },
        HTTPStatus.CREATED,
    )


def cancel_session(world: World, call: Call) -> Answer:
    cancelled_at = world.snap_sessions.cancel(call.path["token"], call.merchant)
    return Answer({"canceled_at": cancelled_at.isoformat(timespec="milliseconds")})


def _life(world: World, body: Body) -> timedelta:
    """Say how long the page lives: page_expiry, else expiry, else a day; a week at most."""
    page = body.section("page_expiry")
    span = read_span(page.whole("duration"), page.text("unit"))
    if span is not None:
        return min(span, _LONGEST_LIFE)
    expiry = body.section("expiry")
    span = read_span(expiry.whole("duration"), expiry.text("unit"))
    start = expiry.text("start_time")
    if span is None or start is None:
        return _PAGE_LIFE
    now = world.clock.now()
    return min(later(moment_or_none(start, now) or now, span) - now, _LONGEST_LIFE)


def _expiry_problems(world: World, body: Body) -> list[str]:
    problems = []
    for name in ("expiry", "page_expiry"):
        section = body.section(name)
        span = read_span(section.whole("duration"), section.text("unit"))
        if body.has(name) and span is None:
            problems.append(f"{name}.duration or {name}.unit is invalid")
        elif span is not None and span < _SHORTEST_EXPIRY:
            problems.append(f"{name} must be at least 20 seconds")
    now = world.clock.now()
    start = moment_or_none(body.section("expiry").text("start_time"), now)
    if start is None:
        problems.append("expiry.start_time format is invalid")
    callbacks = body.section("callbacks")
    problems += [
        f"callbacks.{name} is too long (maximum is 255 characters)"
        for name in ("finish", "error")
        if len(callbacks.text(name) or "") > _LONGEST_URL
    ]
    return problems
