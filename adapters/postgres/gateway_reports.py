"""Notifications as they came: kept sealed, each once, also when they fit no order."""

from enum import StrEnum

from sqlalchemy import case, exists, literal
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.sealing import Cell, Sealer
from adapters.postgres.tables import gateway_reports, orders
from payments.notice import Notice


class ReportState(StrEnum):
    RECORDED = "recorded"
    UNMATCHED = "unmatched"  # of an order that we do not know


async def keep_notice(
    connection: AsyncConnection, sealer: Sealer, order_id: str, notice: Notice
) -> None:
    digest = sealer.digest(
        gateway_reports.c.digest,
        notice.gateway_order_id,
        notice.transaction_id,
        notice.status,
        notice.raw,
    )
    values = {
        "digest": digest,
        "order_id": order_id,
        "gateway": notice.gateway,
        "gateway_order_id": notice.gateway_order_id,
        "transaction_id": notice.transaction_id,
        "status": notice.status,
        "received_at": notice.received_at,
        "state": case(
            (exists().where(orders.c.order_id == order_id), literal(ReportState.RECORDED.value)),
            else_=literal(ReportState.UNMATCHED.value),
        ),
        "sealed_raw": sealer.seal(
            Cell.of(gateway_reports.c.sealed_raw, digest), notice.raw.encode()
        ),
    }
    await connection.execute(insert(gateway_reports).values(values).on_conflict_do_nothing())
