"""What the gateway told of its own accord or of unknown orders: kept sealed, each once."""

from collections.abc import Collection
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, case, exists, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.sealing import Cell, SealedColumn, Sealer
from adapters.postgres.tables import gateway_reports, orders
from payments.commands import UnmatchedAnswer
from payments.gateway import GATEWAY, StatusReport
from payments.notice import Notice
from payments.status import MONEY_CAME, AttemptStatus

_ANSWER = SealedColumn(gateway_reports.c.sealed_raw, StatusReport)
# What reconciliation tells an order begins so, and nothing that the gateway signs does.
_FROM_RECONCILIATION = '{"reconciliation":'


class ReportState(StrEnum):
    RECORDED = "recorded"
    UNMATCHED = "unmatched"  # of an order that we do not know


class HeardBy(StrEnum):
    """How a report reached us; what reconciliation found is told to the order as a notice too."""

    NOTIFICATION = "notification"
    ASKING = "asking"
    RECONCILIATION = "reconciliation"


async def keep_notice(
    connection: AsyncConnection, sealer: Sealer, order_id: str, notice: Notice
) -> None:
    """Keep a notification as it came."""
    is_ours = notice.raw.startswith(_FROM_RECONCILIATION)
    state = case(
        (exists().where(orders.c.order_id == order_id), literal(ReportState.RECORDED.value)),
        else_=literal(ReportState.UNMATCHED.value),
    )
    values = {
        "order_id": order_id,
        "gateway": notice.gateway,
        "gateway_order_id": notice.gateway_order_id,
        "transaction_id": notice.transaction_id,
        "status": notice.status,
        "received_at": notice.received_at,
        "state": state,
        "heard_by": HeardBy.RECONCILIATION if is_ours else HeardBy.NOTIFICATION,
    }
    await _keep(connection, sealer, values, notice.raw)


async def keep_unmatched(
    connection: AsyncConnection, sealer: Sealer, unmatched: UnmatchedAnswer
) -> None:
    """Keep an answer about an order or attempt that is not stored here."""
    report = unmatched.report
    values = {
        "order_id": unmatched.order_id,
        "gateway": GATEWAY,
        "gateway_order_id": report.gateway_order_id,
        "transaction_id": report.transaction_id,
        "status": report.status,
        "received_at": unmatched.at,
        "state": ReportState.UNMATCHED,
        "heard_by": HeardBy.ASKING,
    }
    await _keep(connection, sealer, values, _ANSWER.canonical(report))


async def _keep(
    connection: AsyncConnection, sealer: Sealer, values: dict[str, Any], raw: str
) -> None:
    column = gateway_reports.c
    told = (values["gateway_order_id"], values["transaction_id"], values["status"], raw)
    digest, *older = sealer.digests(column.digest, *told)
    if older and await _is_kept(connection, older):
        return
    sealed = sealer.seal(Cell.of(column.sealed_raw, digest), raw.encode())
    once = insert(gateway_reports).values(values | {"digest": digest, "sealed_raw": sealed})
    await connection.execute(once.on_conflict_do_nothing())


async def _is_kept(connection: AsyncConnection, digests: Collection[bytes]) -> bool:
    """Whether one of these is kept, under a key that is being replaced."""
    query = select(exists().where(gateway_reports.c.digest.in_(digests)))
    return (await connection.execute(query)).scalar_one()


async def heard_of_money(
    connection: AsyncConnection, order_ids: Collection[str]
) -> dict[tuple[str, str], HeardBy]:
    """How these orders' money was heard of, by gateway order id and transaction id.

    What is not in it was found by asking. A notice of reconciliation counts only where it told of
    the payment itself: later ones tell what became of money that was known.
    """
    own = gateway_reports.c
    query = select(own.gateway_order_id, own.transaction_id, own.heard_by).where(
        own.order_id.in_(sorted(order_ids)),
        or_(
            and_(own.heard_by == HeardBy.NOTIFICATION, own.status.in_(sorted(MONEY_CAME))),
            and_(own.heard_by == HeardBy.RECONCILIATION, own.status == AttemptStatus.PAID),
        ),
    )
    heard: dict[tuple[str, str], HeardBy] = {}
    for row in await connection.execute(query):
        place, by = (row.gateway_order_id, row.transaction_id), HeardBy(row.heard_by)
        if heard.get(place) is not HeardBy.NOTIFICATION:
            heard[place] = by
    return heard
