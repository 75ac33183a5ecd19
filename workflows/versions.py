"""When a run goes on as a new one: its history is long, or a newer worker version is there."""

from typing import NoReturn

from temporalio import workflow
from temporalio.workflow import ContinueAsNewVersioningBehavior


def should_move_on(*, to_newer: bool) -> bool:
    """`to_newer`: also because of a newer version, for which a run that is busy does not stop."""
    info = workflow.info()
    is_newer = to_newer and info.is_target_worker_deployment_version_changed()
    return is_newer or info.is_continue_as_new_suggested()


def move_on(argument: object) -> NoReturn:
    """Go on from what is stored; without the hint, a pinned run would stay on its old version."""
    workflow.continue_as_new(
        argument, initial_versioning_behavior=ContinueAsNewVersioningBehavior.AUTO_UPGRADE
    )
