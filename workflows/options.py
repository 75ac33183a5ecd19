"""Activity options by name: every timeout and every limit is written here, and only here."""

from datetime import timedelta
from typing import TypedDict

from temporalio.common import RetryPolicy

from workflows.names import DOCUMENTS_QUEUE


class Remote(TypedDict):
    start_to_close_timeout: timedelta
    retry_policy: RetryPolicy


class Local(Remote):
    schedule_to_close_timeout: timedelta


class WithHeartbeat(Remote):
    heartbeat_timeout: timedelta


class Elsewhere(Remote):
    task_queue: str


class ElsewhereInTime(Elsewhere):
    schedule_to_close_timeout: timedelta


# The gateway adapter gives up after 9 s, so that no timed-out call acts later.
_GATEWAY_TRY = timedelta(seconds=10)

OPEN_CHARGE = WithHeartbeat(
    start_to_close_timeout=_GATEWAY_TRY,
    heartbeat_timeout=_GATEWAY_TRY,
    retry_policy=RetryPolicy(
        initial_interval=timedelta(milliseconds=500),
        backoff_coefficient=2,
        maximum_interval=timedelta(seconds=4),
        maximum_attempts=5,
    ),
)
# Asking and closing go on until the gateway answers; "not yet" brings its own pause.
ASK_GATEWAY = Remote(
    start_to_close_timeout=_GATEWAY_TRY,
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=2,
        maximum_interval=timedelta(minutes=5),
        maximum_attempts=0,
    ),
)
# What must come to an end soon: after the limit the administrator is alerted.
SETTLE_AT_GATEWAY = Remote(
    start_to_close_timeout=_GATEWAY_TRY,
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=2,
        maximum_interval=timedelta(minutes=5),
        maximum_attempts=12,
    ),
)
# A batch at the gateway's pace: its heartbeats let a lost worker be noticed soon.
RECONCILE_BATCH = WithHeartbeat(
    start_to_close_timeout=timedelta(minutes=30),
    heartbeat_timeout=timedelta(seconds=30),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=2,
        maximum_interval=timedelta(minutes=1),
        maximum_attempts=0,
    ),
)

# First a few quick tries inside the workflow task, at most 2 s together …
QUICK_WRITE = Local(
    start_to_close_timeout=timedelta(seconds=2),
    schedule_to_close_timeout=timedelta(seconds=2),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(milliseconds=100),
        backoff_coefficient=2,
        maximum_attempts=4,
    ),
)
# … then the same write goes on where operators can see it, up to a limit …
DURABLE_WRITE = Remote(
    start_to_close_timeout=timedelta(seconds=10),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=2,
        maximum_interval=timedelta(seconds=10),
        maximum_attempts=6,
    ),
)
# … after which the administrator is alerted, and it goes on slowly until it works.
SLOW_WRITE = Remote(
    start_to_close_timeout=timedelta(seconds=10),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=10),
        backoff_coefficient=2,
        maximum_interval=timedelta(minutes=1),
        maximum_attempts=0,
    ),
)

# Invoices and mails: a limit first, after which the administrator hears of it; then slowly on.
DOCUMENT = Elsewhere(
    task_queue=DOCUMENTS_QUEUE,
    start_to_close_timeout=timedelta(seconds=30),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=2,
        maximum_interval=timedelta(seconds=30),
        maximum_attempts=6,
    ),
)
DOCUMENT_SLOWLY = Elsewhere(
    task_queue=DOCUMENTS_QUEUE,
    start_to_close_timeout=timedelta(seconds=30),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=30),
        backoff_coefficient=2,
        maximum_interval=timedelta(minutes=10),
        maximum_attempts=0,
    ),
)
# The next run must not wait for the mail of this one, though nobody serves the queue of documents.
DAILY_REPORT = ElsewhereInTime(
    task_queue=DOCUMENTS_QUEUE,
    schedule_to_close_timeout=timedelta(hours=12),
    start_to_close_timeout=timedelta(minutes=5),
    retry_policy=RetryPolicy(
        initial_interval=timedelta(seconds=1),
        backoff_coefficient=2,
        maximum_interval=timedelta(minutes=10),
        maximum_attempts=60,
    ),
)
FREQUENT_REPORT = ElsewhereInTime(**DOCUMENT, schedule_to_close_timeout=timedelta(minutes=10))
