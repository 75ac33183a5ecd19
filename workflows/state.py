"""What a run knows: its order, where the payment stands, and what the gateway said last."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from payments.progress import Progress, Windows
from payments.status import PaymentStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the gateway said of an attempt, and when the run heard of it."""

    number: int
    says: str
    at: datetime


class State:
    """`answer` and `notice` are the last ones of this run, since no one before it is kept here."""

    def __init__(self, order_id: str, changed: Callable[[], None]) -> None:
        self.order_id = order_id
        self.windows = Windows()
        self.is_read = False
        self.has_waited_long = False
        self.answer: Heard | None = None
        self.notice: Heard | None = None
        self._progress: Progress | None = None
        self._changed = changed

    @property
    def progress(self) -> Progress | None:
        """The payment as the database last said; None for an order that is not stored."""
        return self._progress

    @progress.setter
    def progress(self, progress: Progress | None) -> None:
        self._progress = progress
        self._changed()

    def read(self, progress: Progress | None, windows: Windows) -> None:
        """The order was looked up."""
        self.windows = windows
        self.is_read = True
        self.progress = progress

    def stored(self) -> Progress:
        """The progress of a stored order; `order_unknown` when there is none."""
        if self.progress is None:
            raise ApplicationError("no such order", type="order_unknown", non_retryable=True)
        return self.progress

    @property
    def is_awaiting(self) -> bool:
        """Whether something may still come: money, another method, a bank's or a human's word."""
        progress = self.progress
        if progress is None:
            return False
        if progress.open_attempt is not None or progress.open_cases or progress.refunds:
            return True
        return progress.retry_until is not None and workflow.now() < progress.retry_until

    @property
    def is_closing(self) -> bool:
        attempt = self.progress.open_attempt if self.progress else None
        return attempt is not None and attempt.closing is not None

    def has_status(self, status: PaymentStatus) -> bool:
        return self.progress is not None and self.progress.status is status

    def forget_what_was_due(self, done: Progress) -> bool:
        """These documents are sent; False when only the database knows what is due then.

        An invoice makes credit notes due, and those make mails due.
        """
        progress = self.stored()
        was_refunded = done.invoice_due and progress.status is not PaymentStatus.PAID
        if progress.refunds or done.credit_notes_due or was_refunded:
            return False
        # Meanwhile other documents may have become due.
        mails = tuple(mail for mail in progress.mails_due if mail not in done.mails_due)
        invoice_due = progress.invoice_due and not done.invoice_due
        self.progress = replace(progress, invoice_due=invoice_due, mails_due=mails)
        return True
