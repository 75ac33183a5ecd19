"""What waits for a human: kept once, also of orders that we do not know, and never deleted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.audit import Why
from adapters.postgres.sealing import Cell, Part, SealedColumn, Sealer
from adapters.postgres.tables import cases
from payments.cases import Case, CaseCode, CaseKey, Resolution
from payments.errors import CaseUnknownError
from payments.money import Money

_DETAILS = SealedColumn(cases.c.sealed_details, dict[str, str])
_AMOUNT = SealedColumn(cases.c.sealed_amount, Money)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """How a case was closed; what the service closed itself has no `reason`.

    Of a case that was decided in two steps, `reason` has a line for each.
    """

    resolution: Resolution
    at: datetime
    actor: str
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredCase:
    case_id: int
    order_id: str
    case: Case
    opened_at: datetime
    resolved: Resolved | None

    @property
    def key(self) -> CaseKey:
        return self.case.key

    @property
    def code(self) -> CaseCode:
        return self.case.key.code

    @property
    def transaction_id(self) -> str:
        return self.case.key.transaction_id

    @property
    def money_came(self) -> bool:
        return self.case.key.money_came

    @property
    def about(self) -> str:
        return self.case.key.about

    @property
    def attempt(self) -> int:
        return self.case.attempt

    @property
    def details(self) -> Mapping[str, str]:
        return self.case.details

    @property
    def amount(self) -> Money | None:
        return self.case.amount


class Cases:
    """Reads and writes in the caller's transaction."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    async def open(
        self, connection: AsyncConnection, order_id: str, case: Case, at: datetime
    ) -> Case:
        """Keep a case, once, resolved or not; it then has an id."""
        key, amount = case.key, case.amount
        values = {
            "order_id": order_id,
            "code": key.code,
            "transaction_id": key.transaction_id,
            "money_came": key.money_came,
            "about": key.about,
            "attempt": case.attempt,
            "opened_at": at,
            "sealed_details": _DETAILS.seal(
                self._sealer, dict(case.details), *details_place(order_id, key)
            ),
            "sealed_amount": None
            if amount is None
            else _AMOUNT.seal(self._sealer, amount, *amount_place(order_id, key)),
        }
        case_id = (await connection.execute(_INSERT, values)).scalar()
        return replace(case, case_id=case_id)

    async def close(self, connection: AsyncConnection, order_id: str, case: Case, why: Why) -> None:
        """Write down how a case was closed; a human's reason is kept besides."""
        key = case.key
        values = {
            _ORDER_ID: order_id,
            _CODE: key.code,
            _TRANSACTION_ID: key.transaction_id,
            _MONEY_CAME: key.money_came,
            _ABOUT: key.about,
            "resolution": case.resolution,
            "resolved_at": why.at,
            "resolved_by": why.actor,
        }
        await connection.execute(_CLOSE, values)

    async def lock(self, connection: AsyncConnection, order_id: str, case_id: int) -> StoredCase:
        """A case that nobody else can resolve meanwhile; CaseUnknownError when it is not there."""
        query = select(cases).where(cases.c.case_id == case_id, cases.c.order_id == order_id)
        row = (await connection.execute(query.with_for_update())).first()
        if row is None:
            raise CaseUnknownError(order_id, case_id)
        return self._stored(row)

    async def keep_reason(
        self, connection: AsyncConnection, stored: StoredCase, reason: str
    ) -> None:
        """Keep why a human decided so, beneath why it was decided in the step before."""
        own = cases.c.case_id == stored.case_id
        before = self._reason((await connection.execute(select(cases).where(own))).one())
        both = reason if before is None else f"{before}\n{reason}"
        sealed = self._sealer.seal(_reason_cell(stored.case_id), both.encode())
        await connection.execute(update(cases).where(own).values(sealed_resolution_reason=sealed))

    async def all(self, connection: AsyncConnection, *, open_only: bool) -> tuple[StoredCase, ...]:
        query = select(cases).order_by(cases.c.case_id)
        if open_only:
            query = query.where(cases.c.resolved_at.is_(None))
        return tuple(self._stored(row) for row in await connection.execute(query))

    async def find(self, connection: AsyncConnection, case_id: int) -> StoredCase | None:
        row = (await connection.execute(select(cases).where(cases.c.case_id == case_id))).first()
        return None if row is None else self._stored(row)

    def of_orders(self, rows: Iterable[Row[Any]]) -> dict[str, tuple[Case, ...]]:
        """Each order's cases, the oldest first."""
        return {
            order_id: tuple(self._case(row) for row in of_order)
            for order_id, of_order in groupby(rows, key=lambda row: row.order_id)
        }

    def _stored(self, row: Row[Any]) -> StoredCase:
        return StoredCase(
            case_id=row.case_id,
            order_id=row.order_id,
            case=self._case(row),
            opened_at=row.opened_at,
            resolved=self._resolved(row),
        )

    def _case(self, row: Row[Any]) -> Case:
        key = CaseKey(
            code=CaseCode(row.code),
            transaction_id=row.transaction_id,
            money_came=row.money_came,
            about=row.about,
        )
        details, amount = details_place(row.order_id, key), amount_place(row.order_id, key)
        sealed = row.sealed_amount
        return Case(
            key=key,
            attempt=row.attempt,
            details=_DETAILS.open(self._sealer, row.sealed_details, *details),
            amount=None if sealed is None else _AMOUNT.open(self._sealer, sealed, *amount),
            resolution=None if row.resolution is None else Resolution(row.resolution),
            case_id=row.case_id,
        )

    def _resolved(self, row: Row[Any]) -> Resolved | None:
        if row.resolution is None:
            return None
        return Resolved(
            resolution=Resolution(row.resolution),
            at=row.resolved_at,
            actor=row.resolved_by,
            reason=self._reason(row),
        )

    def _reason(self, row: Row[Any]) -> str | None:
        sealed = row.sealed_resolution_reason
        if sealed is None:
            return None
        return self._sealer.open(_reason_cell(row.case_id), sealed).decode()


def details_place(order_id: str, key: CaseKey) -> tuple[Part, ...]:
    """What the details are bound to; those stored before 0.2 know of no `about`."""
    about = (key.about,) if key.about else ()
    return (order_id, key.code, key.transaction_id, *about)


def amount_place(order_id: str, key: CaseKey) -> tuple[Part, ...]:
    return (order_id, key.code, key.transaction_id, int(key.money_came), key.about)


def _reason_cell(case_id: int) -> Cell:
    return Cell.of(cases.c.sealed_resolution_reason, case_id)


_ORDER_ID, _CODE, _TRANSACTION_ID = "of_order", "of_code", "of_transaction"
_MONEY_CAME, _ABOUT = "of_money_came", "of_about"
_INSERT = insert(cases).on_conflict_do_nothing().returning(cases.c.case_id)
_CLOSE = update(cases).where(
    cases.c.order_id == bindparam(_ORDER_ID),
    cases.c.code == bindparam(_CODE),
    cases.c.transaction_id == bindparam(_TRANSACTION_ID),
    cases.c.money_came == bindparam(_MONEY_CAME),
    cases.c.about == bindparam(_ABOUT),
)
