"""How workflows are run: in Temporal's sandbox, with our own pure modules loaded once.

Reloading them per run costs more processor time than the whole payment (temporal facts, §3.2); they
hold no state and reach no I/O, which the import contracts prove.
"""

from dataclasses import dataclass
from typing import Any

from temporalio.api.enums.v1 import CommandType
from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import SerializationContext, WorkflowSerializationContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import Info

# Commands whose payloads are for nobody but the run itself and its activities.
_OWN = {
    CommandType.COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK,
    CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
}


@dataclass(frozen=True)
class FrugalRunner(SandboxedWorkflowRunner):
    """Temporal's sandbox, entered for the workflow's code only.

    The SDK also asks the run whose each payload is, three times a payload, and each question enters
    the sandbox anew: a third of a worker's time.
    """

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        own = WorkflowSerializationContext(det.info.namespace, det.info.workflow_id)
        return _Frugal(super().create_instance(det), own)


class _Frugal(WorkflowInstance):
    def __init__(self, run: WorkflowInstance, own: SerializationContext) -> None:
        self._run = run
        self._own = own
        # Where large payloads would be stored; ours are none, so that it matters for no command.
        self._storage = run.get_external_store_context(None)

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        return self._run.activate(act)

    def get_serialization_context(self, command_info: Any) -> SerializationContext | None:
        """The run's own for its activities too: only the codec is told, and asks for no more."""
        if command_info is None or command_info.command_type in _OWN:
            return self._own
        return self._run.get_serialization_context(command_info)

    def get_external_store_context(self, command_info: Any) -> Any:
        del command_info
        return self._storage

    def get_info(self) -> Info:
        return self._run.get_info()

    def get_thread_id(self) -> int | None:
        return self._run.get_thread_id()


RUNNER = FrugalRunner(
    restrictions=SandboxRestrictions.default.with_passthrough_modules(
        "activities", "payments", "workflows"
    )
)
