"""What operators see of a run in the Temporal Web UI: search attributes and a short status."""

from collections.abc import Iterator, Sequence

from temporalio import workflow
from temporalio.common import SearchAttributeKey, SearchAttributeUpdate

from payments.alerts import AlertCode
from workflows.details import details
from workflows.names import ATTENTION, METHOD, STATUS
from workflows.state import State


class Display:
    def show(self, state: State, sounding: Sequence[AlertCode]) -> None:
        """Show how the payment stands; `sounding` are the alerts that nobody has silenced yet."""
        workflow.set_current_details(details(state, sounding, workflow.now()))
        held = workflow.info().typed_search_attributes
        # Temporal is told of what changed only: each time costs an event.
        changed = [
            _update(key, value) for key, value in _shown(state, sounding) if held.get(key) != value
        ]
        if changed:
            workflow.upsert_search_attributes(changed)


def _shown(
    state: State, sounding: Sequence[AlertCode]
) -> Iterator[tuple[SearchAttributeKey[str], str | None]]:
    progress = state.progress
    if progress is not None:
        yield STATUS, progress.status.value
        yield METHOD, progress.latest_attempt.method.value
    attention = (progress.attention if progress else None) or next(iter(sounding), None)
    # Before the order was read, what an earlier run has shown may still be true.
    if state.is_read or attention is not None:
        yield ATTENTION, attention.value if attention else None


def _update(key: SearchAttributeKey[str], value: str | None) -> SearchAttributeUpdate[str]:
    return key.value_unset() if value is None else key.value_set(value)
