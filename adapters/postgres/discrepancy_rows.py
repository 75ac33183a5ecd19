"""How a difference is kept in its row, and read again."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import tink
from sqlalchemy import Row

from adapters.postgres.reconciliation_tables import discrepancies
from adapters.postgres.sealing import Cell, Part, SealedColumn, Sealer
from payments.reconciling import Discrepancy, DiscrepancyKind

Values = dict[str, Any]


class DiscrepancyResolution(StrEnum):
    """REPAIRED: a later look did not find it any more. RESOLVED: a human said so."""

    REPAIRED = "repaired"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedDiscrepancy:
    """`actor` is who resolved it, or the run that found it repaired."""

    resolution: DiscrepancyResolution
    at: datetime
    actor: str
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDiscrepancy:
    discrepancy_id: int
    found: Discrepancy
    first_seen_at: datetime
    last_seen_at: datetime
    first_run_id: str
    last_run_id: str
    alerted_at: datetime | None
    resolved: ResolvedDiscrepancy | None

    @property
    def is_open(self) -> bool:
        return self.resolved is None

    @property
    def is_settled(self) -> bool:
        """Whether a human has resolved it."""
        is_by_human = DiscrepancyResolution.RESOLVED
        return self.resolved is not None and self.resolved.resolution is is_by_human


@dataclass(frozen=True, slots=True, kw_only=True)
class _Details:
    ours: str
    theirs: str


_LOST = "unreadable"
_DETAILS = SealedColumn(discrepancies.c.sealed_details, _Details)


class DiscrepancyRows:
    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def new(self, found: Discrepancy, run_id: str, at: datetime) -> Values:
        return {
            "kind": found.kind,
            "gateway_order_id": found.gateway_order_id,
            "transaction_id": found.transaction_id,
            "order_id": found.order_id,
            "first_seen_at": at,
            "last_seen_at": at,
            "first_run_id": run_id,
            "last_run_id": run_id,
            "sealed_details": self._details(found, run_id, at),
        }

    def seen_again(self, before: StoredDiscrepancy, found: Discrepancy) -> bytes:
        """What differs now, for the row that is there already."""
        return self._details(found, before.first_run_id, before.first_seen_at)

    def note(self, discrepancy_id: int, note: str) -> bytes:
        return self._sealer.seal(_note_cell(discrepancy_id), note.encode())

    def stored(self, row: Row[Any]) -> StoredDiscrepancy:
        return StoredDiscrepancy(
            discrepancy_id=row.discrepancy_id,
            found=self._found(row),
            first_seen_at=row.first_seen_at,
            last_seen_at=row.last_seen_at,
            first_run_id=row.first_run_id,
            last_run_id=row.last_run_id,
            alerted_at=row.alerted_at,
            resolved=self._resolved(row),
        )

    def _found(self, row: Row[Any]) -> Discrepancy:
        key = (row.kind, row.gateway_order_id, row.transaction_id)
        place = details_place(key, row.first_run_id, row.first_seen_at)
        try:
            details = _DETAILS.open(self._sealer, row.sealed_details, *place)
        except tink.TinkError:
            # What it is about is clear, and one that was tampered with must not hide all others.
            details = _Details(ours=_LOST, theirs=_LOST)
        return Discrepancy(
            kind=DiscrepancyKind(row.kind),
            gateway_order_id=row.gateway_order_id,
            transaction_id=row.transaction_id,
            order_id=row.order_id,
            ours=details.ours,
            theirs=details.theirs,
        )

    def _resolved(self, row: Row[Any]) -> ResolvedDiscrepancy | None:
        if row.resolved_at is None:
            return None
        return ResolvedDiscrepancy(
            resolution=DiscrepancyResolution(row.resolution),
            at=row.resolved_at,
            actor=row.resolved_by,
            note=self._note(row),
        )

    def _note(self, row: Row[Any]) -> str | None:
        if row.sealed_note is None:
            return None
        try:
            return self._sealer.open(_note_cell(row.discrepancy_id), row.sealed_note).decode()
        except tink.TinkError:
            return _LOST

    def _details(self, found: Discrepancy, first_run_id: str, first_seen_at: datetime) -> bytes:
        details = _Details(ours=found.ours, theirs=found.theirs)
        place = details_place(found.key, first_run_id, first_seen_at)
        return _DETAILS.seal(self._sealer, details, *place)


def details_place(
    key: tuple[str, str, str], first_run_id: str, first_seen_at: datetime
) -> tuple[Part, ...]:
    """What tells a row from any other before it has its number."""
    return (*key, first_run_id, first_seen_at.astimezone(UTC).isoformat(timespec="microseconds"))


def _note_cell(discrepancy_id: int) -> Cell:
    return Cell.of(discrepancies.c.sealed_note, discrepancy_id)
