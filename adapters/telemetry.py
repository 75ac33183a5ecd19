"""Logs as JSON lines: an event name and its fields, never a sentence built from values.

What others say is trusted less than what we say. Libraries put values into their messages, and
errors quote what they could not read; a log holds ids and codes, but nothing of a customer's.
"""

import json
import logging
import sys
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any

from opentelemetry import trace
from temporalio import activity, workflow

from adapters.told_errors import chain, is_discreet, told

OURS = (
    *("activities", "adapters", "payments", "starter", "webhook_bridge", "worker", "workflows"),
    "__main__",
)
# They tell what happens to a process, and name runs by their ids.
NEIGHBOURS = ("temporalio", "uvicorn")

_PAYMENT_RUN = "payment/"  # as workflows/names.py makes the ids of runs
# What every LogRecord has; anything else was given as a field of the event.
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}
# The SDK's own, shown otherwise or of no use.
_OF_THE_SDK = frozenset({"temporal_workflow", "temporal_activity", "__temporal_error_identifier"})


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        error = record.exc_info[1] if record.exc_info else None
        line = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": _event(record, error),
            **_where(record),
            **_fields(record),
        }
        if error is not None:
            line["exception"] = told(error)
        return json.dumps(line, default=str, ensure_ascii=False)


def configure_logging(level: str) -> None:
    """Send our own events from `level` on to standard error, one JSON object a line.

    Libraries are heard from WARNING on whatever the level: below, they quote what they carry.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
    for name in NEIGHBOURS:
        logging.getLogger(name).setLevel(max(logging.INFO, logging.getLevelName(level.upper())))
    # A line that cannot be written would be shown on standard error instead, values and all.
    logging.raiseExceptions = False
    # They would write the ids into the event; they are fields.
    workflow.logger.workflow_info_on_message = False
    activity.logger.activity_info_on_message = False
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda args: _log_uncaught(
        args.exc_type, args.exc_value, args.exc_traceback
    )


def order_of(run: str) -> str | None:
    """The order that a workflow id belongs to, if it is a payment's."""
    return run.removeprefix(_PAYMENT_RUN) if run.startswith(_PAYMENT_RUN) else None


def _event(record: logging.LogRecord, error: BaseException | None) -> str:
    """Our own events as they are; of others' messages one line, and of strangers' no values."""
    if _is_by(OURS, record):
        return record.getMessage()
    said = record.getMessage() if _is_by(NEIGHBOURS, record) else str(record.msg)
    for each in chain(error):
        if not is_discreet(each) and str(each):
            said = said.replace(str(each), type(each).__name__)
    return said.partition("\n")[0]


def _where(record: logging.LogRecord) -> dict[str, object]:
    """Which order, run, activity and trace it happened in, as far as that is known."""
    run: Mapping[str, Any] = getattr(record, "temporal_workflow", {})
    task: Mapping[str, Any] = getattr(record, "temporal_activity", {})
    workflow_id = run.get("workflow_id") or task.get("workflow_id")
    span = trace.get_current_span().get_span_context()
    known = {
        "order_id": order_of(workflow_id) if workflow_id else None,
        "workflow_id": workflow_id,
        "run_id": run.get("run_id") or task.get("workflow_run_id"),
        "update": run.get("update_name"),
        "activity": task.get("activity_type"),
        "attempt": task.get("attempt"),
        "trace_id": f"{span.trace_id:032x}" if span.is_valid else None,
    }
    return {name: value for name, value in known.items() if value is not None}


def _fields(record: logging.LogRecord) -> dict[str, object]:
    # Workflows and activities log through the SDK's loggers.
    is_known = _is_by((*OURS, "temporalio"), record)
    return dict(_given(record)) if is_known else {}


def _given(record: logging.LogRecord) -> Iterator[tuple[str, object]]:
    for name, value in record.__dict__.items():
        if name not in _STANDARD and name not in _OF_THE_SDK:
            yield name, value


def _is_by(families: tuple[str, ...], record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] in families


def _log_uncaught(
    kind: type[BaseException], error: BaseException | None, traceback: TracebackType | None
) -> None:
    """The interpreter would write the error's text to standard error, whatever it quotes."""
    error = error or kind()
    logging.getLogger("__main__").critical("process.failed", exc_info=(kind, error, traceback))
