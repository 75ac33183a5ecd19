"""How workflows are run: in Temporal's sandbox, with our own pure modules loaded once.

Reloading them per run costs more processor time than the whole payment (temporal facts, §3.2); they
hold no state and reach no I/O, which the import contracts prove.
"""

from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

RUNNER = SandboxedWorkflowRunner(
    restrictions=SandboxRestrictions.default.with_passthrough_modules(
        "activities", "payments", "workflows"
    )
)
