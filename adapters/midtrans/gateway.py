"""Midtrans behind the service's Gateway protocol: open a charge, ask, close."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from adapters.midtrans.answers import MidtransRefusedError
from adapters.midtrans.charge_body import CORE_TYPES, charge_headers, core_body, snap_body
from adapters.midtrans.client import MidtransClient, is_absent
from adapters.midtrans.documents import Document
from adapters.midtrans.options import MidtransOptions
from adapters.midtrans.reports import instructions, status_of, status_report
from adapters.midtrans.transport import Deadline
from adapters.midtrans.words import METHOD_WORDS
from payments.errors import GatewayUnknownError, GatewayUnreachableError
from payments.gateway import (
    AttemptRef,
    Charge,
    ChargeOpened,
    InstructionKind,
    StatusReport,
    mismatches,
)
from payments.methods import Integration
from payments.status import MONEY_CAME, OPEN, AttemptStatus

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

    def __init__(self, options: MidtransOptions) -> None:
        self._options = options
        self._client = MidtransClient(options)
        self._threads = ThreadPoolExecutor(options.pool_size, thread_name_prefix="midtrans")

    async def open_charge(self, charge: Charge) -> ChargeOpened:
        """Open an attempt, or adopt it when Midtrans has it already (DESIGN §6 row 2)."""
        return await self._run(lambda deadline: self._open(charge, deadline))

    async def ask(self, attempt: AttemptRef) -> StatusReport | None:
        """The attempt's latest transaction; None when Midtrans holds none."""
        return await self._run(lambda deadline: self._ask(attempt.gateway_order_id, deadline))

    async def close(self, attempt: AttemptRef, token: str | None) -> bool:
        """Make it impossible to pay the attempt; False while Midtrans refuses (DESIGN §3)."""
        return await self._run(lambda deadline: self._close(attempt, token, deadline))

    def shut_down(self) -> None:
        """Let running calls end within their deadline; what still waits is dropped."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._client.close()

    async def _run(self, work: Callable[[Deadline], Result]) -> Result:
        deadline = Deadline.after(self._options.total_timeout)
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
        report = status_report(document)
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

    def _ask(self, gateway_order_id: str, deadline: Deadline) -> StatusReport | None:
        document = self._client.status(gateway_order_id, deadline)
        return None if document is None else status_report(document)

    def _close(self, attempt: AttemptRef, token: str | None, deadline: Deadline) -> bool:
        if attempt.integration is Integration.CORE or token is None:
            return self._expired(attempt, deadline) not in OPEN
        is_cancelled = self._session_cancelled(token, deadline)
        status = self._expired(attempt, deadline)
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

    def _expired(self, attempt: AttemptRef, deadline: Deadline) -> AttemptStatus | None:
        """End the pending transaction and say how it stands; None when there is none."""
        try:
            return status_of(self._client.expire(attempt.gateway_order_id, deadline))
        except MidtransRefusedError as refusal:
            if is_absent(refusal):
                return None
            if refusal.gateway_code != "412":
                raise
        report = self._ask(attempt.gateway_order_id, deadline)
        if report is None:
            raise GatewayUnknownError("the gateway will not expire what it says it does not hold")
        return report.status


def _says_taken(refusal: MidtransRefusedError) -> bool:
    return refusal.gateway_code == "406" or any(each in refusal.messages for each in _TAKEN)
