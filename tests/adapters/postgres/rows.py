"""What the tables hold, and what a human decides about it."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, Table, func, select
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.cases import StoredCase
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.tables import audit_events
from payments.cases import Resolution
from payments.commands import CaseDecision, CreditNoteOrder, WantedRefund
from payments.gateway import StatusReport
from payments.money import Currency, Money
from payments.progress import Progress
from payments.refunding import RefundWish
from payments.refunds import Refund
from payments.request import PaymentRequest
from payments.status import AttemptStatus
from tests.payments.samples import after, answer_of, report_of


async def rows_of(engine: AsyncEngine, table: Table, order_id: str) -> list[RowMapping]:
    query = select(table).where(table.c.order_id == order_id)
    async with engine.connect() as connection:
        return list((await connection.execute(query)).mappings())


async def count_of(engine: AsyncEngine, table: Table, order_id: str) -> int:
    query = select(func.count()).select_from(table).where(table.c.order_id == order_id)
    async with engine.connect() as connection:
        return (await connection.execute(query)).scalar_one()


async def audited(engine: AsyncEngine, order_id: str) -> list[tuple[Any, ...]]:
    """Each entry's event, actor and cause, in order."""
    own = audit_events.c
    query = (
        select(own.event, own.actor, own.cause).where(own.order_id == order_id).order_by(own.seq)
    )
    async with engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(query)]


async def cases_of(store: PaymentStore, order_id: str) -> list[StoredCase]:
    """The order's cases, resolved or not, the oldest first."""
    return [case for case in await store.cases(open_only=False) if case.order_id == order_id]


def decision_on(
    case: StoredCase,
    resolution: Resolution,
    reason: str = "looked at the dashboard",
    actor: str = "ani",
    reference: str | None = None,
) -> CaseDecision:
    return CaseDecision(
        order_id=case.order_id,
        case_id=case.case_id,
        resolution=resolution,
        actor=actor,
        reason=reason,
        at=after(hours=2),
        reference=reference,
    )


def report_by(order: PaymentRequest, status: AttemptStatus) -> StatusReport:
    """What the gateway says of the order's first transaction, paid by the order's own method."""
    return replace(report_of(order, status), method=order.method)


def wanted_of(
    order: PaymentRequest, refund_key: str, rupiah: int | None = None, *, by_transfer: bool = False
) -> WantedRefund:
    """The wish for a part of what was paid, or for all that is left."""
    wish = RefundWish(
        refund_key=refund_key,
        amount=None if rupiah is None else Money(rupiah, Currency.IDR),
        reason="does not fit",
        actor="checkout",
        by_transfer=by_transfer,
    )
    return WantedRefund(order_id=order.order_id, wish=wish, at=after(hours=1))


def credit_order_of(
    order: PaymentRequest, refund_key: str, at: datetime | None = None
) -> CreditNoteOrder:
    return CreditNoteOrder(order_id=order.order_id, refund_key=refund_key, at=at or after(hours=3))


async def audit_details(engine: AsyncEngine, order_id: str) -> list[dict[str, str]]:
    own = audit_events.c
    query = select(own.details).where(own.order_id == order_id).order_by(own.seq)
    async with engine.connect() as connection:
        return list((await connection.execute(query)).scalars())


async def transfer_back(store: PaymentStore, order: PaymentRequest, refund_key: str) -> None:
    """Two people transfer a manual refund."""
    case = next(each for each in await cases_of(store, order.order_id) if each.about == refund_key)
    await store.resolve_case(decision_on(case, Resolution.APPROVED, actor="ani"))
    await store.resolve_case(
        decision_on(case, Resolution.TRANSFERRED, actor="budi", reference="TRF-1")
    )


async def refund_of(store: PaymentStore, order: PaymentRequest, refund_key: str) -> Refund:
    payment = await store.payment(order.order_id)
    assert payment is not None
    refund = payment.refund(refund_key)
    assert refund is not None
    return refund


async def reverse(store: PaymentStore, order: PaymentRequest) -> Progress:
    return await store.record_answer(answer_of(order, report_by(order, AttemptStatus.DENIED)))
