"""Effects at the gateway: open a charge, ask how it stands, close it, give money back."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any, Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.failures import failures_for_temporal
from payments.errors import GatewayBusyError, GatewayUnknownError, GatewayUnreachableError
from payments.gateway import AttemptRef, Charge, ChargeOpened, ReviewDecision, StatusReport
from payments.invoice import WIB
from payments.refunds import (
    RefundAnswer,
    RefundOrder,
    RefundOutcome,
    RefundRef,
    refunds_open_at,
)
from payments.status import OPEN, AttemptStatus

NOT_YET = "not_yet"
MAY_HAVE_ARRIVED = "may_have_arrived"

# How long to wait before asking again: soon at first, since most customers pay within minutes.
_PAUSES_SECONDS = (5, 10, 20, 30, 60, 120, 300)
# Banks confirm refunds within minutes, or days.
_BANK_PAUSES_SECONDS = (30, 60, 300, 900, 3600)


class Gateway(Protocol):
    async def open_charge(self, charge: Charge) -> ChargeOpened:
        """Open an attempt, or adopt it when the gateway has it already."""
        ...

    async def ask(self, attempt: AttemptRef) -> StatusReport | None:
        """The attempt's latest transaction; None when the gateway holds none."""
        ...

    async def close(self, attempt: AttemptRef, token: str | None) -> bool:
        """Make it impossible to pay the attempt; False while the gateway refuses to close it.

        `token` is that of its Snap session, if it has one. Closing twice is harmless.
        """
        ...

    async def ask_about(self, attempt: AttemptRef, transaction_id: str) -> StatusReport | None:
        """One transaction of the attempt, whatever became of others; None when there is none."""
        ...

    async def decide_review(self, attempt: AttemptRef, decision: ReviewDecision) -> None:
        """Approve or deny a payment in review; deciding one that is over changes nothing."""
        ...

    async def give_back(self, refund: RefundOrder) -> RefundAnswer:
        """Refund, or void what is still in capture; repeating it never gives back twice."""
        ...

    async def find_refund(self, refund: RefundOrder) -> RefundAnswer:
        """Look for a refund that must not be sent again: accepted, voided or absent."""
        ...


class Charges(Protocol):
    async def charge(self, attempt: AttemptRef) -> Charge:
        """The gateway request of a stored attempt."""
        ...

    async def session_token(self, attempt: AttemptRef) -> str | None:
        """The token of the attempt's Snap session, if one was opened."""
        ...


class Refunds(Protocol):
    async def refund_order(self, refund: RefundRef) -> RefundOrder:
        """The gateway request of a stored refund."""
        ...


class Wanted(StrEnum):
    """Which answer ends the asking."""

    NEWS = "news"  # anything not known yet
    FINAL = "final"  # of a closed attempt: a final state, or that there is no transaction
    ANYTHING = "anything"
    CONFIRMED = "confirmed"  # that the bank has confirmed a refund


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to ask the gateway; `known` are the transactions' states that would be no news.

    `refund` is the gateway's key of the refund that is to be confirmed. `transaction_id`: that
    transaction, and no other of the attempt.
    """

    attempt: AttemptRef
    wanted: Wanted
    known: tuple[tuple[str, AttemptStatus], ...] = ()
    transaction_id: str | None = None
    refund: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    attempt: AttemptRef
    decision: ReviewDecision


class GatewayActivities:
    def __init__(self, gateway: Gateway, charges: Charges, refunds: Refunds) -> None:
        self._gateway = gateway
        self._charges = charges
        self._refunds = refunds

    def all(self) -> list[Callable[..., Any]]:
        """Every activity, for the worker."""
        return [
            self.open_charge,
            self.ask_gateway,
            self.decide_review,
            self.close_attempt,
            self.send_refund,
        ]

    @activity.defn
    async def open_charge(self, attempt: AttemptRef) -> ChargeOpened:
        """Open the attempt at the gateway; repeating it never charges twice.

        A try that may have arrived is remembered, so that a later one that could not be sent does
        not make the outcome look known.
        """
        with failures_for_temporal():
            charge = await self._charges.charge(attempt)
            try:
                return await self._gateway.open_charge(charge)
            except GatewayUnknownError:
                activity.heartbeat(MAY_HAVE_ARRIVED)
                raise
            except (GatewayUnreachableError, GatewayBusyError) as error:
                if MAY_HAVE_ARRIVED in activity.info().heartbeat_details:
                    raise GatewayUnknownError(str(error)) from error
                raise

    @activity.defn
    async def ask_gateway(self, question: Question) -> StatusReport | None:
        """Ask until the gateway answers what is wanted; None when it holds no transaction.

        "Not yet" is a benign failure, so that however often it asks, the history stays short.
        """
        with failures_for_temporal():
            report = await self._asked(question)
        if not _is_wanted(question, report):
            by_the_bank = question.wanted is Wanted.CONFIRMED
            says = report.status if report else "no transaction"
            raise _not_yet(says, _BANK_PAUSES_SECONDS if by_the_bank else _PAUSES_SECONDS)
        return report

    @activity.defn
    async def decide_review(self, review: Review) -> None:
        """Tell the gateway what an operator decided about a payment in review."""
        with failures_for_temporal():
            await self._gateway.decide_review(review.attempt, review.decision)

    @activity.defn
    async def close_attempt(self, attempt: AttemptRef) -> None:
        """Close the attempt at the gateway, however long it takes."""
        with failures_for_temporal():
            token = await self._charges.session_token(attempt)
            if not await self._gateway.close(attempt, token):
                raise _not_yet("it cannot be closed yet", _PAUSES_SECONDS)

    @activity.defn
    async def send_refund(self, refund: RefundRef) -> RefundAnswer:
        """Give money back; once its key is too old to be repeated, only look for it.

        At night, some methods' refunds are not even tried: they would be refused.
        """
        now = activity.info().started_time
        with failures_for_temporal():
            order = await self._refunds.refund_order(refund)
            if not order.may_be_repeated(now):
                return await self._gateway.find_refund(order)
            if refunds_open_at(order.method, now) > now:
                return RefundAnswer(outcome=RefundOutcome.NOT_YET)
            return await self._gateway.give_back(order)

    async def _asked(self, question: Question) -> StatusReport | None:
        if question.transaction_id is None:
            return await self._gateway.ask(question.attempt)
        return await self._gateway.ask_about(question.attempt, question.transaction_id)


def _is_wanted(question: Question, report: StatusReport | None) -> bool:
    match question.wanted:
        case Wanted.ANYTHING:
            return True
        case Wanted.FINAL:
            return report is None or report.status not in OPEN
        case Wanted.NEWS:
            known = question.known
            return report is not None and (report.transaction_id, report.status) not in known
        case Wanted.CONFIRMED:
            return report is not None and _is_confirmed(report, question.refund)


def _is_confirmed(report: StatusReport, refund: str | None) -> bool:
    return any(each.key == refund and each.confirmed_at is not None for each in report.refunds)


def _not_yet(says: str, pauses_seconds: Sequence[int]) -> ApplicationError:
    """Asked again after a pause; operators see the text beside the activity that waits."""
    info = activity.info()
    tries = min(info.attempt, len(pauses_seconds))
    asked_at = info.started_time.astimezone(WIB)
    return ApplicationError(
        f"Midtrans, asked at {asked_at:%H:%M:%S} WIB: {says}; no news yet",
        type=NOT_YET,
        next_retry_delay=timedelta(seconds=pauses_seconds[tries - 1]),
        category=ApplicationErrorCategory.BENIGN,
    )
