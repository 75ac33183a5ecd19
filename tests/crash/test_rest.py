"""An order is looked at once nobody has anything to do for it, and no earlier."""

from datetime import UTC, datetime, timedelta

import pytest
from temporalio.api.enums.v1 import PendingActivityState
from temporalio.api.workflow.v1 import PendingActivityInfo, PendingWorkflowTaskInfo
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionResponse

from activities.gateway import NOT_YET
from tests.crash.caller import is_busy

SCHEDULED = PendingActivityState.PENDING_ACTIVITY_STATE_SCHEDULED
STARTED = PendingActivityState.PENDING_ACTIVITY_STATE_STARTED
LATER = timedelta(minutes=1)


def awaiting(
    state: PendingActivityState.ValueType = SCHEDULED,
    *,
    after: str = NOT_YET,
    again_in: timedelta = LATER,
) -> DescribeWorkflowExecutionResponse:
    """A run with one activity, whose last try failed for that reason."""
    pending = PendingActivityInfo(state=state)
    pending.last_failure.application_failure_info.type = after
    pending.next_attempt_schedule_time.FromDatetime(datetime.now(UTC) + again_in)
    return DescribeWorkflowExecutionResponse(pending_activities=[pending])


def test_who_waits_for_a_bank_that_has_no_news_is_at_rest() -> None:
    assert not is_busy(awaiting())
    assert not is_busy(DescribeWorkflowExecutionResponse())


def test_who_asks_the_bank_is_busy() -> None:
    assert is_busy(awaiting(STARTED))
    assert is_busy(awaiting(again_in=timedelta(seconds=1)))


@pytest.mark.parametrize("failure", ["", "mail_not_sent"])
def test_what_was_torn_off_or_failed_is_busy_however_late_its_next_try(failure: str) -> None:
    assert is_busy(awaiting(after=failure))


def test_a_run_with_a_task_to_do_is_busy() -> None:
    task = PendingWorkflowTaskInfo(attempt=1)
    assert is_busy(DescribeWorkflowExecutionResponse(pending_workflow_task=task))
