"""Where notifications go: opened and checked, then handed to the order's workflow."""

from collections.abc import Sequence
from datetime import UTC, datetime

from temporalio.client import Client
from temporalio.service import RPCError

from adapters.health import ANSWER_WITHIN
from adapters.midtrans.notification import ForeignNotice, open_notification
from payments.notice import Notice
from workflows.orders import OrderSignals


class UndeliverableError(Exception):
    """Temporal did not take the notice; the gateway shall send it again."""


class Inbox:
    def __init__(self, client: Client, server_keys: Sequence[str]) -> None:
        self._client = client
        self._orders = OrderSignals(client)
        self._server_keys = tuple(server_keys)

    def open(self, body: bytes) -> Notice | ForeignNotice:
        return open_notification(body, self._server_keys, datetime.now(UTC))

    async def deliver(self, notice: Notice) -> None:
        """Return once Temporal has the notice for good; otherwise UndeliverableError."""
        try:
            await self._orders.tell(notice)
        except RPCError as error:
            raise UndeliverableError(error.status.name.lower()) from error
        except RuntimeError as error:  # so the SDK reports that it cannot connect
            raise UndeliverableError("not_connected") from error

    async def reach_temporal(self) -> None:
        """Return when Temporal would take a notice now."""
        if not await self._client.service_client.check_health(timeout=ANSWER_WITHIN):
            raise UndeliverableError("not_serving")
