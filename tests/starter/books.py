"""A service of its own with paid orders, to be compared with what the gateway says it settled."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode
from typer.testing import Result

from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.sealing import Sealer
from payments.invoice import WIB
from payments.methods import PaymentMethod
from payments.money import Currency, Money
from payments.request import PaymentRequest
from payments.status import AttemptStatus
from tests.payments.samples import (
    REQUEST,
    after,
    answer_of,
    opening_of,
    placement_of,
    report_of,
)
from tests.starter.terminal import invoke
from workflows.names import workflow_id

HEADER = (
    "Order ID",
    "Transaction ID",
    "Payment type",
    "Channel",
    "Currency",
    "Amount",
    "MDR amount",
    "Refund amount",
    "Net amount",
    "Transaction status",
    "Transaction time",
    "Settlement time",
)
FEES = {"fees": {"bca_va": {"flat": 4000}}}


@dataclass(frozen=True, kw_only=True)
class Books:
    """`file` is what the gateway exports, which each test plants its differences in."""

    engine: AsyncEngine
    sealer: Sealer
    store: PaymentStore
    temporal: Client
    environment: Mapping[str, str]
    file: Path

    async def paid(self, order_id: str, minutes: float = 1, **transaction: Any) -> dict[str, str]:
        """A paid order; the row that the gateway's file has of it."""
        request = replace(REQUEST, order_id=order_id)
        paid_at = after(minutes=minutes).replace(microsecond=0)
        own = report_of(request, AttemptStatus.PAID, f"trx-{order_id}")
        report = replace(own, **{"paid_at": paid_at, "settled": True, **transaction})
        await self.store.place(placement_of(request))
        await self.store.record_opened(opening_without_transaction(request))
        await self.store.record_answer(answer_of(request, report, at=paid_at))
        return row_of(order_id, paid_at)

    def write(self, *rows: Mapping[str, str]) -> None:
        headers = list(rows[0]) if rows else list(HEADER)
        lines = [headers, *([row[name] for name in headers] for row in rows)]
        self.file.write_text("".join(f"{','.join(line)}\n" for line in lines))

    async def starter(self, *arguments: str) -> Result:
        return await invoke(*arguments, environment=self.environment)

    async def reconcile(self, *rows: Mapping[str, str]) -> dict[str, Any]:
        """Compare a file of these rows; the summary as scripts have it, with the exit code."""
        self.write(*rows)
        mapping = self.file.with_name("mapping.json")
        mapping.write_text(json.dumps(FEES))
        options = ("--file", str(self.file), "--mapping", str(mapping), "--json")
        result = await self.starter("reconcile", *options)
        assert result.stdout, result.stderr
        return {**json.loads(result.stdout), "exit_code": result.exit_code}

    async def differences(self, *options: str) -> Sequence[dict[str, Any]]:
        result = await self.starter("reconcile", "differences", "--json", *options)
        assert result.exit_code == 0, result.stderr
        found: list[dict[str, Any]] = json.loads(result.stdout)
        return found

    async def told(self, order_id: str) -> list[dict[str, str]]:
        """What the order's run was told."""
        handle = self.temporal.get_workflow_handle(workflow_id(order_id))
        try:
            history = await handle.fetch_history()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return []
            raise
        signals = [
            event.workflow_execution_signaled_event_attributes.input.payloads
            for event in history.events
            if event.HasField("workflow_execution_signaled_event_attributes")
        ]
        converter = self.temporal.data_converter
        return [(await converter.decode(payloads))[0] for payloads in signals]


def opening_without_transaction(request: PaymentRequest) -> Any:
    opening = opening_of(request)
    return replace(opening, opened=replace(opening.opened, report=None))


def row_of(order_id: str, paid_at: datetime) -> dict[str, str]:
    """As the gateway exports the sample order, paid with a BCA virtual account."""
    moment = paid_at.astimezone(WIB)
    cells = (
        *(f"{order_id}~1", f"trx-{order_id}", "bank_transfer", "bca", "IDR"),
        *("350000", "4000", "0", "346000", "settlement"),
        *(f"{moment - timedelta(minutes=1):%Y-%m-%d %H:%M:%S}", f"{moment:%Y-%m-%d %H:%M:%S}"),
    )
    return dict(zip(HEADER, cells, strict=True))


def rupiah(value: int) -> Money:
    return Money(value, Currency.IDR)


CARD = {"method": PaymentMethod.CREDIT_CARD, "payment_type": "credit_card"}
