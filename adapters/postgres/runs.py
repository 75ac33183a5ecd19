"""Runs of reconciliation: what each came to, and what finance reads of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.discrepancy_rows import StoredDiscrepancy
from adapters.postgres.reconciliation_tables import (
    gateway_fees,
    reconciliation_rows,
    reconciliation_runs,
)
from adapters.postgres.run_rows import Heard, differences_csv, rows_of
from adapters.postgres.sealing import Cell, SealedColumn, Sealer
from payments.money import Currency, Money
from payments.reconciliation import Batch, Examined, FinishedRun, RunReport, StartedRun
from payments.reconciling import RunKind

_REPORT = SealedColumn(reconciliation_runs.c.sealed_report, RunReport)
_FEE = SealedColumn(gateway_fees.c.sealed_fee, Money)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRun:
    """Counts and report are None while the run goes on."""

    run_id: str
    kind: RunKind
    started_at: datetime
    finished_at: datetime | None
    checked: int | None
    found: int | None
    repaired: int | None
    report: RunReport | None


class Runs:
    """Reads and writes in the caller's transaction."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def begin(self, connection: AsyncConnection, started: StartedRun) -> None:
        values = {"run_id": started.run_id, "kind": started.kind, "started_at": started.at}
        once = insert(reconciliation_runs).values(values).on_conflict_do_nothing()
        await connection.execute(once)

    async def finish(
        self,
        connection: AsyncConnection,
        finished: FinishedRun,
        still_open: tuple[int, int],
        found: Iterable[StoredDiscrepancy],
    ) -> RunReport:
        """Keep the report, and what the run found as it is now; `still_open`: all, and overdue."""
        query = _RUN.where(reconciliation_runs.c.run_id == finished.run_id).with_for_update()
        row = (await connection.execute(query)).one()
        if row.sealed_report is not None:
            return _REPORT.open(self._sealer, row.sealed_report, row.run_id)
        report, tally = _report(row, finished, still_open), finished.tally
        values = {
            "finished_at": finished.at,
            "checked": tally.checked,
            "found": sum(tally.found.values()),
            "repaired": tally.repaired,
            "sealed_report": _REPORT.seal(self._sealer, report, row.run_id),
            "sealed_differences": self._sealer.seal(
                _differences_cell(row.run_id), differences_csv(found)
            ),
        }
        await connection.execute(_of(finished.run_id).values(values))
        return report

    async def store_pdf(self, connection: AsyncConnection, run_id: str, pdf: bytes) -> None:
        once = _of(run_id).where(reconciliation_runs.c.sealed_pdf.is_(None))
        sealed = self._sealer.seal(_pdf_cell(run_id), pdf)
        await connection.execute(once.values(sealed_pdf=sealed))

    async def differences(self, connection: AsyncConnection, run_id: str) -> bytes | None:
        """What the run had found when it ended."""
        query = select(reconciliation_runs.c.sealed_differences)
        own = query.where(reconciliation_runs.c.run_id == run_id)
        sealed = (await connection.execute(own)).scalar()
        return None if sealed is None else self._sealer.open(_differences_cell(run_id), sealed)

    async def pdf(self, connection: AsyncConnection, run_id: str) -> bytes | None:
        query = select(reconciliation_runs.c.sealed_pdf)
        own = query.where(reconciliation_runs.c.run_id == run_id)
        sealed = (await connection.execute(own)).scalar()
        return None if sealed is None else self._sealer.open(_pdf_cell(run_id), sealed)

    async def newest(self, connection: AsyncConnection, limit: int) -> tuple[StoredRun, ...]:
        own = reconciliation_runs.c
        query = _RUN.order_by(own.started_at.desc(), own.run_id.desc()).limit(limit)
        return tuple(self._stored(row) for row in await connection.execute(query))

    async def find(self, connection: AsyncConnection, run_id: str) -> StoredRun | None:
        query = _RUN.where(reconciliation_runs.c.run_id == run_id)
        row = (await connection.execute(query)).first()
        return None if row is None else self._stored(row)

    async def keep_rows(
        self,
        connection: AsyncConnection,
        batch: Batch,
        examined: Sequence[Examined],
        heard: Heard,
    ) -> None:
        """Keep what finance reads of the batch, instead of what it read when it was tried before."""
        sealed = self._sealer.seal(_rows_cell(batch.run_id, batch.after), rows_of(examined, heard))
        values = {"run_id": batch.run_id, "after": batch.after, "sealed_rows": sealed}
        await connection.execute(_UPSERT_ROWS, values)

    async def next_rows(
        self, connection: AsyncConnection, run_id: str, after: str | None
    ) -> tuple[str, bytes] | None:
        """The rows of the next batch, and where that began."""
        own = reconciliation_rows.c
        query = select(own.after, own.sealed_rows).where(own.run_id == run_id)
        if after is not None:
            query = query.where(own.after > after)
        row = (await connection.execute(query.order_by(own.after).limit(1))).first()
        if row is None:
            return None
        return row.after, self._sealer.open(_rows_cell(run_id, row.after), row.sealed_rows)

    async def keep_fees(
        self, connection: AsyncConnection, run_id: str, fees: Mapping[tuple[str, str], Money]
    ) -> None:
        values = [
            {
                "gateway_order_id": place[0],
                "transaction_id": place[1],
                "run_id": run_id,
                "sealed_fee": _FEE.seal(self._sealer, fees[place], *place),
            }
            for place in sorted(fees)
        ]
        if values:
            await connection.execute(_UPSERT_FEE, values)

    async def fees(
        self, connection: AsyncConnection, gateway_order_ids: Iterable[str]
    ) -> dict[tuple[str, str], Money]:
        """What the gateway took, as far as a settlement file has told."""
        own = gateway_fees.c.gateway_order_id
        query = select(gateway_fees).where(own.in_(sorted(gateway_order_ids)))
        places = {
            (row.gateway_order_id, row.transaction_id): row.sealed_fee
            for row in await connection.execute(query)
        }
        return {place: _FEE.open(self._sealer, fee, *place) for place, fee in places.items()}

    def _stored(self, row: Row[Any]) -> StoredRun:
        sealed = row.sealed_report
        return StoredRun(
            run_id=row.run_id,
            kind=RunKind(row.kind),
            started_at=row.started_at,
            finished_at=row.finished_at,
            checked=row.checked,
            found=row.found,
            repaired=row.repaired,
            report=None if sealed is None else _REPORT.open(self._sealer, sealed, row.run_id),
        )


