"""Comparing a settlement file with what we hold, whatever its length."""

import secrets
from collections import Counter
from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from json import dumps
from typing import Protocol

from activities.reconciliation import Orders
from adapters.midtrans.settlement_cells import Unread
from payments.gateway import GATEWAY, GatewayTransaction
from payments.methods import PaymentMethod
from payments.money import Money
from payments.notice import Notice
from payments.payment import Payment
from payments.reconciliation import FinishedRun, RunReport, StartedRun, Tally
from payments.reconciling import REPAIRABLE, Discrepancy, RunKind, card_settles_by
from payments.request import gateway_order_id, split_gateway_order_id
from payments.settlements import (
    FeeTable,
    SettlementRow,
    duplicate,
    held_of,
    missing_row,
    row_differences,
    unreadable_row,
)
from payments.status import MONEY_CAME, AttemptStatus

_BATCH = 200
_SHOWN = 100  # so much is kept of what could not be read
# How long a row's time lasts: up to a second, or a day where the file names no more.
_SECOND, _DAY = timedelta(seconds=1), timedelta(days=1)


class FileRuns(Protocol):
    """What a file's reconciliation needs of the database."""

    async def begin(self, started: StartedRun) -> None: ...

    async def record_file(
        self, run_id: str, discrepancies: Sequence[Discrepancy], at: datetime
    ) -> object:
        """Keep each difference once."""
        ...

    async def record_fees(self, run_id: str, fees: Mapping[tuple[str, str], Money]) -> None:
        """What the gateway took, by gateway order id and transaction id."""
        ...

    async def payments_of(self, order_ids: Sequence[str]) -> Mapping[str, Payment]: ...

    async def unreadable_of(self, order_ids: Sequence[str]) -> Collection[str]: ...

    def paid_between(
        self, start: datetime, end: datetime
    ) -> AsyncIterator[tuple[Payment, int, GatewayTransaction]]:
        """What came in [start, end), page by page."""
        ...

    async def finish(self, finished: FinishedRun) -> RunReport: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSummary:
    """`unread` is how many cells or lines could not be read.

    `shown` has the first of them and of harmless ones, `hidden` is how many it leaves out.
    """

    report: RunReport
    unread: int = 0
    shown: tuple[Unread, ...] = ()
    hidden: int = 0


@dataclass
class _Counted:
    """What was counted so far, and which transactions the file has."""

    rows: int = 0
    unread: int = 0
    hidden: int = 0
    shown: list[Unread] = field(default_factory=list)
    found: Counter[str] = field(default_factory=Counter)
    captured: Counter[str] = field(default_factory=Counter)
    refunded: Counter[str] = field(default_factory=Counter)
    fees: Counter[str] = field(default_factory=Counter)
    lines: dict[tuple[str, str], int] = field(default_factory=dict)
    window: tuple[datetime, datetime] | None = None

    def tally(self) -> Tally:
        return Tally(
            checked=self.rows,
            unanswered=self.unread,
            found=dict(self.found),
            captured=dict(self.captured),
            refunded=dict(self.refunded),
            fees=dict(self.fees),
        )

    def note_unread(self, unread: Unread) -> None:
        self.unread += not unread.is_harmless
        if len(self.shown) < _SHOWN:
            self.shown.append(unread)
        else:
            self.hidden += 1
        if unread.gateway_order_id is not None:
            # It is in the file, so it is not missing there.
            self.lines.setdefault((unread.gateway_order_id, ""), unread.line)

    def first_line(self, row: SettlementRow) -> int:
        """Where the file has the row's transaction first: here, unless it is there twice."""
        key = (row.gateway_order_id, row.transaction_id or "")
        return self.lines.setdefault(key, row.line)

    def add(self, row: SettlementRow, method: PaymentMethod | None) -> None:
        self._reach(row, method)
        if row.status not in {None, *MONEY_CAME}:
            return
        name = method or "unknown"
        for sums, amount in (
            (self.captured, row.amount),
            (self.refunded, row.refunded),
            (self.fees, row.fee),
        ):
            if amount is not None:
                sums[name] += amount.value

    def _reach(self, row: SettlementRow, method: PaymentMethod | None) -> None:
        """Widen the time that the file covers: cards settle later than they pay."""
        if row.settled_at is None or method in {None, PaymentMethod.CREDIT_CARD}:
            return
        end = row.settled_at + (_SECOND if row.has_time else _DAY)
        known = self.window or (row.settled_at, end)
        self.window = min(known[0], row.settled_at), max(known[1], end)

    def has(self, transaction_of: str, transaction_id: str) -> bool:
        return not self.lines.keys().isdisjoint(
            {(transaction_of, transaction_id), (transaction_of, "")}
        )


