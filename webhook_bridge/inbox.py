"""Where notifications go: opened and checked, then handed to the order's workflow."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from temporalio.client import Client
from temporalio.service import RPCError

from adapters.midtrans.notification import ForeignNotice, open_notification
from payments.notice import Notice
from workflows.orders import OrderSignals

HEALTH_WITHIN = timedelta(seconds=2)


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

    async def is_open(self) -> bool:
        """Whether Temporal would take a notice now."""
        try:
            return await self._client.service_client.check_health(timeout=HEALTH_WITHIN)
        except (RPCError, RuntimeError):
            return False
