"""What a reconciliation run needs, in memory: books, orders that repair, and a report's way."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Self

from payments.commands import AlertOrder
from payments.gateway import AttemptRef, GatewayTransaction, StatusReport
from payments.methods import Integration
from payments.notice import Notice
from payments.payment import Payment, PaymentAttempt
from payments.reconciliation import (
    Attempts,
    Batch,
    Examined,
    FinishedRun,
    RunReport,
    StartedRun,
    Tally,
)
from payments.reconciling import REPAIRABLE, Discrepancy
from payments.request import split_gateway_order_id
from payments.status import AttemptStatus, PaymentStatus
from tests.workflows.memory import MemoryGateway
from tests.workflows.paper import MemoryPaper
from tests.workflows.samples import request

Books = dict[str, Payment]


def awaiting(order_id: str) -> Payment:
    """An order whose customer still has time to pay."""
    now = datetime.now(UTC)
    wanted = request(order_id)
    transaction = GatewayTransaction(
        transaction_id=f"T-{order_id}~1",
        payment_type="bank_transfer",
        status=AttemptStatus.PENDING,
        method=wanted.method,
    )
    attempt = PaymentAttempt(
        number=1,
        method=wanted.method,
        integration=Integration.CORE,
        status=AttemptStatus.PENDING,
        nonce="nonce",
        idempotency_key="key",
        accepted_at=now,
        expires_at=now + timedelta(hours=1),
        transactions=(transaction,),
    )
    return Payment(
        request=wanted,
        status=PaymentStatus.AWAITING_PAYMENT,
        version=1,
        created_at=now,
        updated_at=now,
        attempts=(attempt,),
    )


def paid(payment: Payment) -> Payment:
    """The same order, once its run has heard of the money."""
    attempt = payment.attempts[0]
    transaction = replace(
        attempt.transactions[0], status=AttemptStatus.PAID, captured=payment.request.amount
    )
    changed = replace(attempt, status=AttemptStatus.PAID, transactions=(transaction,))
    return replace(payment, status=PaymentStatus.PAID, attempts=(changed,))


@dataclass(frozen=True)
class MemoryNumber:
    discrepancy_id: int


@dataclass
class MemoryRuns:
    """Implements Runs on one attempt per order; a difference is open until it is not found."""

    books: Books
    batches: list[Batch] = field(default_factory=list)
    recorded: list[Batch] = field(default_factory=list)
    begun: list[StartedRun] = field(default_factory=list)
    open: dict[tuple[str, str, str], Discrepancy] = field(default_factory=dict)
    reports: dict[str, RunReport] = field(default_factory=dict)
    pdfs: Counter[str] = field(default_factory=Counter)
    too_long: tuple["MemoryNumber", ...] = ()
    alerted: set[int] = field(default_factory=set)
    first_seen: dict[tuple[str, str, str], str] = field(default_factory=dict)

    async def begin(self, started: StartedRun) -> None:
        self.begun.append(started)

    async def attempts(self, batch: Batch) -> Attempts:
        self.batches.append(batch)
        return self._page(batch, set(self.books))

    async def payments_of(self, order_ids: Sequence[str]) -> Mapping[str, Payment]:
        return {each: self.books[each] for each in order_ids}

    async def seen_before(
        self, batch: Batch, gateway_order_ids: Collection[str]
    ) -> Collection[tuple[str, str, str]]:
        return {key for key, run_id in self.first_seen.items() if run_id != batch.run_id}

    async def to_recheck(self, batch: Batch) -> Attempts:
        kept = (each for each in self.open.values() if each.kind in REPAIRABLE)
        return self._page(batch, {each.order_id or "" for each in kept})

    async def record(
        self, batch: Batch, examined: Sequence[Examined], unreadable: Sequence[Discrepancy] = ()
    ) -> Tally:
        self.recorded.append(batch)
        answered = {each.payment.order_id for each in examined if each.was_answered}
        found = {each.key: each for one in examined for each in one.found}
        gone = [
            key for key, each in self.open.items() if each.order_id in answered and key not in found
        ]
        for key in gone:
            del self.open[key], self.first_seen[key]
        self.open |= found
        self.first_seen = dict.fromkeys(found, batch.run_id) | self.first_seen
        return Tally(
            checked=len(examined),
            unanswered=sum(not each.was_answered for each in examined),
            found=Counter(each.kind.value for each in found.values()),
            repaired=len(gone),
        )

    async def finish(self, finished: FinishedRun) -> RunReport:
        started = next(each for each in self.begun if each.run_id == finished.run_id)
        report = RunReport(
            run_id=finished.run_id,
            kind=started.kind,
            started_at=started.at,
            finished_at=finished.at,
            tally=finished.tally,
            currency="IDR",
            open_discrepancies=len(self.open),
            overdue_discrepancies=len(self.too_long),
        )
        return self.reports.setdefault(finished.run_id, report)

    async def overdue(self, since: datetime) -> Sequence["MemoryNumber"]:
        return [each for each in self.too_long if each.discrepancy_id not in self.alerted]

    async def mark_alerted(self, discrepancy_ids: Collection[int], at: datetime) -> None:
        self.alerted |= set(discrepancy_ids)

    async def store_pdf(self, run_id: str, pdf: bytes) -> None:
        self.pdfs[run_id] += 1

    async def differences_csv(self, run_id: str) -> bytes:
        return b"kind\n"

    def _page(self, batch: Batch, order_ids: set[str]) -> Attempts:
        left = sorted(each for each in order_ids if f"{each}~1" > batch.after)
        page = left[: batch.size]
        return Attempts(
            readable=tuple((self.books[each], 1) for each in page),
            last=f"{page[-1]}~1" if len(page) == batch.size else None,
        )


@dataclass
class MemoryOrders:
    """Implements Orders: what is told is repaired at once, unless nobody is at home."""

    books: Books
    told: list[Notice] = field(default_factory=list)
    failures_left: int = 0
    is_repairing: bool = True

    async def tell(self, notice: Notice) -> None:
        if self.failures_left > 0:
            self.failures_left -= 1
            raise ConnectionError("Temporal does not answer")
        self.told.append(notice)
        split = split_gateway_order_id(notice.gateway_order_id)
        assert split is not None
        if self.is_repairing:
            self.books[split[0]] = paid(self.books[split[0]])


@dataclass
class MemoryReports(MemoryPaper):
    """Implements ReportDrawer and ReportMailer, and what alerts need."""

    mailed: list[str] = field(default_factory=list)
    refuses_with: Exception | None = None

    async def draw_report(self, report: RunReport) -> bytes:
        return b"%PDF-"

    async def send_report(self, report: RunReport, pdf: bytes, differences: bytes) -> None:
        self._take()
        self.mailed.append(report.run_id)

    async def send_alert(self, alert: AlertOrder) -> None:
        self._take()
        await super().send_alert(alert)

    def _take(self) -> None:
        if self.refuses_with is not None:
            raise self.refuses_with

    @property
    def alerts(self) -> list[AlertOrder]:
        return self.records.alerts


@dataclass
class AskedGateway(MemoryGateway):
    """Notes when it was asked; waits at the attempts that a test holds back."""

    asked_at: list[float] = field(default_factory=list)
    held_back: dict[str, asyncio.Event] = field(default_factory=dict)
    answers_with: dict[str, list[Exception]] = field(default_factory=dict)

    @classmethod
    def of(cls, books: Books) -> Self:
        """It holds of each order what we hold."""
        gateway = cls()
        for payment in books.values():
            charge = payment.charge(1)
            gateway.charges[charge.gateway_order_id] = charge
            gateway.held[charge.gateway_order_id] = payment.attempts[0].status
        return gateway

    async def ask(self, attempt: AttemptRef) -> StatusReport | None:
        self.asked_at.append(asyncio.get_running_loop().time())
        name = attempt.gateway_order_id
        report = await super().ask(attempt)
        if name in self.held_back:
            await self.held_back[name].wait()
        if self.answers_with.get(name):
            raise self.answers_with[name].pop(0)
        return report
