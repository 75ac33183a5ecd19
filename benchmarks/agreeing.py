"""A gateway that agrees with everything, and a world that need not be told of anything."""

import asyncio
from dataclasses import dataclass

from benchmarks.open_attempts import AMOUNT, METHOD, transaction_id_of
from payments.gateway import AttemptRef, Charge, ChargeOpened, ReviewDecision, StatusReport
from payments.money import Money
from payments.notice import Notice
from payments.reconciliation import RunReport
from payments.refunds import RefundAnswer, RefundOrder
from payments.status import AttemptStatus


class NotExpectedError(Exception):
    """A clean run asks for nothing of this kind."""


@dataclass
class AgreeingGateway:
    """Implements Gateway: every attempt still waits for its customer. Each answer takes a while."""

    seconds: float

    async def ask(self, attempt: AttemptRef) -> StatusReport | None:
        await asyncio.sleep(self.seconds)
        return StatusReport(
            gateway_order_id=attempt.gateway_order_id,
            transaction_id=transaction_id_of(attempt.order_id),
            status=AttemptStatus.PENDING,
            payment_type="bank_transfer",
            method=METHOD,
            amount=AMOUNT,
            fee=Money.zero(AMOUNT.currency),
        )

    async def ask_about(self, attempt: AttemptRef, transaction_id: str) -> StatusReport | None:
        raise NotExpectedError(attempt.gateway_order_id, transaction_id)

    async def open_charge(self, charge: Charge) -> ChargeOpened:
        raise NotExpectedError(charge.gateway_order_id)

    async def close(self, attempt: AttemptRef, token: str | None) -> bool:
        raise NotExpectedError(attempt.gateway_order_id, token)

    async def decide_review(self, attempt: AttemptRef, decision: ReviewDecision) -> None:
        raise NotExpectedError(attempt.gateway_order_id, decision)

    async def give_back(self, refund: RefundOrder) -> RefundAnswer:
        raise NotExpectedError(refund.gateway_order_id)

    async def find_refund(self, refund: RefundOrder) -> RefundAnswer:
        raise NotExpectedError(refund.gateway_order_id)


class Nobody:
    """Implements Orders, ReportDrawer and ReportMailer."""

    async def tell(self, notice: Notice) -> None:
        raise NotExpectedError(notice.gateway_order_id)

    async def draw_report(self, report: RunReport) -> bytes:
        raise NotExpectedError(report.run_id)

    async def send_report(self, report: RunReport, pdf: bytes, differences: bytes) -> None:
        raise NotExpectedError(report.run_id, len(pdf), len(differences))
