"""Numbers of invoices and credit notes: without gaps, each series counted for itself."""

from sqlalchemy import bindparam, func, select, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from adapters.postgres.tables import credit_notes, invoice_numbers, invoices
from payments.evidence import Series

_PAGE = 1000


async def next_serial(connection: AsyncConnection, series: str) -> int:
    """Count on in the caller's transaction: a number whose document is rolled back is given again.

    The counter's row stays locked until then, so numbers are given in the order of commits.
    """
    first = insert(invoice_numbers).values(series=series, last_serial=1)
    counted = first.on_conflict_do_update(
        constraint=invoice_numbers.primary_key,
        set_={"last_serial": invoice_numbers.c.last_serial + 1},
    ).returning(invoice_numbers.c.last_serial)
    serial: int = (await connection.execute(counted)).scalar_one()
    return serial


class Numbers:
    """Whether each number that was counted is that of a document."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def series(self) -> tuple[Series, ...]:
        async with self._engine.connect() as connection:
            counted = (await connection.execute(_COUNTED)).all()
        return tuple(
            [
                Series(
                    name=name, last=last, highest=highest, missing=await self._missing(name, last)
                )
                for name, last, highest in counted
            ]
        )

    async def _missing(self, series: str, last: int) -> int | None:
        """The first that no document has; numbers given meanwhile are beyond `last`."""
        expected = 1
        while expected <= last:
            page = {"of_series": series, "after": expected - 1}
            async with self._engine.connect() as connection:
                serials = (await connection.execute(_GIVEN, page)).scalars().all()
            if not serials:
                return expected
            for serial in serials:
                if serial != expected:
                    return expected if expected <= last else None
                expected += 1
        return None


_GIVEN_NUMBERS = union_all(
    select(invoices.c.series, invoices.c.serial),
    select(credit_notes.c.series, credit_notes.c.serial),
).subquery()
_GIVEN = (
    select(_GIVEN_NUMBERS.c.serial)
    .where(
        _GIVEN_NUMBERS.c.series == bindparam("of_series"),
        _GIVEN_NUMBERS.c.serial > bindparam("after"),
    )
    .order_by(_GIVEN_NUMBERS.c.serial)
    .limit(_PAGE)
)
_HIGHEST = (
    select(func.coalesce(func.max(_GIVEN_NUMBERS.c.serial), 0))
    .where(_GIVEN_NUMBERS.c.series == invoice_numbers.c.series)
    .scalar_subquery()
)
_COUNTED = select(invoice_numbers.c.series, invoice_numbers.c.last_serial, _HIGHEST).order_by(
    invoice_numbers.c.series
)
