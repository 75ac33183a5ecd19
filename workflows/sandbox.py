"""How workflows are run: in Temporal's sandbox, with our own pure modules loaded once.

Reloading them per run costs more processor time than the whole payment (temporal facts, §3.2); they
hold no state and reach no I/O, which the import contracts prove.
"""

from dataclasses import dataclass
from typing import Any

from temporalio.bridge.proto.workflow_activation import WorkflowActivation
from temporalio.bridge.proto.workflow_completion import WorkflowActivationCompletion
from temporalio.converter import SerializationContext
from temporalio.worker import WorkflowInstance, WorkflowInstanceDetails
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import Info


@dataclass(frozen=True)
class RememberingRunner(SandboxedWorkflowRunner):
    """Temporal's sandbox, entered for the workflow's code only.

    The SDK also asks the run whose each payload is, three times a payload, and each question enters
    the sandbox anew: a third of a worker's time. Here it is asked once.
    """

    def create_instance(self, det: WorkflowInstanceDetails) -> WorkflowInstance:
        return _Remembering(super().create_instance(det))


class _Remembering(WorkflowInstance):
    def __init__(self, run: WorkflowInstance) -> None:
        self._run = run
        # Commands are numbered, and no number is given twice in a run.
        self._contexts: dict[Any, SerializationContext | None] = {}
        # Where large payloads would be stored; ours are none, so that it matters for no command.
        self._storage = run.get_external_store_context(None)

    def activate(self, act: WorkflowActivation) -> WorkflowActivationCompletion:
        return self._run.activate(act)

    def get_serialization_context(self, command_info: Any) -> SerializationContext | None:
        if command_info not in self._contexts:
            self._contexts[command_info] = self._run.get_serialization_context(command_info)
        return self._contexts[command_info]

    def get_external_store_context(self, command_info: Any) -> Any:
        del command_info
        return self._storage

    def get_info(self) -> Info:
        return self._run.get_info()

    def get_thread_id(self) -> int | None:
        return self._run.get_thread_id()


RUNNER = RememberingRunner(
    restrictions=SandboxRestrictions.default.with_passthrough_modules(
        "activities", "payments", "workflows"
    )
)
