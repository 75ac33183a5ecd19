"""The Subscription API: real HTTP codes, and no status_code in any answer."""

from datetime import datetime, timedelta
from http import HTTPStatus

from starlette.routing import Route

from simulator.answers import Answer, RecurringError
from simulator.body import Body
from simulator.calls import Call, Manner, Operation
from simulator.clock import WIB
from simulator.opening import moment_or_none
from simulator.subscriptions import Schedule, Subscription, described
from simulator.surfaces import Surface
from simulator.world import World

_KEY_LIFE = timedelta(minutes=3)
_LONGEST_NAME = 40
_AMOUNT_LIMIT = 99_999_999_999
_UNITS = frozenset({"day", "week", "month"})
_ANY_MOMENT = datetime(2000, 1, 1, tzinfo=WIB)
_UPDATED = Answer({"status_message": "Subscription is updated."})
_REQUIRED = ("name", "amount", "currency", "payment_type", "token")


def routes() -> list[Route]:
    """List the routes; only creation takes an idempotency key, and looks at the body first."""
    one = "/v1/subscriptions/{subscription_id}"
    creating = Manner(Surface.RECURRING, key_life=_KEY_LIFE, check=check_creation)
    changing = Manner(Surface.RECURRING, key_life=None)
    create = Operation("subscription", create_subscription, creating)
    read = Operation("subscription", read_subscription, changing)
    update = Operation("subscription", update_subscription, changing)
    disable = Operation("subscription", disable_subscription, changing)
    enable = Operation("subscription", enable_subscription, changing)
    cancel = Operation("subscription", cancel_subscription, changing)
    return [
        Route("/v1/subscriptions", create, methods=["POST"]),
        Route(one, read, methods=["GET"]),
        Route(one, update, methods=["PATCH"]),
        Route(f"{one}/disable", disable, methods=["POST"]),
        Route(f"{one}/enable", enable, methods=["POST"]),
        Route(f"{one}/cancel", cancel, methods=["POST"]),
    ]


def check_creation(_: World, call: Call) -> None:
    if call.sent_null:
        raise RecurringError(HTTPStatus.BAD_REQUEST, "Bad request")
    missing = [f"subscription.{name} is required" for name in _REQUIRED if not call.body.has(name)]
    _refuse([*missing, *_problems(call.body)])


def create_subscription(world: World, call: Call) -> Answer:
    schedule = _schedule(call.body, world.clock.now())
    made = world.subscriptions.create(call.merchant, call.body, schedule, call.base_url)
    return Answer(described(made))


def read_subscription(world: World, call: Call) -> Answer:
    return Answer(described(_subscription(world, call)))


def update_subscription(world: World, call: Call) -> Answer:
    """Change what is named and leave the rest."""
    subscription = _subscription(world, call)
    _refuse(_problems(call.body))
    before, changes = subscription.request, dict(call.body.fields)
    if "schedule" in changes:
        changes["schedule"] = {
            **before.section("schedule").fields,
            **call.body.section("schedule").fields,
        }
    request = Body({**before.fields, **changes})
    schedule = _schedule(request, subscription.schedule.start_at)
    world.subscriptions.update(subscription, request, schedule)
    return _UPDATED


def disable_subscription(world: World, call: Call) -> Answer:
    world.subscriptions.disable(_changeable(world, call))
    return _UPDATED


def enable_subscription(world: World, call: Call) -> Answer:
    world.subscriptions.enable(_changeable(world, call))
    return _UPDATED


def cancel_subscription(world: World, call: Call) -> Answer:
    world.subscriptions.cancel(_changeable(world, call))
    return _UPDATED


def _subscription(world: World, call: Call) -> Subscription:
    subscription = world.subscriptions.find(call.path["subscription_id"])
    if subscription is None or subscription.merchant.merchant_id != call.merchant.merchant_id:
        raise RecurringError(HTTPStatus.NOT_FOUND, "Subscription doesn't exist.")
    return subscription


def _changeable(world: World, call: Call) -> Subscription:
    subscription = _subscription(world, call)
    if subscription.cancelled:
        raise RecurringError(
            HTTPStatus.PRECONDITION_FAILED, "Subscription status cannot be updated."
        )
    return subscription


def _problems(body: Body) -> list[str]:
    problems = []
    amount = body.number("amount")
    if body.has("amount") and (amount is None or not 0 < amount <= _AMOUNT_LIMIT):
        problems.append("subscription.amount must be between 0.01 - 99999999999.00")
    if len(body.text("name") or "") > _LONGEST_NAME:
        problems.append("subscription.name is too long (maximum is 40 characters)")
    if body.has("currency") and body.text("currency") != "IDR":
        problems.append("subscription.currency is not supported")
    if body.has("payment_type") and body.text("payment_type") not in {"credit_card", "gopay"}:
        problems.append("subscription.payment_type is not supported")
    schedule = body.section("schedule")
    if schedule.has("interval") and (schedule.whole("interval") or 0) < 1:
        problems.append("subscription.schedule.interval must be greater than 0")
    if schedule.has("interval_unit") and schedule.text("interval_unit") not in _UNITS:
        problems.append("subscription.schedule.interval_unit is invalid")
    if moment_or_none(schedule.text("start_time"), _ANY_MOMENT) is None:
        problems.append("subscription.schedule.start_time format is invalid")
    return problems


def _schedule(body: Body, start_at: datetime) -> Schedule:
    wanted = body.section("schedule")
    return Schedule(
        interval=wanted.whole("interval") or 1,
        unit=wanted.text("interval_unit") or "month",
        most=wanted.whole("max_interval"),
        start_at=moment_or_none(wanted.text("start_time"), start_at) or start_at,
    )


def _refuse(problems: list[str]) -> None:
    if problems:
        raise RecurringError(HTTPStatus.BAD_REQUEST, "Invalid parameter.", problems)
