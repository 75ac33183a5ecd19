"""The fault plan: which call goes wrong, and how.

`PUT /_simulator/faults` takes `{"faults": [rule, ...]}` and replaces the plan; `GET` shows it with
the number of calls each rule has seen. A rule is

    {"operation": "charge", "order_id": "SKT-1~1", "nth": 2, "times": 3, "fault": "status:503"}

operation   charge snap_create snap_cancel status cancel expire refund capture approve deny
            token card_register point_inquiry bin account subscription, webhook, or "*" for
            every call but webhooks
order_id    optional; the gateway's order id, or a prefix of it followed by "*"
nth, times  optional; of the matching calls, counted from one: neither means all of them, `nth`
            alone that one, `times` alone the first so many, both `times` of them from the nth on
fault       for calls, without effect:   refuse (the connection is closed without an answer),
                timeout_before (it is held until the caller leaves, 60 s at most),
                status:NNN, html:NNN, 429, 429:S (with Retry-After of so many seconds)
            for charge, refund and capture: deny (the provider or the bank refuses, which is an
                answer and no error)
            for calls, after the effect: timeout_after (held likewise), malformed (half of the
                answer), slow:MS (the second half of it comes so many real milliseconds later)
            for webhooks: drop, duplicate:N (N more copies), delay:S (S simulated seconds),
                reorder (it waits for the order's next notification and goes after that one, five
                simulated minutes at most), before_response (it is delivered before the answer to
                the call that caused it)
status      optional, webhooks only: the transaction_status that the notification must have

Of the rules for one call the first that applies wins; of those for one webhook all do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from simulator.body import Body

WEBHOOK = "webhook"
OPERATIONS = frozenset(
    {
        "charge",
        "snap_create",
        "snap_cancel",
        "status",
        "cancel",
        "expire",
        "refund",
        "capture",
        "approve",
        "deny",
        "token",
        "card_register",
        "point_inquiry",
        "bin",
        "account",
        "subscription",
    }
)
_DENIABLE = frozenset({"charge", "refund", "capture"})
_CALL_FAULTS = frozenset({"refuse", "timeout_before", "timeout_after", "malformed", "429", "deny"})
_CALL_FAULTS_WITH_NUMBER = frozenset({"status", "html", "slow", "429"})
_WEBHOOK_FAULTS = frozenset({"drop", "reorder", "before_response"})
_WEBHOOK_FAULTS_WITH_NUMBER = frozenset({"duplicate", "delay"})
_MEMBERS = frozenset({"operation", "order_id", "nth", "times", "fault", "status"})


@dataclass(frozen=True, slots=True)
class Fault:
    kind: str
    number: float = 0.0


@dataclass(slots=True)
class FaultRule:
    operation: str
    fault: Fault
    text: str
    order_id: str = ""
    status: str = ""
    first: int = 1
    last: int | None = None
    seen: int = 0

    def concerns(self, operation: str, order_id: str) -> bool:
        anything = self.operation == "*" and operation != WEBHOOK
        if not anything and self.operation != operation:
            return False
        if self.order_id.endswith("*"):
            return order_id.startswith(self.order_id[:-1])
        return not self.order_id or self.order_id == order_id

    def strikes(self) -> bool:
        """Count a matching call, and tell whether this one is to go wrong."""
        self.seen += 1
        return self.seen >= self.first and (self.last is None or self.seen <= self.last)

    def described(self) -> dict[str, object]:
        return {
            "operation": self.operation,
            "order_id": self.order_id or None,
            "status": self.status or None,
            "first": self.first,
            "last": self.last,
            "fault": self.text,
            "seen": self.seen,
        }


class FaultPlan:
    def __init__(self) -> None:
        self.rules: list[FaultRule] = []

    def replace(self, rules: Sequence[FaultRule]) -> None:
        self.rules = list(rules)

    def for_call(self, operation: str, order_id: str) -> Fault | None:
        concerned = [rule for rule in self.rules if rule.concerns(operation, order_id)]
        striking = [rule.fault for rule in concerned if rule.strikes()]
        return striking[0] if striking else None

    def for_webhook(self, order_id: str, status: str) -> list[Fault]:
        return [
            rule.fault
            for rule in self.rules
            if rule.concerns(WEBHOOK, order_id) and rule.status in {"", status} and rule.strikes()
        ]


def read_plan(body: Body) -> list[FaultRule]:
    """Read a plan, or say which rule is wrong and why."""
    rules = body.fields.get("faults")
    if not isinstance(rules, list):
        raise ValueError('a fault plan is {"faults": [...]}')  # noqa: TRY004  # bad input, not a bug.
    return [_read_rule(position, each) for position, each in enumerate(rules)]


def _read_rule(position: int, document: object) -> FaultRule:
    where = f"faults[{position}]"
    if not isinstance(document, dict):
        raise ValueError(f"{where} is not an object")  # noqa: TRY004  # bad input, not a bug.
    unknown = sorted(set(document) - _MEMBERS)
    if unknown:
        raise ValueError(f"{where} has an unknown member: {unknown[0]}")
    body = Body(document)
    operation, text = body.text("operation") or "", body.text("fault") or ""
    if operation not in OPERATIONS | {WEBHOOK, "*"}:
        raise ValueError(f"{where}.operation: {operation!r} is none of {sorted(OPERATIONS)}")
    if text == "deny" and operation not in _DENIABLE:
        raise ValueError(f"{where}.fault: only {sorted(_DENIABLE)} can be denied")
    first, last = _read_range(where, body)
    return FaultRule(
        operation=operation,
        fault=_read_fault(where, text, webhook=operation == WEBHOOK),
        text=text,
        order_id=body.text("order_id") or "",
        status=body.text("status") or "",
        first=first,
        last=last,
    )


def _read_range(where: str, body: Body) -> tuple[int, int | None]:
    nth, times = body.whole("nth"), body.whole("times")
    for name, value in (("nth", nth), ("times", times)):
        if body.has(name) and (value is None or value < 1):
            raise ValueError(f"{where}.{name} is a whole number from 1")
    first = nth or 1
    if times is None:
        return first, nth
    return first, first + times - 1


def _read_fault(where: str, text: str, *, webhook: bool) -> Fault:
    plain = _WEBHOOK_FAULTS if webhook else _CALL_FAULTS
    numbered = _WEBHOOK_FAULTS_WITH_NUMBER if webhook else _CALL_FAULTS_WITH_NUMBER
    kind, _, number = text.partition(":")
    if text in plain:
        return Fault(text)
    if kind in numbered and number.replace(".", "", 1).isdigit():
        return Fault(kind, float(number))
    choices = sorted(plain) + [f"{each}:N" for each in sorted(numbered)]
    raise ValueError(f"{where}.fault: {text!r} is none of {choices}")
