"""What the doctor looks at in Temporal: namespace, search attributes, and who serves the queues."""

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from adapters.keysets import load_aead
from adapters.temporal.client import connect
from settings import Settings
from starter.doctor.checks import AilmentError
from starter.services import built
from workflows.names import DOCUMENTS_QUEUE, PAYMENTS_QUEUE, SEARCH_ATTRIBUTES

_WORKFLOW = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
_ACTIVITY = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
_SERVED = (
    (PAYMENTS_QUEUE, _WORKFLOW),
    (PAYMENTS_QUEUE, _ACTIVITY),
    (DOCUMENTS_QUEUE, _ACTIVITY),
)


async def temporal_serves_us(settings: Settings) -> str:
    keyset = built(settings, "keyset_temporal", load_aead)
    try:
        client = await connect(keyset)
    except RuntimeError as error:
        raise AilmentError(
            "cannot connect", "check TEMPORAL_ADDRESS, and TLS or API key"
        ) from error
    try:
        await _look_at_namespace(client)
        await _look_at_search_attributes(client)
        await _look_at_workers(client)
    except RPCError as error:
        raise AilmentError(
            f"refuses: {error.status.name}", "check TEMPORAL_NAMESPACE and the permissions"
        ) from error
    return f"{client.service_client.config.target_host}, namespace {client.namespace}, is served"


async def _look_at_namespace(client: Client) -> None:
    request = DescribeNamespaceRequest(namespace=client.namespace)
    try:
        await client.workflow_service.describe_namespace(request)
    except RPCError as error:
        raise AilmentError(
            f"namespace {client.namespace}: {error.status.name}",
            "set TEMPORAL_NAMESPACE, or create it with temporal operator namespace create",
        ) from error


async def _look_at_search_attributes(client: Client) -> None:
    request = ListSearchAttributesRequest(namespace=client.namespace)
    present = (await client.operator_service.list_search_attributes(request)).custom_attributes
    missing = [key.name for key in SEARCH_ATTRIBUTES if key.name not in present]
    if missing:
        raise AilmentError(
            f"search attributes are missing: {', '.join(missing)}",
            "run python -m starter migrate",
        )


async def _look_at_workers(client: Client) -> None:
    idle = [queue for queue, kind in _SERVED if not await _has_pollers(client, queue, kind)]
    if idle:
        raise AilmentError(
            f"no worker serves: {', '.join(dict.fromkeys(idle))}", "start python -m worker"
        )


async def _has_pollers(client: Client, queue: str, kind: TaskQueueType.ValueType) -> bool:
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
    )
    return bool((await client.workflow_service.describe_task_queue(request)).pollers)
