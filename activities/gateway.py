"""Effects at the gateway: open a charge, ask how it stands, close it."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from temporalio import activity
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory

from activities.failures import failures_for_temporal
from payments.gateway import AttemptRef, Charge, ChargeOpened, StatusReport
from payments.status import OPEN, AttemptStatus

NOT_YET = "not_yet"

# How long to wait before asking again: soon at first, since most customers pay within minutes.
_PAUSES_SECONDS = (5, 10, 20, 30, 60, 120, 300)


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


class Charges(Protocol):
    async def charge(self, attempt: AttemptRef) -> Charge:
        """The gateway request of a stored attempt."""
        ...

    async def session_token(self, attempt: AttemptRef) -> str | None:
        """The token of the attempt's Snap session, if one was opened."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What to ask the gateway, and which answers would be no news.

    `is_closed`: the gateway holds the attempt closed, so only an answer that is final counts.
    """

    attempt: AttemptRef
    known: tuple[tuple[str, AttemptStatus], ...]
    is_closed: bool


class GatewayActivities:
    def __init__(self, gateway: Gateway, charges: Charges) -> None:
        self._gateway = gateway
        self._charges = charges

    @activity.defn
    async def open_charge(self, attempt: AttemptRef) -> ChargeOpened:
        """Open the attempt at the gateway; repeating it never charges twice."""
        with failures_for_temporal():
            return await self._gateway.open_charge(await self._charges.charge(attempt))

    @activity.defn
    async def ask_gateway(self, question: Question) -> StatusReport | None:
        """Ask until there is news; None when a closed attempt has no transaction.

        "Not yet" is a benign failure, so that however often it asks, the history stays short.
        """
        with failures_for_temporal():
            report = await self._gateway.ask(question.attempt)
        if not _is_news(question, report):
            raise _not_yet(_pause())
        return report

    @activity.defn
    async def close_attempt(self, attempt: AttemptRef) -> None:
        """Close the attempt at the gateway, however long it takes."""
        with failures_for_temporal():
            token = await self._charges.session_token(attempt)
            if not await self._gateway.close(attempt, token):
                raise _not_yet(_pause())


def _is_news(question: Question, report: StatusReport | None) -> bool:
    if question.is_closed:
        return report is None or report.status not in OPEN
    return report is not None and (report.transaction_id, report.status) not in question.known


def _pause() -> timedelta:
    tries = min(activity.info().attempt, len(_PAUSES_SECONDS))
    return timedelta(seconds=_PAUSES_SECONDS[tries - 1])


def _not_yet(pause: timedelta) -> ApplicationError:
    return ApplicationError(
        "the gateway has no news yet",
        type=NOT_YET,
        next_retry_delay=pause,
        category=ApplicationErrorCategory.BENIGN,
    )
