"""Making everything anew that is under an older key, while the service works.

What is under which key stands in its first bytes, so nothing has to be remembered: whoever was
killed begins again, and passes over what is done. A page is read without a lock, then those of its
rows are locked that nobody else holds, and of these only such values are replaced as are still the
ones that were read: whoever writes at the same time wins, and the next pass looks again.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import tink
from sqlalchemy import (
    Column,
    ColumnElement,
    LargeBinary,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.keysets import PREFIX_BYTES, Keysets
from adapters.postgres.sealed_tables import SEALED_TABLES, RowValues, SealedTable
from adapters.postgres.sealing import Cell, Sealer
from adapters.postgres.tables import gateway_reports

PAGE = 100
Values = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableRow:
    """What no key opens, or is not what its row says: it stays as it is, for a human."""

    table: str
    row: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """How far the work on a table has come, in rows; `skipped` are those that somebody else held."""

    table: str
    seen: int
    renewed: int
    skipped: int
    unreadable: tuple[UnreadableRow, ...]


class Reencryption:
    def __init__(self, engine: AsyncEngine, keysets: Keysets) -> None:
        self._engine = engine
        self._keysets = keysets
        self._sealer = Sealer(keysets.database, keysets.lookup)

    async def passed(self) -> AsyncIterator[Page]:
        """Renew, in one pass through every table, what is not under the primary keys."""
        for each in SEALED_TABLES:
            async for page in self._through(each):
                yield page

    async def _through(self, sealed: SealedTable) -> AsyncIterator[Page]:
        key = tuple_(*sealed.table.primary_key)
        query = self._query(sealed).order_by(*sealed.table.primary_key).limit(PAGE)
        behind = query
        while True:
            async with self._engine.connect() as connection:
                rows = [dict(row) for row in (await connection.execute(behind)).mappings()]
            if not rows:
                return
            yield await self._renew(sealed, rows)
            if len(rows) < PAGE:
                return
            behind = query.where(key > _key_of(sealed, rows[-1]))

    def _query(self, sealed: SealedTable) -> Any:
        """Of the sealed columns only what is needed: documents are large."""
        stale = {
            name: self._is_stale(column) for name, column in _named(sealed, sealed.lookups).items()
        }
        needed = [
            case(
                (
                    or_(
                        self._is_stale(column),
                        *(stale[by] for by, its in sealed.lookups.items() if its.source == name),
                    ),
                    column,
                )
            ).label(name)
            for name, column in _named(sealed, sealed.sealed).items()
        ]
        rest = [column for column in sealed.table.c if column.name not in sealed.sealed]
        return select(*rest, *needed)

    def _is_stale(self, column: Column[bytes]) -> ColumnElement[bool]:
        return func.substring(column, 1, PREFIX_BYTES) != self._prefix(column)

    def _prefix(self, column: Column[bytes]) -> bytes:
        is_sealed = column.name.startswith("sealed_")
        return (self._keysets.database if is_sealed else self._keysets.lookup).prefix

    async def _renew(self, sealed: SealedTable, rows: Sequence[RowValues]) -> Page:
        stale: list[Values] = []
        unreadable = []
        for row in rows:
            try:
                anew = self._anew(sealed, row)
            except (tink.TinkError, ValueError):
                name = tuple(_text(part) for part in _key_of(sealed, row))
                unreadable.append(UnreadableRow(table=sealed.table.name, row=name))
                continue
            if anew:
                stale.append(_parameters(sealed, row, anew))
        renewed = await self._replace(sealed, stale) if stale else 0
        return Page(
            table=sealed.table.name,
            seen=len(rows),
            renewed=renewed,
            skipped=len(stale) - renewed,
            unreadable=tuple(unreadable),
        )

    def _anew(self, sealed: SealedTable, row: RowValues) -> Values:
        """The row's values that are to be replaced; tink.TinkError when one cannot be read."""
        columns = sealed.table.c
        clear = {
            name: self._sealer.open(Cell.of(columns[name], *place(row)), row[name])
            for name, place in sealed.sealed.items()
            if row[name] is not None
        }
        anew: Values = {}
        for name, lookup in sealed.lookups.items():
            if row[name] is None or row[name].startswith(self._prefix(columns[name])):
                continue
            if lookup.source not in clear:
                raise ValueError("there is nothing beside the digest that it could be of")
            parts = lookup.parts(row, clear[lookup.source])
            if not self._sealer.matches(row[name], columns[name], *parts):
                raise ValueError("the digest is of another value than the one beside it")
            anew[name] = self._sealer.digest(columns[name], *parts)
        after = {**row, **anew}
        for name, value in clear.items():
            place = sealed.sealed[name]
            is_moved = place(after) != place(row)
            if is_moved or not row[name].startswith(self._prefix(columns[name])):
                anew[name] = self._sealer.seal(Cell.of(columns[name], *place(after)), value)
        return anew

    async def _replace(self, sealed: SealedTable, stale: Sequence[Values]) -> int:
        """How many of the rows were free."""
        try:
            async with self._engine.begin() as connection:
                free = await _locked(connection, sealed, stale)
                mine = [each for each in stale if _place_of(sealed, each) in free]
                if not mine:
                    return 0
                if sealed.table is gateway_reports:
                    await connection.execute(_FORGET_TWIN, mine)
                await connection.execute(_replacing(sealed), mine)
        except IntegrityError:
            # The same report came in meanwhile, under the new key: the next pass forgets this one.
            return 0
        return len(mine)


