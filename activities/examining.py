"""Asking the gateway how attempts stand: at its pace, a few at once, and never for ever."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial

from temporalio import activity

from activities.gateway import Gateway
from activities.pace import Pace
from payments.cases import CaseCode
from payments.errors import GatewayBusyError, PaymentError
from payments.gateway import GATEWAY, AttemptRef, StatusReport
from payments.notice import Notice
from payments.payment import Payment
from payments.reconciliation import Batch, Examined
from payments.reconciling import REPAIRABLE, Discrepancy, DiscrepancyKind, RunKind, compared
from payments.request import gateway_order_id
from payments.status import MONEY_CAME, AttemptStatus

# Calls under way at once: enough to keep the pace while single answers take long.
CALLS_AT_ONCE = 4
# A gateway that wants more patience than this is asked again by the next run.
PATIENCE_MAX = timedelta(minutes=1)
_HEARTBEAT_EVERY = timedelta(seconds=10)

# What was reversed may be followed by another payment of the same page.
_ASKED_BY_ITSELF = MONEY_CAME - {AttemptStatus.REVERSED}

Key = tuple[str, str, str]


@asynccontextmanager
async def heartbeats(every: timedelta = _HEARTBEAT_EVERY) -> AsyncIterator[None]:
    """Show that the worker lives, whatever the body waits for: another run may have the turns."""

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(every.total_seconds())

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()


class Examiner:
    """Compares attempts with what the gateway says of them."""

    def __init__(self, gateway: Gateway, rate_per_second: float) -> None:
        self._gateway = gateway
        self._pace = Pace(rate_per_second)
        self._calls = asyncio.Semaphore(CALLS_AT_ONCE)

    async def examine(
        self, attempts: Sequence[tuple[Payment, int]], at: datetime
    ) -> tuple["Asked", ...]:
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._examine_one(payment, number, at))
                for payment, number in attempts
            ]
        return tuple(task.result() for task in tasks)

    async def _examine_one(self, payment: Payment, number: int, at: datetime) -> "Asked":
        """A gateway that does not answer never ends the run: the next one asks again."""
        try:
            answers = tuple(
                [await self._ask(each) for each in _questions(self._gateway, payment, number)]
            )
        except PaymentError:
            return Asked(
                Examined(payment=payment, number=number, report=None, was_answered=False), ()
            )
        examined = Examined(
            payment=payment,
            number=number,
            report=next((each.report for each in answers if each.report is not None), None),
            was_answered=True,
            found=_found(payment, number, answers, at),
        )
        return Asked(examined, answers)

    async def _ask(self, question: "_Question") -> "_Answered":
        return _Answered(question.transaction_id, await self._patiently(question))

    async def _patiently(self, question: "_Question") -> StatusReport | None:
        try:
            return await self._paced(question)
        except GatewayBusyError as error:
            if error.retry_after > PATIENCE_MAX:
                raise
            await asyncio.sleep(error.retry_after.total_seconds())
        return await self._paced(question)

    async def _paced(self, question: "_Question") -> StatusReport | None:
        async with self._calls:
            await self._pace.turn()
            return await question.ask()


@dataclass(frozen=True, slots=True)
class _Question:
    """`transaction_id` is None when it is about the attempt as a whole."""

    transaction_id: str | None
    ask: Callable[[], Awaitable[StatusReport | None]]


@dataclass(frozen=True, slots=True)
class _Answered:
    transaction_id: str | None
    report: StatusReport | None


@dataclass(frozen=True, slots=True)
class Asked:
    examined: Examined
    answers: tuple[_Answered, ...]

    def still(self, payment: Payment, at: datetime) -> "Asked":
        """Without what is no difference to the payment as it is now, read after the answers."""
        before = {each.key for each in self.examined.found}
        found = _found(payment, self.examined.number, self.answers, at)
        kept = tuple(each for each in found if each.key in before)
        return replace(self, examined=replace(self.examined, payment=payment, found=kept))

    def notices(self, batch: Batch, known: Collection[Key] = ()) -> list[Notice]:
        """One for each transaction with a difference that the order's run can repair.

        `known` are the differences that earlier runs have seen.
        """
        if CaseCode.MISMATCH in self.examined.payment.open_cases:
            # Asking again changes nothing before a human has decided.
            return []
        told = (each for each in self.examined.found if _is_told(each, batch.kind, known))
        notices = (self._notice(each, batch) for each in told)
        return list({each.transaction_id: each for each in notices}.values())

    def _notice(self, found: Discrepancy, batch: Batch) -> Notice:
        """What the gateway reports of it or, when that is nothing, what we hold."""
        transaction_id = found.transaction_id
        attempt = self.examined.payment.attempts[self.examined.number - 1]
        reports = (each.report for each in self.answers if each.report is not None)
        told = next((each for each in reports if transaction_id in {"", each.transaction_id}), None)
        held = attempt.transaction(transaction_id) or next(reversed(attempt.transactions), None)
        known = told or held
        return Notice(
            gateway=GATEWAY,
            gateway_order_id=gateway_order_id(self.examined.payment.order_id, attempt.number),
            transaction_id=known.transaction_id if known else transaction_id,
            status=(known or attempt).status,
            received_at=batch.at,
            # The same for every run, so that what stays is kept once.
            raw=json.dumps({"reconciliation": found.kind}),
        )


def _is_told(found: Discrepancy, kind: RunKind, known: Collection[Key]) -> bool:
    """Whether its order is told; of its time being over only at first, and then every day."""
    is_again = kind is RunKind.OPEN and found.key in known
    return found.kind in REPAIRABLE and not (found.kind is DiscrepancyKind.OVERDUE and is_again)


def _found(
    payment: Payment, number: int, answers: Sequence[_Answered], at: datetime
) -> tuple[Discrepancy, ...]:
    found = (
        difference
        for each in answers
        for difference in compared(payment, number, each.report, at, each.transaction_id)
    )
    return tuple({each.key: each for each in found}.values())


def _questions(gateway: Gateway, payment: Payment, number: int) -> Iterator[_Question]:
    """About each transaction that brought money; without any, about the attempt as a whole.

    Then a transaction that we do not know answers too: a Snap page may have made one.
    """
    attempt = payment.attempts[number - 1]
    newest = attempt.transactions[-1].transaction_id if attempt.transactions else None
    ref = AttemptRef(
        order_id=payment.order_id,
        number=number,
        integration=attempt.integration,
        transaction_id=newest,
    )
    by_itself = [each for each in attempt.transactions if each.status in _ASKED_BY_ITSELF]
    for each in by_itself:
        name = each.transaction_id
        yield _Question(name, partial(gateway.ask_about, ref, name))
    if not by_itself:
        yield _Question(None, partial(gateway.ask, ref))
