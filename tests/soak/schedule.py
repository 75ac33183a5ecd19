"""What one seed is: who buys what and how they behave, and what goes wrong meanwhile."""

import json
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any


class Act(StrEnum):
    """One thing that a customer does."""

    PAY = "pay"
    PAY_THE_FIRST = "pay the first attempt"
    BE_DENIED = "be denied"
    WAIT_UNTIL_OVER = "wait until the time to pay is over"
    WAIT_UNTIL_ENDED = "wait until no other method may be tried"
    CANCEL = "cancel"
    SWITCH = "switch to another method"
    RETURN_A_PART = "ask a part of the money back"
    RETURN_ALL = "ask all that is left back"


class Trouble(StrEnum):
    """What becomes of a part of the stack."""

    DATABASE_STOPS = "database stops"
    TEMPORAL_STOPS = "temporal stops"
    WORKER_IS_KILLED = "worker is killed"
    BRIDGE_IS_KILLED = "bridge is killed"
    API_IS_KILLED = "api is killed"
    MAIL_IS_REFUSED = "mail is refused"
    MAIL_HANGS_UP = "mail hangs up"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    method: str
    integration: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """An act, and how many seconds the customer hesitates before it."""

    act: Act
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    order_id: str
    amount: int
    begins_after: float
    choice: Choice
    another: Choice
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A fault of the gateway, as its simulator takes it (`simulator/faults.py`)."""

    operation: str
    order_id: str
    nth: int
    times: int
    fault: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outage:
    """Trouble that begins so many seconds after the first customer, and lasts so long."""

    trouble: Trouble
    begins_after: float
    lasts: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    seed: int
    customers: tuple[Customer, ...]
    faults: tuple[Rule | Outage, ...]

    @property
    def order_ids(self) -> list[str]:
        return [customer.order_id for customer in self.customers]

    @property
    def rules(self) -> list[Rule]:
        return [fault for fault in self.faults if isinstance(fault, Rule)]

    @property
    def outages(self) -> list[Outage]:
        return [fault for fault in self.faults if isinstance(fault, Outage)]

    def only(self, numbers: Collection[int]) -> "Schedule":
        """The same customers with some of the faults, by their place from 0 on."""
        kept = (fault for number, fault in enumerate(self.faults) if number in numbers)
        return replace(self, faults=tuple(kept))

    def document(self) -> dict[str, Any]:
        numbered = [{"number": n, **asdict(fault)} for n, fault in enumerate(self.faults)]
        return {**asdict(self), "faults": numbered}

    def text(self) -> str:
        return json.dumps(self.document(), indent=1)
