"""A worker that dies at the points of a book: `python -m tests.crash.worker DIRECTORY`.

Composed of the same parts as the worker; only its client has an interceptor more.
"""

import asyncio
import sys
from functools import partial
from pathlib import Path

from adapters.lifetime import live
from adapters.midtrans.gateway import MidtransGateway
from adapters.postgres.engine import create_engine
from adapters.telemetry import configure_logging
from adapters.temporal.client import connect
from adapters.temporal.runtime import WorkerMetrics, sdk_runtime
from settings import Settings, SettingsError, load_settings
from tests.crash.boundaries import Boundaries
from tests.crash.points import Book
from worker import LIMIT, duties, worker_on


async def serve(settings: Settings, book: Book, _stop: asyncio.Event) -> None:
    """Nobody tells it to end: it is killed, by itself or by who has started it."""
    boundaries = Boundaries(book)
    runtime = sdk_runtime(None)
    metrics = WorkerMetrics(runtime.metric_meter)
    client = await connect(settings.keysets.temporal, interceptors=[boundaries], runtime=runtime)
    engine = create_engine(settings.secret("database_url"), application_name="dying-worker")
    gateway = MidtransGateway(settings.midtrans, metrics.gateway_called)
    served = duties(settings, engine, gateway, client, metrics)
    workers = (worker_on(client, queue, duty) for queue, duty in served.items())
    await asyncio.gather(boundaries.die(), *(worker.run() for worker in workers))


def main() -> None:
    settings = load_settings()
    configure_logging(settings.log_level)
    book = Book(Path(sys.argv[1]))
    live("worker", partial(serve, settings, book), limit=LIMIT, expected=SettingsError)


if __name__ == "__main__":
    main()
