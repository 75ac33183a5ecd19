"""Where notifications go: opened and checked, then handed to the order's workflow."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from temporalio.client import Client
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.service import RPCError, RPCStatusCode

from adapters.midtrans.notification import ForeignNotice, open_notification
from payments.notice import Notice
from payments.request import split_gateway_order_id
from workflows.names import (
    GATEWAY_REPORTED,
    ORDER_ID,
    PAYMENT_WORKFLOW,
    PAYMENTS_QUEUE,
    workflow_id,
)

HEALTH_WITHIN = timedelta(seconds=2)


class UndeliverableError(Exception):
    """Temporal did not take the notice; the gateway shall send it again."""


class Inbox:
    def __init__(self, client: Client, server_keys: Sequence[str]) -> None:
        self._client = client
        self._server_keys = tuple(server_keys)

    def open(self, body: bytes) -> Notice | ForeignNotice:
        return open_notification(body, self._server_keys, datetime.now(UTC))

    async def deliver(self, notice: Notice) -> None:
        """Return once Temporal has the notice for good; otherwise UndeliverableError."""
        try:
            await self._signal(notice)
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

    async def _signal(self, notice: Notice) -> None:
        order_id = _order_id(notice)
        handle = self._client.get_workflow_handle(workflow_id(order_id))
        try:
            await handle.signal(GATEWAY_REPORTED, notice.as_json())
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            await self._signal_with_start(order_id, notice)

    async def _signal_with_start(self, order_id: str, notice: Notice) -> None:
        """The run has ended, or the order is not known: the workflow decides what it means."""
        await self._client.start_workflow(
            PAYMENT_WORKFLOW,
            order_id,
            id=workflow_id(order_id),
            task_queue=PAYMENTS_QUEUE,
            start_signal=GATEWAY_REPORTED,
            start_signal_args=[notice.as_json()],
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            search_attributes=TypedSearchAttributes([SearchAttributePair(ORDER_ID, order_id)]),
            static_summary=f"Payment of order {order_id}",
        )


def _order_id(notice: Notice) -> str:
    split = split_gateway_order_id(notice.gateway_order_id)
    assert split is not None, "a Notice carries an order id of our form"
    return split[0]
