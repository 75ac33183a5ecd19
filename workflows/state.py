"""What a run knows: its order, and where the payment stands as the database last said."""

from dataclasses import dataclass, field

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from payments.progress import Progress, Windows
from payments.status import PaymentStatus


@dataclass(slots=True)
class State:
    order_id: str
    progress: Progress | None = None
    windows: Windows = field(default_factory=Windows)

    def stored(self) -> Progress:
        """The progress of a stored order; `order_unknown` when there is none."""
        if self.progress is None:
            raise ApplicationError("no such order", type="order_unknown", non_retryable=True)
        return self.progress

    @property
    def is_awaiting(self) -> bool:
        """Whether something may still come: money, another method, or a human's decision."""
        progress = self.progress
        if progress is None:
            return False
        if progress.open_attempt is not None or progress.attention is not None:
            return True
        return progress.retry_until is not None and workflow.now() < progress.retry_until

    @property
    def is_closing(self) -> bool:
        attempt = self.progress.open_attempt if self.progress else None
        return attempt is not None and attempt.closing is not None

    def has_status(self, status: PaymentStatus) -> bool:
        return self.progress is not None and self.progress.status is status
