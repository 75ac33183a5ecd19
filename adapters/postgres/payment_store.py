"""The payments of all orders: every command is one transaction under its order's lock.

The decisions are made by `payments.changes`; here is only what makes them last. A command that
changes nothing writes nothing, so each can be repeated.
"""

from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.audit import Why
from adapters.postgres.gateway_reports import keep_notice
from adapters.postgres.payment_reads import PaymentReads
from adapters.postgres.payment_writes import NO_EVIDENCE, Evidence, PaymentWrites
from adapters.postgres.sealing import Sealer
from payments.changes import (
    Change,
    Terms,
    answered,
    charge_opened,
    charge_refused,
    closed,
    closing_begun,
    placed,
)
from payments.commands import Answer, Closing, OpenedCharge, Placement, RefusedCharge
from payments.errors import OrderConflictError
from payments.notice import Notice
from payments.payment import Payment, Progress
from payments.status import ENDED_WITHOUT_MONEY

GATEWAY = "gateway"


class PaymentStore(PaymentReads):
    def __init__(self, engine: AsyncEngine, sealer: Sealer, terms: Terms) -> None:
        super().__init__(engine, sealer)
        self._writes = PaymentWrites(sealer)
        self._terms = terms

    async def place(self, placement: Placement) -> Progress:
        """Store the order once; OrderConflictError when it is stored with other contents."""
        request = placement.request
        why = Why(actor=placement.actor, cause="await_instructions", at=placement.attempt.at)
        change = placed(request, placement.attempt)
        async with self._engine.begin() as connection:
            stored = await self._writes.insert(connection, change, why)
            if stored is None:
                stored = await self._stored.lock(connection, request.order_id)
        if not self._rows.is_fingerprint_of(stored.fingerprint, request):
            raise OrderConflictError(request.order_id)
        return stored.progress

    async def record_opened(self, opened: OpenedCharge) -> Progress:
        return await self._change(
            opened.order_id,
            opened.number,
            lambda payment: (
                charge_opened(payment, opened.number, opened.opened, self._terms, opened.at),
            ),
            Why(actor=GATEWAY, cause="charge_opened", at=opened.at),
            Evidence(report=opened.opened.report),
        )

    async def record_refused(self, refused: RefusedCharge) -> Progress:
        return await self._change(
            refused.order_id,
            refused.number,
            lambda payment: (
                charge_refused(
                    payment, refused.number, refused.gateway_code, self._terms, refused.at
                ),
            ),
            Why(actor=GATEWAY, cause="charge_refused", at=refused.at),
        )

    async def record_answer(self, answer: Answer) -> Progress:
        return await self._change(
            answer.order_id,
            answer.number,
            lambda payment: self._changes_by(answer, payment),
            Why(actor=GATEWAY, cause="gateway_answer", at=answer.at),
            Evidence(report=answer.report),
        )

    async def record_notice(self, order_id: str, notice: Notice) -> None:
        """Keep a notification as it came, once, whether or not its order is known."""
        async with self._engine.begin() as connection:
            await keep_notice(connection, self._sealer, order_id, notice)

    async def begin_closing(self, closing: Closing) -> Progress:
        reason = None if closing.reason is None else (closing.number, closing.reason)
        return await self._change(
            closing.order_id,
            closing.number,
            lambda payment: (closing_begun(payment, closing.number, closing.cause),),
            Why(actor=closing.actor, cause=closing.cause, at=closing.at),
            Evidence(closing_reason=reason),
        )

    def _changes_by(self, answer: Answer, payment: Payment) -> tuple[Change, ...]:
        report, number = answer.report, answer.number
        heard = (
            Change(payment)
            if report is None
            else answered(payment, number, report, self._terms, answer.at)
        )
        is_over = report is None or report.status in ENDED_WITHOUT_MONEY
        if not (answer.is_closed and is_over):
            return (heard,)
        # Also when the answer itself was no news: the page on which a payment was denied may
        # have been closed since.
        return heard, closed(heard.payment, number, self._terms, answer.at)

    async def _change(
        self,
        order_id: str,
        number: int,
        decide: Callable[[Payment], tuple[Change, ...]],
        why: Why,
        evidence: Evidence = NO_EVIDENCE,
    ) -> Progress:
        async with self._engine.begin() as connection:
            stored = await self._stored.lock(connection, order_id)
            stored.require_attempt(number)
            changes = decide(stored.payment)
            saved = await self._writes.save(connection, stored, changes, why, evidence)
        return saved.progress
