"""Numbers of invoices and credit notes: without gaps, each series counted for itself."""

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.tables import invoice_numbers


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
