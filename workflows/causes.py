"""What can make a payment move. Handlers and timers only add causes; the run acts on them."""

from dataclasses import dataclass, field

from temporalio.exceptions import ApplicationError

from payments.gateway import StatusReport
from payments.progress import Progress
from payments.refunds import RefundAnswer
from workflows.messages import (
    AwaitInstructions,
    Cancel,
    GatewayReport,
    Outcome,
    RequestRefund,
    ResolveCase,
    ResolveReview,
    TryAnotherMethod,
)

Message = (
    AwaitInstructions | TryAnotherMethod | Cancel | RequestRefund | ResolveReview | ResolveCase
)


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
class RefundDue:
    """The gateway takes this refund now."""

    refund_key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundAnswered:
    """The gateway took a refund, or refused it."""

    refund_key: str
    answer: RefundAnswer


@dataclass(frozen=True, slots=True)
class RefundOverdue:
    """Nobody has said for too long what became of a refund."""

    refund_key: str


@dataclass(frozen=True, slots=True)
class DetailsOutlived:
    """The bank details for a manual refund are to be deleted."""

    refund_key: str


AboutRefund = RefundDue | RefundAnswered | RefundOverdue | DetailsOutlived


@dataclass(frozen=True, slots=True)
class DocumentsSent:
    """Everything that was due as the payment stood then is done."""

    progress: Progress


@dataclass(frozen=True, slots=True)
class TimePassed:
    """A time has come that the run looks at by itself; this only wakes it."""

    is_another_day: bool = False


Cause = Wish | Reported | Answered | DeadlinePassed | AboutRefund | DocumentsSent | TimePassed
