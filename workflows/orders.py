"""Handing a notice to an order's run, from outside of it: the bridge does, reconciliation does.

Not in `adapters`, which may not know the workflows' names.
"""

from temporalio.client import Client
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.service import RPCError, RPCStatusCode

from payments.notice import Notice
from payments.request import split_gateway_order_id
from workflows.names import (
    DETAILS,
    GATEWAY_REPORTED,
    ORDER_ID,
    PAYMENT_WORKFLOW,
    PAYMENTS_QUEUE,
    summary_of,
    workflow_id,
)


class OrderSignals:
    def __init__(self, client: Client, task_queue: str = PAYMENTS_QUEUE) -> None:
        self._client = client
        self._task_queue = task_queue

    async def tell(self, notice: Notice) -> None:
        """Return once Temporal has the notice for good; RPCError when it does not take it."""
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
            task_queue=self._task_queue,
            start_signal=GATEWAY_REPORTED,
            start_signal_args=[notice.as_json()],
            id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
            id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
            search_attributes=TypedSearchAttributes([SearchAttributePair(ORDER_ID, order_id)]),
            static_summary=summary_of(order_id),
            static_details=DETAILS,
        )


def _order_id(notice: Notice) -> str:
    split = split_gateway_order_id(notice.gateway_order_id)
    assert split is not None, "a Notice carries an order id of our form"
    return split[0]
