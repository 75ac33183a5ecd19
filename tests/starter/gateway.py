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
    ReviewDecision,
    StatusReport,
)
from payments.methods import Integration, PaymentMethod
from payments.money import Money
from payments.refunds import RefundAnswer, RefundOrder, RefundOutcome, ReportedRefund
from payments.status import OPEN, AttemptStatus

MERCHANT_ID = "G000000001"
VA_NUMBER = "81278500253"
SNAP_URL = "https://app.midtrans.example/snap/token"
QR_STRING = "00020101021226610014COM.GO-JEK.WWW5802ID5907Skaters6007JAKARTA6304ABCD"


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
    """Implements Gateway; what is planned is by order id, a refusal also by gateway order id."""

    refusals: dict[str, Exception] = field(default_factory=dict)
    delays: dict[str, Delay] = field(default_factory=dict)
    stubborn: set[str] = field(default_factory=set)
    called: Counter[str] = field(default_factory=Counter)
    asked: Counter[str] = field(default_factory=Counter)
    refund_answers: dict[str, RefundAnswer] = field(default_factory=dict)
    given_back: dict[str, tuple[ReportedRefund, ...]] = field(default_factory=dict)
    _charges: dict[str, Charge] = field(default_factory=dict)
    _held: dict[str, AttemptStatus] = field(default_factory=dict)

    async def open_charge(self, charge: Charge) -> ChargeOpened:
        order_id, name = charge.request.order_id, charge.gateway_order_id
        self.called[order_id] += 1
        delay = self.delays.get(order_id)
        if delay is not None and self.called[order_id] == 1:
            await delay.hold()
        refusal = self.refusals.get(name) or self.refusals.get(order_id)
        if refusal is not None:
            raise refusal
        self._charges[name] = charge
        self._held[name] = AttemptStatus.PENDING
        return ChargeOpened(instructions=_shown(charge), report=self._report(name))

    async def ask(self, attempt: AttemptRef) -> StatusReport | None:
        name = attempt.gateway_order_id
        self.asked[attempt.order_id] += 1
        return self._report(name) if name in self._held else None

    async def close(self, attempt: AttemptRef, token: str | None) -> bool:
        name = attempt.gateway_order_id
        if attempt.order_id in self.stubborn:
            return False
        if self._held.get(name) in OPEN:
            self._held[name] = AttemptStatus.EXPIRED
        return True

    async def decide_review(self, attempt: AttemptRef, decision: ReviewDecision) -> None:
        is_approved = decision is ReviewDecision.APPROVE
        self._held[attempt.gateway_order_id] = (
            AttemptStatus.PAID if is_approved else AttemptStatus.DENIED
        )

    async def ask_about(self, attempt: AttemptRef, transaction_id: str) -> StatusReport | None:
        return await self.ask(attempt)

    async def give_back(self, refund: RefundOrder) -> RefundAnswer:
        name = refund.gateway_order_id
        planned = self.refund_answers.get(refund.order_id)
        if planned is not None:
            return planned
        given = ReportedRefund(key=refund.gateway_key, amount=refund.amount)
        self.given_back[name] = (*self.given_back.get(name, ()), given)
        return RefundAnswer(outcome=RefundOutcome.ACCEPTED)

    async def find_refund(self, refund: RefundOrder) -> RefundAnswer:
        return RefundAnswer(outcome=RefundOutcome.ABSENT)

    def challenge(self, gateway_order_id: str) -> None:
        self._held[gateway_order_id] = AttemptStatus.IN_REVIEW

    def charge_back(self, gateway_order_id: str) -> None:
        self._held[gateway_order_id] = AttemptStatus.CHARGED_BACK

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
            refunds=self.given_back.get(name, ()),
        )


def _shown(charge: Charge) -> Instructions:
    if charge.integration is Integration.SNAP:
        return Instructions(kind=InstructionKind.REDIRECT, token="token", redirect_url=SNAP_URL)
    if charge.method is PaymentMethod.QRIS:
        return Instructions(kind=InstructionKind.QR, qr_string=QR_STRING)
    return Instructions(kind=InstructionKind.VIRTUAL_ACCOUNT, va_number=VA_NUMBER, bank="bca")
