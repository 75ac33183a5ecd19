"""Midtrans behind the service's Gateway protocol: open a charge, ask, close, decide, refund."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from adapters.midtrans.answers import NOT_PERMITTED, MidtransRefusedError
from adapters.midtrans.charge_body import CORE_TYPES, charge_headers, core_body, snap_body
from adapters.midtrans.client import MidtransClient, is_absent
from adapters.midtrans.documents import Document, text
from adapters.midtrans.options import MidtransOptions
from adapters.midtrans.refunds import find_refund, give_back
from adapters.midtrans.reports import instructions, status_of, status_report
from adapters.midtrans.transport import Deadline
from adapters.midtrans.words import METHOD_WORDS
from adapters.outcomes import Observe, observed, unobserved
from payments.errors import GatewayUnknownError, GatewayUnreachableError
from payments.gateway import (
    AttemptRef,
    Charge,
    ChargeOpened,
    InstructionKind,
    ReviewDecision,
    StatusReport,
    mismatches,
)
from payments.methods import Integration
from payments.refunds import RefundAnswer, RefundOrder
from payments.status import MONEY_CAME, OPEN, AttemptStatus, strongest

Result = TypeVar("Result")

# The codes under which a used order id is refused; Snap has both (fact sheet §2.3, §8.3, §14).
_MAYBE_DUPLICATE = frozenset({"400", "406"})
_TAKEN = ("has already been taken", "sudah digunakan", "has been paid and utilized")

# What Snap says of a session that cannot be opened any more (fact sheet §2.4).
_SESSION_GONE = ("already cancel", "not found", "expired")


class MidtransGateway:
    """Runs the blocking client on threads of its own.

    The time of an operation counts from the call, not from when a thread is free: whatever waited
    too long sends nothing.
    """

    def __init__(self, options: MidtransOptions, observe: Observe = unobserved) -> None:
        self._options = options
        self._observe = observe
        self._client = MidtransClient(options)
        self._threads = ThreadPoolExecutor(options.pool_size, thread_name_prefix="midtrans")

    async def open_charge(self, charge: Charge) -> ChargeOpened:
        """Open an attempt, or adopt it when Midtrans has it already (DESIGN §6 row 2)."""
        return await self._run("open_charge", lambda deadline: self._open(charge, deadline))

    async def ask(self, attempt: AttemptRef) -> StatusReport | None:
        """The attempt's decisive transaction; None when Midtrans holds none."""
        return await self._run("ask", lambda deadline: self._ask(attempt, deadline))

    async def ask_about(self, attempt: AttemptRef, transaction_id: str) -> StatusReport | None:
        """That transaction of the attempt, whatever became of others."""
        return await self._run(
            "ask_about", lambda deadline: self._report(attempt, transaction_id, deadline)
        )

    async def close(self, attempt: AttemptRef, token: str | None) -> bool:
        """Make it impossible to pay the attempt; False while Midtrans refuses (DESIGN §3)."""
        return await self._run("close", lambda deadline: self._close(attempt, token, deadline))

    async def decide_review(self, attempt: AttemptRef, decision: ReviewDecision) -> None:
        """Approve or deny a payment in review; deciding one that is over changes nothing."""
        await self._run("decide_review", lambda deadline: self._decide(attempt, decision, deadline))

    async def give_back(self, refund: RefundOrder) -> RefundAnswer:
        """Refund, or void what is still in capture; repeating it never gives back twice."""
        return await self._run(
            "give_back", lambda deadline: give_back(self._client, refund, deadline)
        )

    async def find_refund(self, refund: RefundOrder) -> RefundAnswer:
        """Look for a refund that must not be sent again."""
        return await self._run(
            "find_refund", lambda deadline: find_refund(self._client, refund, deadline)
        )

    def shut_down(self) -> None:
        """Let running calls end within their deadline; what still waits is dropped."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._client.close()

    async def _run(self, operation: str, work: Callable[[Deadline], Result]) -> Result:
        deadline = Deadline.after(self._options.total_timeout)
        with observed(self._observe, operation):
            return await asyncio.get_running_loop().run_in_executor(self._threads, work, deadline)

    def _open(self, charge: Charge, deadline: Deadline) -> ChargeOpened:
        headers = charge_headers(charge)
        try:
            if charge.integration is Integration.CORE:
                body = core_body(charge, self._options.return_url)
                return self._opened(charge, self._client.charge(body, headers, deadline))
            body = snap_body(charge, self._options.return_url)
            session = self._client.open_session(body, headers, deadline)
        except MidtransRefusedError as refusal:
            return self._adopted(charge, refusal, deadline)
        shown = instructions(InstructionKind.REDIRECT, session)
        if shown is None:
            raise GatewayUnknownError("the answer lacks token or redirect_url")
        return ChargeOpened(instructions=shown, report=None)

    def _opened(self, charge: Charge, document: Document) -> ChargeOpened:
        """Core API's transaction; what is not ours is reported, but never shown to the customer."""
        report = status_report(document, charge.gateway_order_id)
        if charge.integration is Integration.SNAP or mismatches(
            charge, self._options.merchant_id, report
        ):
            return ChargeOpened(instructions=None, report=report)
        kind = CORE_TYPES[METHOD_WORDS[charge.method].payment_type].kind
        return ChargeOpened(instructions=instructions(kind, document), report=report)

    def _adopted(
        self, charge: Charge, refusal: MidtransRefusedError, deadline: Deadline
    ) -> ChargeOpened:
        if refusal.gateway_code not in _MAYBE_DUPLICATE:
            raise refusal
        try:
            document = self._client.status(charge.gateway_order_id, deadline)
        except GatewayUnreachableError:
            # Something was sent before: only the look-up was not.
            raise GatewayUnknownError("the order id may be taken, the look-up failed") from None
        if document is not None:
            return self._opened(charge, document)
        if _says_taken(refusal):
            raise GatewayUnknownError("the order id is taken, but there is no transaction of it")
        raise refusal

    def _ask(self, attempt: AttemptRef, deadline: Deadline) -> StatusReport | None:
        """Ask by order id, and by transaction id where the first answer does not settle it.

        An order id means its latest transaction; an earlier one may be the one that brings money
        (§2.4). Of DANA's, Midtrans finds nothing by order id (§5).
        """
        latest = self._report(attempt, attempt.gateway_order_id, deadline)
        known_id = attempt.transaction_id
        if known_id is None:
            return latest
        if latest and (latest.transaction_id == known_id or latest.status in MONEY_CAME):
            return latest
        known = self._report(attempt, known_id, deadline)
        reports = [report for report in (latest, known) if report is not None]
        decisive = strongest(report.status for report in reports)
        return next((report for report in reports if report.status is decisive), None)

    def _report(self, attempt: AttemptRef, named: str, deadline: Deadline) -> StatusReport | None:
        document = self._client.status(named, deadline)
        return None if document is None else status_report(document, attempt.gateway_order_id)

    def _close(self, attempt: AttemptRef, token: str | None, deadline: Deadline) -> bool:
        if attempt.integration is Integration.CORE or token is None:
            return self._ended(attempt, deadline) not in OPEN
        is_cancelled = self._session_cancelled(token, deadline)
        status = self._ended(attempt, deadline)
        if status in MONEY_CAME:
            return True
        if not is_cancelled and status not in OPEN:
            is_cancelled = self._session_cancelled(token, deadline)
        return is_cancelled and status not in OPEN

    def _session_cancelled(self, token: str, deadline: Deadline) -> bool:
        """Whether the session is gone; False while a payment on its page is in progress (§2.4)."""
        try:
            self._client.cancel_session(token, deadline)
        except MidtransRefusedError as refusal:
            if refusal.gateway_code in {"401", "402", "403"}:
                raise
            return refusal.gateway_code == "404" or any(
                each in refusal.messages for each in _SESSION_GONE
            )
        return True

    def _ended(self, attempt: AttemptRef, deadline: Deadline) -> AttemptStatus | None:
        """End what is pending and say how the attempt stands; None when there is nothing.

        The transaction heard of last is ended by its own id, unless it was the one that the order
        id meant. One that no order id finds is DANA's, which is cancelled (§5): of any other, a
        cancel might void what was paid a moment ago.
        """
        latest = self._expired(attempt.gateway_order_id, deadline)
        found = [latest]
        known_id = attempt.transaction_id
        if known_id is not None and (latest is None or text(latest, "transaction_id") != known_id):
            end = self._cancelled if latest is None else self._expired
            found.append(end(known_id, deadline))
        return strongest(status_of(document) for document in found if document is not None)

    def _expired(self, named: str, deadline: Deadline) -> Document | None:
        """Expire a transaction, or read how it stands; None when there is none."""
        try:
            return self._client.expire(named, deadline)
        except MidtransRefusedError as refusal:
            if is_absent(refusal):
                return None
            if refusal.gateway_code != NOT_PERMITTED:
                raise
        document = self._client.status(named, deadline)
        if document is None:
            raise GatewayUnknownError("the gateway will not expire what it says it does not hold")
        return document

    def _cancelled(self, transaction_id: str, deadline: Deadline) -> Document | None:
        """Cancel a transaction if it is pending, or say how it stands; None when there is none."""
        document = self._client.status(transaction_id, deadline)
        if document is None or status_of(document) is not AttemptStatus.PENDING:
            return document
        try:
            return self._client.cancel(transaction_id, deadline)
        except MidtransRefusedError as refusal:
            if not _is_too_late(refusal):
                raise
            return document

    def _decide(self, attempt: AttemptRef, decision: ReviewDecision, deadline: Deadline) -> None:
        decide = {
            ReviewDecision.APPROVE: self._client.approve,
            ReviewDecision.DENY: self._client.deny,
        }[decision]
        try:
            decide(attempt.transaction_id or attempt.gateway_order_id, deadline)
        except MidtransRefusedError as refusal:
            # The next status answer tells how it stands.
            if not _is_too_late(refusal):
                raise


def _says_taken(refusal: MidtransRefusedError) -> bool:
    return refusal.gateway_code == "406" or any(each in refusal.messages for each in _TAKEN)


def _is_too_late(refusal: MidtransRefusedError) -> bool:
    """Whether the transaction is no longer, or never was, in the state that was to be changed."""
    return refusal.gateway_code == NOT_PERMITTED or is_absent(refusal)
