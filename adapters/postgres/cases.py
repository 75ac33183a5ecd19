"""What waits for a human: kept once, also of orders that we do not know, and never deleted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.sealing import Cell, SealedColumn, Sealer
from adapters.postgres.tables import cases
from payments.cases import Case, CaseCode, Resolution
from payments.commands import CaseDecision
from payments.errors import CaseUnknownError

_DETAILS = SealedColumn(cases.c.sealed_details, dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """How a human closed a case."""

    resolution: Resolution
    at: datetime
    actor: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCase:
    case_id: int
    order_id: str
    code: CaseCode
    attempt: int
    transaction_id: str
    money_came: bool
    opened_at: datetime
    details: Mapping[str, str]
    resolved: Resolved | None

    @property
    def case(self) -> Case:
        return Case(
            self.code, self.attempt, self.transaction_id, self.details, money_came=self.money_came
        )


class Cases:
    """Reads and writes in the caller's transaction."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def open(
        self, connection: AsyncConnection, order_id: str, case: Case, at: datetime
    ) -> bool:
        """Keep a case; False when it is stored already, resolved or not."""
        place = (order_id, case.code, case.transaction_id)
        values = {
            "order_id": order_id,
            "code": case.code,
            "transaction_id": case.transaction_id,
            "money_came": case.money_came,
            "attempt": case.attempt,
            "opened_at": at,
            "sealed_details": _DETAILS.seal(self._sealer, dict(case.details), *place),
        }
        return (await connection.execute(_INSERT, values)).first() is not None

    async def lock(self, connection: AsyncConnection, order_id: str, case_id: int) -> StoredCase:
        """A case that nobody else can resolve meanwhile; CaseUnknownError when it is not there."""
        query = select(cases).where(cases.c.case_id == case_id, cases.c.order_id == order_id)
        row = (await connection.execute(query.with_for_update())).first()
        if row is None:
            raise CaseUnknownError(order_id, case_id)
        return self._case(row)

    async def resolve(self, connection: AsyncConnection, decision: CaseDecision) -> None:
        reason = Cell.of(cases.c.sealed_resolution_reason, decision.case_id)
        values = {
            "resolution": decision.resolution,
            "resolved_at": decision.at,
            "resolved_by": decision.actor,
            "sealed_resolution_reason": self._sealer.seal(reason, decision.reason.encode()),
        }
        own = update(cases).where(cases.c.case_id == decision.case_id)
        await connection.execute(own.values(values))

    async def shown_beside(self, connection: AsyncConnection, case: StoredCase) -> CaseCode | None:
        """Of the order's other open cases, the one to be shown: the oldest.

        A contradiction comes first, because it holds the goods back.
        """
        query = (
            select(cases.c.code)
            .where(
                cases.c.order_id == case.order_id,
                cases.c.case_id != case.case_id,
                cases.c.resolved_at.is_(None),
            )
            .order_by(cases.c.code != CaseCode.CONTRADICTION, cases.c.case_id)
            .limit(1)
        )
        code = (await connection.execute(query)).scalar()
        return None if code is None else CaseCode(code)

    async def all(self, connection: AsyncConnection, *, open_only: bool) -> tuple[StoredCase, ...]:
        query = select(cases).order_by(cases.c.case_id)
        if open_only:
            query = query.where(cases.c.resolved_at.is_(None))
        return tuple(self._case(row) for row in await connection.execute(query))

    def _case(self, row: Row[Any]) -> StoredCase:
        place = (row.order_id, row.code, row.transaction_id)
        return StoredCase(
            case_id=row.case_id,
            order_id=row.order_id,
            code=CaseCode(row.code),
            attempt=row.attempt,
            transaction_id=row.transaction_id,
            money_came=row.money_came,
            opened_at=row.opened_at,
            details=_DETAILS.open(self._sealer, row.sealed_details, *place),
            resolved=self._resolved(row),
        )

    def _resolved(self, row: Row[Any]) -> Resolved | None:
        if row.resolution is None:
            return None
        reason = Cell.of(cases.c.sealed_resolution_reason, row.case_id)
        return Resolved(
            resolution=Resolution(row.resolution),
            at=row.resolved_at,
            actor=row.resolved_by,
            reason=self._sealer.open(reason, row.sealed_resolution_reason).decode(),
        )


_INSERT = insert(cases).on_conflict_do_nothing().returning(cases.c.case_id)