def _report(row: Row[Any], finished: FinishedRun, still_open: tuple[int, int]) -> RunReport:
    return RunReport(
        run_id=row.run_id,
        kind=RunKind(row.kind),
        started_at=row.started_at,
        finished_at=finished.at,
        tally=finished.tally,
        currency=Currency.IDR,
        open_discrepancies=still_open[0],
        overdue_discrepancies=still_open[1],
    )


def _of(run_id: str) -> Any:
    return update(reconciliation_runs).where(reconciliation_runs.c.run_id == run_id)


def _differences_cell(run_id: str) -> Cell:
    return Cell.of(reconciliation_runs.c.sealed_differences, run_id)


def _pdf_cell(run_id: str) -> Cell:
    return Cell.of(reconciliation_runs.c.sealed_pdf, run_id)


def _rows_cell(run_id: str, after: str) -> Cell:
    return Cell.of(reconciliation_rows.c.sealed_rows, run_id, after)


_RUN = select(
    *(
        column
        for column in reconciliation_runs.c
        if column.name not in {"sealed_pdf", "sealed_differences"}
    )
)
_NEW_ROWS = insert(reconciliation_rows)
_UPSERT_ROWS = _NEW_ROWS.on_conflict_do_update(
    constraint=reconciliation_rows.primary_key,
    set_={"sealed_rows": _NEW_ROWS.excluded.sealed_rows},
)
_NEW_FEE = insert(gateway_fees)
_UPSERT_FEE = _NEW_FEE.on_conflict_do_update(
    constraint=gateway_fees.primary_key,
    set_={"run_id": _NEW_FEE.excluded.run_id, "sealed_fee": _NEW_FEE.excluded.sealed_fee},
)
