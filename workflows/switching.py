"""Another attempt of the same order: it waits until the last one is closed at the gateway."""

from collections import deque

from temporalio.exceptions import ActivityError, ApplicationError

from payments.gateway import ClosingCause
from payments.payment import ANOTHER_METHOD_MAY_BE_TRIED, MONEY_WAS_HERE
from payments.progress import Progress
from payments.status import AttemptStatus
from workflows.attempts import Attempts
from workflows.causes import Wish
from workflows.failures import invalid, permanent
from workflows.messages import Outcome, TryAnotherMethod
from workflows.state import State

SERVICE = "service"
# Nothing, or the same replacement, stored by a worker that died before it could say so.
_REPLACED = frozenset({None, ClosingCause.OTHER_METHOD})


class Switching:
    def __init__(self, state: State, attempts: Attempts) -> None:
        self._state = state
        self._attempts = attempts
        self._waiting: deque[tuple[TryAnotherMethod, Wish | None]] = deque()

    @property
    def is_under_way(self) -> bool:
        return bool(self._waiting)

    async def try_another(self, message: TryAnotherMethod, wish: Wish) -> Outcome | None:
        """Begin to close the last attempt; None until that is done and the next one is open."""
        progress = self._state.stored()
        if message.after_attempt != progress.latest_attempt.number:
            return await self._repeated(message)
        _require_that_it_may_be_tried(progress)
        if progress.open_attempt is not None and progress.open_attempt.closing is None:
            await self._attempts.close(
                message.after_attempt, ClosingCause.OTHER_METHOD, message.actor
            )
        self._waiting.append((message, wish))
        return None

    async def go_on(self) -> None:
        """Open what waits, once nothing is open any more."""
        await self._replace_what_cannot_be_paid()
        while self._waiting and self._is_due(self._waiting[0][0]):
            message, wish = self._waiting.popleft()
            try:
                outcome = await self._open(message)
            except ActivityError as failure:
                _settle(wish, permanent(failure))
            except ApplicationError as error:
                _settle(wish, error)
            else:
                _settle(wish, outcome)

    def _is_due(self, message: TryAnotherMethod) -> bool:
        """Its attempt is over, or somebody else's next one exists already."""
        progress = self._state.stored()
        is_repeated = message.after_attempt != progress.latest_attempt.number
        return is_repeated or progress.open_attempt is None

    async def _open(self, message: TryAnotherMethod) -> Outcome:
        progress = self._state.stored()
        if message.after_attempt != progress.latest_attempt.number:
            return await self._repeated(message)
        _require_that_it_may_be_tried(progress)
        await self._attempts.open_next(message)
        return Outcome(applied=True, by_this_call=True)

    async def _replace_what_cannot_be_paid(self) -> None:
        """An adopted attempt lacks what the customer needs to pay: the next one has it."""
        progress = self._state.progress
        attempt = progress.open_attempt if progress else None
        if self._waiting or attempt is None or attempt.has_instructions:
            return
        # A run that only heard of it must not open anything (DESIGN §3).
        if attempt.number not in self._attempts.opened_here:
            return
        if attempt.status is not AttemptStatus.PENDING or attempt.closing not in _REPLACED:
            return
        again = TryAnotherMethod(
            after_attempt=attempt.number,
            method=attempt.method,
            integration=attempt.integration,
            actor=SERVICE,
        )
        if attempt.closing is None:
            await self._attempts.close(attempt.number, ClosingCause.OTHER_METHOD, SERVICE)
        self._waiting.append((again, None))

    async def _repeated(self, message: TryAnotherMethod) -> Outcome:
        """The attempt exists already: the same wish again, or another one that came too late."""
        attempt = self._state.stored().attempt(message.after_attempt + 1)
        if attempt is None:
            raise invalid("after_attempt: is not an attempt of this order")
        if (attempt.method, attempt.integration) != (message.method, message.integration):
            raise ApplicationError(
                f"after attempt {message.after_attempt} another method was tried already",
                type="attempt_conflict",
                non_retryable=True,
            )
        await self._attempts.open_what_is_stored()
        return Outcome(applied=True, by_this_call=False)


def _require_that_it_may_be_tried(progress: Progress) -> None:
    if progress.status in MONEY_WAS_HERE:
        raise ApplicationError("the order is paid", type="already_paid", non_retryable=True)
    attempt = progress.open_attempt
    is_being_switched = attempt is not None and attempt.closing is ClosingCause.OTHER_METHOD
    if progress.status not in ANOTHER_METHOD_MAY_BE_TRIED and not is_being_switched:
        raise ApplicationError(
            f"another method cannot be tried while the payment is {progress.status}",
            type="not_retryable",
            non_retryable=True,
        )


def _settle(wish: Wish | None, end: Outcome | ApplicationError) -> None:
    if wish is None:
        return
    if isinstance(end, Outcome):
        wish.outcome = end
    else:
        wish.error = end
