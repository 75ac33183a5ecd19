"""What the codec server showed to whom: a log line for each time, an audit entry for each order."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from adapters.postgres.audit import Why
from adapters.postgres.decodings import Decodings
from adapters.telemetry import order_of
from adapters.temporal.codec_server import CodecUse, UnrecordedError
from payments.changes import AuditEntry
from payments.request import is_order_id
from starter.outages import OUTAGES

log = logging.getLogger(__name__)

# One page of the Web UI asks dozens of times; the audit is to be read by people.
ONCE_IN = timedelta(minutes=10)


class LoggedUses:
    """The log alone: for a stack on one machine."""

    async def decoded(self, use: CodecUse) -> None:
        log.info("payload.decoded", extra=_fields(use))

    async def encoded(self, use: CodecUse) -> None:
        log.info("payload.encoded", extra=_fields(use))


class AuditedUses(LoggedUses):
    def __init__(self, decodings: Decodings, now: Callable[[], datetime]) -> None:
        self._decodings = decodings
        self._now = now
        self._noted: dict[tuple[str, str], datetime] = {}
        self._one_at_a_time = asyncio.Lock()

    async def decoded(self, use: CodecUse) -> None:
        # One at a time: what a page asks for at once is one entry, and is shown after it is there.
        async with self._one_at_a_time:
            await self._note(use)
        await super().decoded(use)

    async def _note(self, use: CodecUse) -> None:
        at = self._now()
        self._noted = {seen: since for seen, since in self._noted.items() if at - since < ONCE_IN}
        order_ids = [
            order_id
            for order_id in map(order_of, use.workflow_ids)
            if order_id is not None
            and is_order_id(order_id)
            and (use.actor, order_id) not in self._noted
        ]
        details = {"namespace": use.namespace, "payloads": str(use.payloads)}
        why = Why(actor=use.actor, cause="decode_payloads", at=at)
        try:
            for order_id in order_ids:
                if await self._decodings.note(
                    order_id, why, AuditEntry("payload.decoded", details)
                ):
                    self._noted[use.actor, order_id] = at
        except OUTAGES as error:
            raise UnrecordedError from error


def _fields(use: CodecUse) -> dict[str, Any]:
    return {
        "actor": use.actor,
        "namespace": use.namespace,
        "workflow_ids": list(use.workflow_ids),
        "payloads": use.payloads,
    }