class FileReconciliation:
    """One run over one file. Running again finds the same differences, and keeps each once."""

    def __init__(
        self, runs: FileRuns, orders: Orders, fees: FeeTable, now: Callable[[], datetime]
    ) -> None:
        self._runs = runs
        self._orders = orders
        self._fees = fees
        self._now = now

    async def run(
        self,
        run_id: str,
        lines: Iterable[SettlementRow | Unread],
        advanced: Callable[[int], None] = lambda _: None,
    ) -> FileSummary:
        """Compare every row, then what we hold of that time; `advanced` hears each batch's line."""
        at = self._now()
        await self._runs.begin(StartedRun(run_id=run_id, kind=RunKind.FILE, at=at))
        counted = _Counted()
        for batch in _batches(lines):
            await self._compare(run_id, batch, counted)
            advanced(batch[-1].line)
        await self._look_for_missing(run_id, counted)
        finished = FinishedRun(run_id=run_id, tally=counted.tally(), at=self._now())
        report = await self._runs.finish(finished)
        return FileSummary(
            report=report,
            unread=counted.unread,
            shown=tuple(counted.shown),
            hidden=counted.hidden,
        )

    async def _compare(
        self, run_id: str, batch: Sequence[SettlementRow | Unread], counted: _Counted
    ) -> None:
        rows = [each for each in batch if isinstance(each, SettlementRow)]
        for each in batch:
            if isinstance(each, Unread):
                counted.note_unread(each)
        payments = await self._runs.payments_of(_order_ids(rows))
        lost = await self._runs.unreadable_of([*{*_order_ids(rows)} - payments.keys()])
        found = [(row, self._row(row, _payment_of(row, payments), lost, counted)) for row in rows]
        kept = [each for _, differences in found for each in differences]
        await self._keep(run_id, kept, counted)
        await self._runs.record_fees(run_id, _fees(rows, payments))
        for row, differences in found:
            if any(each.kind in REPAIRABLE for each in differences):
                await self._tell(row, _payment_of(row, payments))

    def _row(
        self, row: SettlementRow, payment: Payment | None, lost: Collection[str], counted: _Counted
    ) -> tuple[Discrepancy, ...]:
        counted.rows += 1
        first = counted.first_line(row)
        if first != row.line:
            return (duplicate(row, first),)
        counted.add(row, row.method or _method_held(payment, row))
        return unreadable_row(row, lost) or row_differences(payment, row, self._fees)

    async def _look_for_missing(self, run_id: str, counted: _Counted) -> None:
        """What came in the file's time and is not in it; a file without times tells nothing."""
        if counted.window is None:
            return
        start, end = counted.window
        found: list[Discrepancy] = []
        async for payment, number, held in self._runs.paid_between(start, end):
            name = gateway_order_id(payment.order_id, number)
            if must_have_settled(held, end) and not counted.has(name, held.transaction_id):
                found.append(missing_row(payment, number, held))
            if len(found) >= _BATCH:
                await self._keep(run_id, found, counted)
                found = []
        await self._keep(run_id, found, counted)

    async def _keep(self, run_id: str, found: Sequence[Discrepancy], counted: _Counted) -> None:
        counted.found.update(each.kind.value for each in found)
        if found:
            await self._runs.record_file(run_id, found, self._now())

    async def _tell(self, row: SettlementRow, payment: Payment | None) -> None:
        """The order's run asks the gateway itself, and repairs what differs."""
        split = split_gateway_order_id(row.gateway_order_id)
        if split is None:
            return
        held = held_of(payment, row)
        notice = Notice(
            gateway=GATEWAY,
            gateway_order_id=row.gateway_order_id,
            transaction_id=row.transaction_id or (held.transaction_id if held else ""),
            status=row.status or (held.status if held else AttemptStatus.PENDING),
            received_at=self._now(),
            raw=dumps({"reconciliation": RunKind.FILE}),
        )
        await self._orders.tell(notice)


def must_have_settled(held: GatewayTransaction, end: datetime) -> bool:
    """Whether a file that reaches to `end` and begins before the money came must have it."""
    if held.status not in MONEY_CAME - {AttemptStatus.REVERSED} or held.paid_at is None:
        return False
    if held.method is not PaymentMethod.CREDIT_CARD:
        return True
    # A card settles later than it pays, and never when it was given back before.
    return held.status is not AttemptStatus.REFUNDED and card_settles_by(held.paid_at) <= end


def _batches(
    lines: Iterable[SettlementRow | Unread],
) -> Iterator[tuple[SettlementRow | Unread, ...]]:
    remaining = iter(lines)
    while batch := tuple(islice(remaining, _BATCH)):
        yield batch


def _order_ids(rows: Iterable[SettlementRow]) -> list[str]:
    splits = (split_gateway_order_id(row.gateway_order_id) for row in rows)
    return sorted({split[0] for split in splits if split is not None})


def _payment_of(row: SettlementRow, payments: Mapping[str, Payment]) -> Payment | None:
    split = split_gateway_order_id(row.gateway_order_id)
    return None if split is None else payments.get(split[0])


def _fees(
    rows: Iterable[SettlementRow], payments: Mapping[str, Payment]
) -> dict[tuple[str, str], Money]:
    """Of the transactions that we hold; of one that is there twice the last."""
    fees = {}
    for row in rows:
        held = held_of(_payment_of(row, payments), row)
        if held is not None and row.fee is not None:
            fees[row.gateway_order_id, held.transaction_id] = row.fee
    return fees


def _method_held(payment: Payment | None, row: SettlementRow) -> PaymentMethod | None:
    held = held_of(payment, row)
    return held.method if held else None


def file_run_id(at: datetime) -> str:
    """Its own, though two files be read in the same second."""
    return f"reconciliation/file-{at:%Y-%m-%dT%H:%M:%SZ}-{secrets.token_hex(3)}"