async def _locked(
    connection: AsyncConnection, sealed: SealedTable, stale: Sequence[Values]
) -> set[tuple[Any, ...]]:
    """Those rows that nobody else holds: who waits for none can be in no deadlock."""
    key = tuple_(*sealed.table.primary_key)
    places = [_place_of(sealed, each) for each in stale]
    query = select(*sealed.table.primary_key).where(key.in_(places))
    free = await connection.execute(query.with_for_update(skip_locked=True, key_share=True))
    return {tuple(row) for row in free}


def _replacing(sealed: SealedTable) -> Any:
    own = [column == bindparam(f"of_{column.name}") for column in sealed.table.primary_key]
    unchanged = [
        or_(_given("before", column).is_(None), column == _given("before", column))
        for column in sealed.columns
    ]
    anew = {column: func.coalesce(_given("anew", column), column) for column in sealed.columns}
    return update(sealed.table).where(and_(*own, *unchanged)).values(anew)


def _given(when: str, column: Column[bytes]) -> Any:
    return bindparam(f"{when}_{column.name}", type_=LargeBinary)


def _parameters(sealed: SealedTable, row: RowValues, anew: Mapping[str, Any]) -> Values:
    names = [column.name for column in sealed.columns]
    return {
        **{f"of_{column.name}": row[column.name] for column in sealed.table.primary_key},
        **{f"before_{name}": row[name] if name in anew else None for name in names},
        **{f"anew_{name}": anew.get(name) for name in names},
    }


def _place_of(sealed: SealedTable, parameters: Values) -> tuple[Any, ...]:
    return tuple(parameters[f"of_{column.name}"] for column in sealed.table.primary_key)


def _key_of(sealed: SealedTable, row: RowValues) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in sealed.table.primary_key)


def _named(sealed: SealedTable, names: Mapping[str, Any]) -> dict[str, Column[bytes]]:
    return {name: sealed.table.c[name] for name in names}


def _text(part: object) -> str:
    return part.hex() if isinstance(part, bytes) else str(part)


# Two workers with different primary keys may both have kept one report.
_KEPT = gateway_reports.alias("kept")
_FORGET_TWIN = delete(gateway_reports).where(
    gateway_reports.c.digest == bindparam("of_digest"),
    exists().where(_KEPT.c.digest == bindparam("anew_digest", type_=LargeBinary)),
)
