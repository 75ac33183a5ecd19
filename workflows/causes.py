"""What can make a payment move. Handlers and timers only add causes; the run acts on them."""

from dataclasses import dataclass, field

from temporalio.exceptions import ApplicationError

from payments.gateway import StatusReport
from payments.mails import Mail
from workflows.messages import (
    AwaitInstructions,
    Cancel,
    GatewayReport,
    Outcome,
    ResolveCase,
    ResolveReview,
    TryAnotherMethod,
)

Message = AwaitInstructions | TryAnotherMethod | Cancel | ResolveReview | ResolveCase


@dataclass(slots=True, eq=False)
class Wish:
    """An accepted update on its way: the run settles it, its handler answers with it."""

    message: Message
    outcome: Outcome | None = field(default=None, init=False)
    error: ApplicationError | None = field(default=None, init=False)

    @property
    def is_settled(self) -> bool:
        return self.outcome is not None or self.error is not None

    def answer(self) -> Outcome:
        if self.error is not None:
            raise self.error
        assert self.outcome is not None, "a wish is settled before it is answered"
        return self.outcome


@dataclass(frozen=True, slots=True)
class Reported:
    """A notification came; what it says is a hint to ask."""

    document: GatewayReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The gateway answered about an attempt, which it holds closed if `is_closed`."""

    number: int
    report: StatusReport | None
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class DeadlinePassed:
    number: int


@dataclass(frozen=True, slots=True)
class DocumentsSent:
    """Everything that was due is done; `mail` is what was sent, if any."""

    mail: Mail | None


@dataclass(frozen=True, slots=True)
class RetryWindowOver:
    pass


Cause = Wish | Reported | Answered | DeadlinePassed | DocumentsSent | RetryWindowOver
