"""Subscriptions: the gateway itself charges a saved token, again and again."""

import calendar
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from simulator.answers import GatewayError
from simulator.body import Body
from simulator.clock import WIB, Clock, Timer, wib_text
from simulator.identifiers import Identifiers
from simulator.merchants import Merchant
from simulator.transactions import Status, Transaction

_DAYS_PER_UNIT = {"day": 1, "week": 7}
_ORDER_DIGITS = 32
_PAID = frozenset({Status.CAPTURE, Status.SETTLEMENT})


class SubscriptionStatus(StrEnum):
    ACTIVE = "active"
    INACTIVE = "inactive"


@dataclass(slots=True)
class Schedule:
    interval: int
    unit: str
    most: int | None
    start_at: datetime

    def after(self, moment: datetime, times: int = 1) -> datetime:
        if self.unit == "month":
            return months_later(moment, self.interval * times)
        return moment + timedelta(days=_DAYS_PER_UNIT[self.unit] * self.interval * times)


@dataclass(slots=True)
class Subscription:
    subscription_id: str
    merchant: Merchant
    request: Body
    schedule: Schedule
    base_url: str
    created_at: datetime
    status: SubscriptionStatus = SubscriptionStatus.ACTIVE
    cancelled: bool = False
    done: int = 0
    failed: int = 0
    last_at: datetime | None = None
    next_at: datetime | None = None
    transactions: list[Transaction] = field(default_factory=list)
    timer: Timer | None = None

    @property
    def retry(self) -> Body:
        return self.request.section("retry_schedule")


class Charger(Protocol):
    def charge(self, subscription: Subscription, order_id: str) -> Transaction: ...


class Subscriptions:
    def __init__(self, clock: Clock, identifiers: Identifiers, charger: Charger) -> None:
        self._clock = clock
        self._identifiers = identifiers
        self._charger = charger
        self._by_id: dict[str, Subscription] = {}

    def create(
        self, merchant: Merchant, request: Body, schedule: Schedule, base_url: str
    ) -> Subscription:
        now = self._clock.now()
        made = Subscription(
            self._identifiers.unique(), merchant, request, schedule, base_url, created_at=now
        )
        self._by_id[made.subscription_id] = made
        # Without a start of its own the first payment comes one interval from now.
        starts_later = schedule.start_at > now
        self._await(made, schedule.start_at if starts_later else schedule.after(now))
        return made

    def find(self, subscription_id: str) -> Subscription | None:
        return self._by_id.get(subscription_id)

    def all(self) -> list[Subscription]:
        return list(self._by_id.values())

    def update(self, subscription: Subscription, request: Body, schedule: Schedule) -> None:
        subscription.request, subscription.schedule = request, schedule

    def disable(self, subscription: Subscription) -> None:
        subscription.status = SubscriptionStatus.INACTIVE
        self._stop(subscription)

    def enable(self, subscription: Subscription) -> None:
        subscription.status = SubscriptionStatus.ACTIVE
        self._await(subscription, subscription.schedule.after(self._clock.now()))

    def cancel(self, subscription: Subscription) -> None:
        """End it for good."""
        subscription.cancelled = True
        self.disable(subscription)

    def _await(self, subscription: Subscription, moment: datetime) -> None:
        self._stop(subscription)
        subscription.next_at = moment
        subscription.timer = self._clock.call_at(moment, lambda: self._execute(subscription))

    def _stop(self, subscription: Subscription) -> None:
        subscription.next_at = None
        if subscription.timer is not None:
            subscription.timer.cancel()
            subscription.timer = None

    def _execute(self, subscription: Subscription) -> None:
        subscription.last_at = now = self._clock.now()
        name = subscription.request.text("name") or ""
        order_id = name + self._identifiers.digits(_ORDER_DIGITS)
        paid = self._charge(subscription, order_id)
        if not paid and subscription.failed < (subscription.retry.whole("max_interval") or 0):
            subscription.failed += 1
            self._await(subscription, _retry_schedule(subscription).after(now))
            return
        subscription.failed = 0
        subscription.done += 1
        most = subscription.schedule.most
        if most is not None and subscription.done >= most:
            self.disable(subscription)
        else:
            self._await(subscription, subscription.schedule.after(now))

    def _charge(self, subscription: Subscription, order_id: str) -> bool:
        try:
            transaction = self._charger.charge(subscription, order_id)
        except GatewayError:
            return False
        subscription.transactions.append(transaction)
        return transaction.status in _PAID


def described(subscription: Subscription) -> dict[str, object]:
    request, schedule = subscription.request, subscription.schedule
    document: dict[str, object] = {
        "id": subscription.subscription_id,
        "name": request.text("name"),
        "amount": request.text("amount"),
        "currency": request.text("currency"),
        "created_at": wib_text(subscription.created_at),
        "schedule": _described_schedule(subscription, schedule),
        "status": subscription.status.value,
        "token": request.text("token"),
        "payment_type": request.text("payment_type"),
        "transaction_ids": [each.transaction_id for each in subscription.transactions],
    }
    document |= {
        name: request.fields[name]
        for name in ("retry_schedule", "metadata", "customer_details", "gopay")
        if request.has(name)
    }
    return document


def months_later(moment: datetime, months: int) -> datetime:
    """Move by calendar months; the 31st becomes the last day of a shorter month."""
    years, month = divmod(moment.month - 1 + months, 12)
    year = moment.year + years
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def _described_schedule(subscription: Subscription, schedule: Schedule) -> dict[str, object]:
    document: dict[str, object] = {
        "interval": schedule.interval,
        "current_interval": subscription.done,
        "interval_unit": schedule.unit,
        "start_time": wib_text(schedule.start_at.astimezone(WIB)),
    }
    if schedule.most is not None:
        document["max_interval"] = schedule.most
    if subscription.last_at is not None:
        document["previous_execution_at"] = wib_text(subscription.last_at)
    if subscription.next_at is not None:
        document["next_execution_at"] = wib_text(subscription.next_at)
    return document


def _retry_schedule(subscription: Subscription) -> Schedule:
    retry = subscription.retry
    unit = retry.text("interval_unit") or "day"
    return Schedule(
        retry.whole("interval") or 1,
        unit if unit in {*_DAYS_PER_UNIT, "month"} else "day",
        None,
        subscription.created_at,
    )
