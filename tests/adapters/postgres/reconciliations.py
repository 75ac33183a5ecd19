"""Batches of reconciliation, and what was found in them."""

import secrets
from datetime import datetime

from payments.gateway import StatusReport
from payments.payment import Payment
from payments.reconciliation import Batch, Examined, StartedRun
from payments.reconciling import Discrepancy, DiscrepancyKind, RunKind
from payments.request import PaymentRequest, split_gateway_order_id
from tests.payments.samples import NOW, after


def new_run() -> str:
    return f"reconciliation/open-{secrets.token_hex(6)}"


def batch_of(
    run_id: str,
    *,
    kind: RunKind = RunKind.OPEN,
    since: datetime | None = None,
    behind: str = "",
    size: int = 100,
    at: datetime | None = None,
) -> Batch:
    return Batch(
        run_id=run_id,
        kind=kind,
        since=since or after(days=-7),
        after=behind,
        size=size,
        at=at or after(hours=1),
    )


def just_before(order_id: str) -> str:
    """Where a batch goes on that comes to this order next."""
    return f"{order_id[:-1]}{chr(ord(order_id[-1]) - 1)}~999999"


def started_of(batch: Batch) -> StartedRun:
    return StartedRun(run_id=batch.run_id, kind=batch.kind, at=NOW)


def examined_of(
    payment: Payment,
    number: int = 1,
    *found: Discrepancy,
    report: StatusReport | None = None,
    was_answered: bool = True,
) -> Examined:
    return Examined(
        payment=payment, number=number, report=report, was_answered=was_answered, found=found
    )


def difference_of(
    order: PaymentRequest | str,
    kind: DiscrepancyKind = DiscrepancyKind.STATE_DIFFERS,
    transaction_id: str = "trx-1",
    theirs: str = "paid",
) -> Discrepancy:
    """About the order's first attempt, or about what the gateway calls so."""
    name = order if isinstance(order, str) else f"{order.order_id}~1"
    split = split_gateway_order_id(name)
    return Discrepancy(
        kind=kind,
        gateway_order_id=name,
        transaction_id=transaction_id,
        order_id=split[0] if split else None,
        ours="pending",
        theirs=theirs,
    )
