"""A gateway in memory whose answer to each order is planned by the test."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from payments.gateway import (
    AttemptRef,
    Charge,
    ChargeOpened,
    InstructionKind,
    Instructions,
    StatusReport,
)
from payments.money import Money
from payments.status import OPEN, AttemptStatus

MERCHANT_ID = "G000000001"
VA_NUMBER = "81278500253"


@dataclass(frozen=True)
class Delay:
    """Holds an order's first charge until it is released."""

    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    released: asyncio.Event = field(default_factory=asyncio.Event)

    async def hold(self) -> None:
        self.arrived.set()
        await self.released.wait()


@dataclass
class PlannedGateway:
    """Implements Gateway; what is planned is by order id."""

    refusals: dict[str, Exception] = field(default_factory=dict)
    delays: dict[str, Delay] = field(default_factory=dict)
    stubborn: set[str] = field(default_factory=set)
    called: Counter[str] = field(default_factory=Counter)
    _charges: dict[str, Charge] = field(default_factory=dict)
    _held: dict[str, AttemptStatus] = field(default_factory=dict)

    async def open_charge(self, charge: Charge) -> ChargeOpened:
        order_id = charge.request.order_id
        self.called[order_id] += 1
        delay = self.delays.get(order_id)
        if delay is not None and self.called[order_id] == 1:
            await delay.hold()
        if order_id in self.refusals:
            raise self.refusals[order_id]
        self._charges[charge.gateway_order_id] = charge
        self._held[charge.gateway_order_id] = AttemptStatus.PENDING
        shown = Instructions(kind=InstructionKind.VIRTUAL_ACCOUNT, va_number=VA_NUMBER, bank="bca")
        return ChargeOpened(instructions=shown, report=self._report(charge.gateway_order_id))

    async def ask(self, attempt: AttemptRef) -> StatusReport | None:
        name = attempt.gateway_order_id
        return self._report(name) if name in self._held else None

    async def close(self, attempt: AttemptRef, token: str | None) -> bool:
        name = attempt.gateway_order_id
        if attempt.order_id in self.stubborn:
            return False
        if self._held.get(name) in OPEN:
            self._held[name] = AttemptStatus.EXPIRED
        return True

    def pay(self, gateway_order_id: str) -> None:
        self._held[gateway_order_id] = AttemptStatus.PAID

    def _report(self, name: str) -> StatusReport:
        charge = self._charges[name]
        return StatusReport(
            gateway_order_id=name,
            transaction_id=f"T-{name}",
            status=self._held[name],
            payment_type="bank_transfer",
            method=charge.method,
            amount=charge.request.amount,
            fee=Money.zero(charge.request.amount.currency),
            merchant_id=MERCHANT_ID,
            nonce=charge.nonce,
        )
