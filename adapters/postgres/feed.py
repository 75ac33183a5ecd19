"""The feed of status changes: how a shop learns for sure what became of its orders.

A reader that remembers its cursor must never miss an event. Numbers from a sequence cannot promise
that: a transaction may take number 7 and commit after number 8 was read. So each event keeps the
number of the transaction that wrote it, and only events are served whose transaction is older
than every one still running (`pg_snapshot_xmin`): nothing can appear before them any more.

After a restore from a logical dump the transaction numbers start anew; `pg_resetwal
--next-transaction-id --epoch` must lift them above the greatest `xid` stored here.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, TypeAdapter
from sqlalchemy import Row, Text, bindparam, cast, func, insert, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.cursors import cursor_of, place_of
from adapters.postgres.sealing import SealedColumn, Sealer
from adapters.postgres.tables import TransactionId, payment_events
from payments.payment import Payment

_Number = Annotated[int, Field(ge=0, lt=2**63)]
_PLACE = TypeAdapter(tuple[_Number, _Number])
_PAYMENT = SealedColumn(payment_events.c.sealed_payment, Payment)


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One change of status, and the payment as it was then."""

    cursor: str
    order_id: str
    type: str
    version: int
    at: datetime
    payment: Payment


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPage:
    """`next_cursor` is where to go on, also when there was nothing yet."""

    events: tuple[Event, ...]
    next_cursor: str | None


async def append_event(connection: AsyncConnection, sealer: Sealer, payment: Payment) -> None:
    """Add the payment's new status, in the transaction that holds the order's lock."""
    row = {
        _OF_ORDER: payment.order_id,
        "order_id": payment.order_id,
        "version": payment.version,
        "type": f"payment.{payment.status}",
        "at": payment.updated_at,
        "sealed_payment": _PAYMENT.seal(
            sealer, _without_links(payment), payment.order_id, payment.version
        ),
    }
    await connection.execute(_APPEND, row)


async def read_events(
    connection: AsyncConnection, sealer: Sealer, after: str | None, limit: int
) -> EventPage:
    """What happened after the cursor; InvalidRequestError when it is none of ours."""
    query = _SERVED.limit(limit)
    if after is not None:
        xid, number = place_of(_PLACE, "after", after)
        place = tuple_(cast(literal(str(xid)), TransactionId), literal(number))
        query = query.where(tuple_(payment_events.c.xid, payment_events.c.id) > place)
    rows = (await connection.execute(query)).all()
    events = tuple(_event(sealer, row) for row in rows)
    return EventPage(events=events, next_cursor=events[-1].cursor if events else after)


def _without_links(payment: Payment) -> Payment:
    """What happened is told for ever; a link that lets its holder act is not.

    Neither is where a transfer went, nor of cases more than that they are.
    """
    attempts = tuple(replace(attempt, link_token=None) for attempt in payment.attempts)
    refunds = tuple(replace(each, link_token=None, reference=None) for each in payment.refunds)
    cases = tuple(replace(case, details={}, amount=None) for case in payment.cases)
    return replace(payment, attempts=attempts, refunds=refunds, cases=cases)


def _event(sealer: Sealer, row: Row[Any]) -> Event:
    return Event(
        cursor=cursor_of(_PLACE, (int(row.xid_text), row.id)),
        order_id=row.order_id,
        type=row.type,
        version=row.version,
        at=row.at,
        payment=_PAYMENT.open(sealer, row.sealed_payment, row.order_id, row.version),
    )


_OF_ORDER = "of_order"
_EARLIER = payment_events.alias("earlier")
# A transaction may get its number while it waits for the order's lock, so the number can be
# smaller than that of the event before. Taking the greater one keeps versions in order.
_APPEND = insert(payment_events).values(
    xid=func.greatest(
        func.pg_current_xact_id(type_=TransactionId),
        select(_EARLIER.c.xid)
        .where(_EARLIER.c.order_id == bindparam(_OF_ORDER))
        .order_by(_EARLIER.c.version.desc())
        .limit(1)
        .scalar_subquery(),
    )
)
_SERVED = (
    select(payment_events, cast(payment_events.c.xid, Text).label("xid_text"))
    .where(
        payment_events.c.xid
        < func.pg_snapshot_xmin(func.pg_current_snapshot(), type_=TransactionId)
    )
    .order_by(payment_events.c.xid, payment_events.c.id)
)
