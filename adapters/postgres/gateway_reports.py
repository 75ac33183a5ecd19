"""What the gateway told of its own accord or of unknown orders: kept sealed, each once."""

from enum import StrEnum
from typing import Any

from sqlalchemy import case, exists, literal
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from adapters.postgres.sealing import Cell, SealedColumn, Sealer
from adapters.postgres.tables import gateway_reports, orders
from payments.commands import UnmatchedAnswer
from payments.gateway import GATEWAY, StatusReport
from payments.notice import Notice

_ANSWER = SealedColumn(gateway_reports.c.sealed_raw, StatusReport)


class ReportState(StrEnum):
    RECORDED = "recorded"
    UNMATCHED = "unmatched"  # of an order that we do not know


async def keep_notice(
    connection: AsyncConnection, sealer: Sealer, order_id: str, notice: Notice
) -> None:
    """Keep a notification as it came."""
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
    }
    await _keep(connection, sealer, values, _ANSWER.canonical(report))


async def _keep(
    connection: AsyncConnection, sealer: Sealer, values: dict[str, Any], raw: str
) -> None:
    column = gateway_reports.c
    told = (values["gateway_order_id"], values["transaction_id"], values["status"], raw)
    digest = sealer.digest(column.digest, *told)
    sealed = sealer.seal(Cell.of(column.sealed_raw, digest), raw.encode())
    once = insert(gateway_reports).values(values | {"digest": digest, "sealed_raw": sealed})
    await connection.execute(once.on_conflict_do_nothing())
