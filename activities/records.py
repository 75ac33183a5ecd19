"""Effects on our own database: each one transaction, each harmless to repeat."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from temporalio import activity

from activities.failures import failures_for_temporal
from payments.commands import (
    AnotherAttempt,
    Answer,
    AnsweredRefund,
    CaseDecision,
    Closing,
    ForgottenDetails,
    OpenedCharge,
    Placement,
    ReceivedNotice,
    RefusedCharge,
    ReviewDecided,
    SentRefund,
    StuckRefund,
    UnmatchedAnswer,
    WantedRefund,
)
from payments.notice import Notice
from payments.progress import Progress, Windows


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Where a run starts: the order's rows (None: unknown order) and the windows in force."""

    progress: Progress | None
    windows: Windows


class PaymentRecords(Protocol):
    """What the workflow needs of the database; every method is one transaction."""

    async def progress(self, order_id: str) -> Progress | None: ...

    async def place(self, placement: Placement) -> Progress: ...

    async def add_attempt(self, another: AnotherAttempt) -> Progress: ...

    async def record_opened(self, opened: OpenedCharge) -> Progress: ...

    async def record_refused(self, refused: RefusedCharge) -> Progress: ...

    async def record_answer(self, answer: Answer) -> Progress: ...

    async def record_notice(self, order_id: str, notice: Notice) -> None: ...

    async def record_unmatched(self, unmatched: UnmatchedAnswer) -> bool:
        """Keep what the gateway holds for an unknown order; True when that is money."""
        ...

    async def begin_closing(self, closing: Closing) -> Progress: ...

    async def record_review(self, decided: ReviewDecided) -> None: ...

    async def resolve_case(self, decision: CaseDecision) -> Progress | None:
        """Close a case as a human decided; None when its order is not stored here."""
        ...

    async def request_refund(self, wanted: WantedRefund) -> Progress: ...

    async def record_refund_sent(self, sent: SentRefund) -> Progress: ...

    async def record_refund(self, answered: AnsweredRefund) -> Progress: ...

    async def record_refund_stuck(self, stuck: StuckRefund) -> Progress: ...

    async def forget_bank_details(self, forgotten: ForgottenDetails) -> Progress: ...


class RecordActivities:
    def __init__(self, records: PaymentRecords, windows: Windows) -> None:
        self._records = records
        self._windows = windows

    def all(self) -> list[Callable[..., Any]]:
        """Every activity, for the worker."""
        return [
            self.load_payment,
            self.place_order,
            self.add_attempt,
            self.record_opened,
            self.record_refused,
            self.record_answer,
            self.record_notice,
            self.record_unmatched,
            self.begin_closing,
            self.record_review,
            self.resolve_case,
            self.request_refund,
            self.record_refund_sent,
            self.record_refund,
            self.record_refund_stuck,
            self.forget_bank_details,
        ]

    @activity.defn
    async def load_payment(self, order_id: str) -> Loaded:
        """Read where the order stands; a run never starts from anything else."""
        with failures_for_temporal():
            return Loaded(progress=await self._records.progress(order_id), windows=self._windows)

    @activity.defn
    async def place_order(self, placement: Placement) -> Progress:
        """Store the order and its first attempt; `order_conflict` when it is stored otherwise."""
        with failures_for_temporal():
            return await self._records.place(placement)

    @activity.defn
    async def add_attempt(self, another: AnotherAttempt) -> Progress:
        """Store the next attempt, before the gateway hears of it."""
        with failures_for_temporal():
            return await self._records.add_attempt(another)

    @activity.defn
    async def record_opened(self, opened: OpenedCharge) -> Progress:
        """Store what the customer needs to pay."""
        with failures_for_temporal():
            return await self._records.record_opened(opened)

    @activity.defn
    async def record_refused(self, refused: RefusedCharge) -> Progress:
        """Store that the gateway refused the charge."""
        with failures_for_temporal():
            return await self._records.record_refused(refused)

    @activity.defn
    async def record_answer(self, answer: Answer) -> Progress:
        """Judge the gateway's answer and store what follows; a paid order becomes paid here."""
        with failures_for_temporal():
            return await self._records.record_answer(answer)

    @activity.defn
    async def record_notice(self, received: ReceivedNotice) -> None:
        """Keep a notification as it came, once, whether or not its order is known."""
        with failures_for_temporal():
            await self._records.record_notice(received.order_id, received.notice)

    @activity.defn
    async def record_unmatched(self, unmatched: UnmatchedAnswer) -> bool:
        """Keep what the gateway holds for an unknown order; True when that is money."""
        with failures_for_temporal():
            return await self._records.record_unmatched(unmatched)

    @activity.defn
    async def begin_closing(self, closing: Closing) -> Progress:
        """Store that the attempt is being closed, before the gateway hears of it."""
        with failures_for_temporal():
            return await self._records.begin_closing(closing)

    @activity.defn
    async def record_review(self, decided: ReviewDecided) -> None:
        """Store what an operator decided, before the gateway hears of it."""
        with failures_for_temporal():
            await self._records.record_review(decided)

    @activity.defn
    async def resolve_case(self, decision: CaseDecision) -> Progress | None:
        """Close a case as a human decided."""
        with failures_for_temporal():
            return await self._records.resolve_case(decision)

    @activity.defn
    async def request_refund(self, wanted: WantedRefund) -> Progress:
        """Store the wish for a refund, judged under the order's lock."""
        with failures_for_temporal():
            return await self._records.request_refund(wanted)

    @activity.defn
    async def record_refund_sent(self, sent: SentRefund) -> Progress:
        """Store that the gateway may know the refund, before it hears of it."""
        with failures_for_temporal():
            return await self._records.record_refund_sent(sent)

    @activity.defn
    async def record_refund(self, answered: AnsweredRefund) -> Progress:
        """Store what the gateway made of a refund."""
        with failures_for_temporal():
            return await self._records.record_refund(answered)

    @activity.defn
    async def record_refund_stuck(self, stuck: StuckRefund) -> Progress:
        """Open a case: nobody has said for too long what became of the refund."""
        with failures_for_temporal():
            return await self._records.record_refund_stuck(stuck)

    @activity.defn
    async def forget_bank_details(self, forgotten: ForgottenDetails) -> Progress:
        """Delete where the customer wanted a manual refund to go."""
        with failures_for_temporal():
            return await self._records.forget_bank_details(forgotten)
