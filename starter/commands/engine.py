"""What commands share that speak to Temporal alone."""

from collections.abc import Coroutine
from typing import Any, TypeVar

import typer
from temporalio.client import Client
from temporalio.service import RPCError

from adapters.temporal.client import connect
from settings import Settings
from starter.commands.terminal import fail, one_line, run

T = TypeVar("T")


def at_temporal(work: Coroutine[Any, Any, T]) -> T:
    """Run to the end; what Temporal refuses becomes one line and a non-zero exit."""
    try:
        return run(work)
    except RPCError as error:
        fail(f"Temporal refuses: {error.status.name}: {error}")
    except typer.Exit:
        # One of the RuntimeErrors, and told already.
        raise
    except RuntimeError as error:
        fail(f"Temporal cannot be reached: {one_line(error)} (see: python -m starter doctor)")


async def connected(settings: Settings) -> Client:
    return await connect(settings.temporal_keyset)
