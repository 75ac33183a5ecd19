"""When a run goes on as a new one: its history is long, or a newer worker version is there."""

from typing import NoReturn

from temporalio import workflow
from temporalio.workflow import ContinueAsNewVersioningBehavior


def should_move_on() -> bool:
    info = workflow.info()
    return info.is_continue_as_new_suggested() or info.is_target_worker_deployment_version_changed()


def move_on(argument: object) -> NoReturn:
    """Go on from what is stored; without the hint, a pinned run would stay on its old version."""
    workflow.continue_as_new(
        argument, initial_versioning_behavior=ContinueAsNewVersioningBehavior.AUTO_UPGRADE
    )
