"""Log lines: one JSON object each, with ids, and without what customers would mind."""

import asyncio
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from io import StringIO
from typing import Any

import pytest
from opentelemetry.sdk.trace import TracerProvider
from temporalio import activity, workflow
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from adapters.telemetry import NEIGHBOURS, OURS, JsonFormatter, configure_logging, order_of
from local_stack.processes import PROJECT
from payments.errors import (
    FieldProblem,
    GatewayUnreachableError,
    InvalidRequestError,
    PaymentError,
)
from workflows.names import reconciliation_id, workflow_id

CANARY = "sari.dewi@canary.example"
RUN = {"workflow_id": "payment/SKT-1", "run_id": "R-1", "attempt": 1, "workflow_type": "any"}


class Lines:
    """What was logged, as its reader has it."""

    def __init__(self) -> None:
        self.stream = StringIO()

    @property
    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.stream.getvalue().splitlines()]

    @property
    def last(self) -> dict[str, Any]:
        return self.all[-1]

    def __contains__(self, text: str) -> bool:
        return text in self.stream.getvalue()


@pytest.fixture
def lines() -> Iterator[Lines]:
    """Everything that is logged at DEBUG while the test runs, as our processes write it."""
    loggers = [logging.getLogger(name) for name in (None, *OURS, *NEIGHBOURS)]
    levels = [logger.level for logger in loggers]
    hooks = sys.excepthook, threading.excepthook
    # Those of pytest, which would be closed.
    loggers[0].handlers.clear()
    configure_logging("debug")
    [ours] = loggers[0].handlers
    assert isinstance(ours, logging.StreamHandler)
    lines = Lines()
    ours.setStream(lines.stream)
    yield lines
    loggers[0].removeHandler(ours)
    sys.excepthook, threading.excepthook = hooks
    for logger, level in zip(loggers, levels, strict=True):
        logger.setLevel(level)


def test_an_event_is_one_json_object_with_its_fields(lines: Lines) -> None:
    logging.getLogger("starter.updates").warning("update.repeated", extra={"order_id": "SKT-1"})

    assert lines.last["event"] == "update.repeated"
    assert lines.last["level"] == "warning"
    assert lines.last["logger"] == "starter.updates"
    assert lines.last["order_id"] == "SKT-1"


def test_an_event_of_a_run_names_order_workflow_and_run(lines: Lines) -> None:
    extra = {"temporal_workflow": {**RUN, "update_name": "cancel"}, "actor": "ani"}
    logging.getLogger("temporalio.workflow").info("step.retried", extra=extra)

    ids = ("order_id", "workflow_id", "run_id", "update", "actor")
    assert [lines.last[name] for name in ids] == ["SKT-1", "payment/SKT-1", "R-1", "cancel", "ani"]
    assert "temporal_workflow" not in lines.last


async def test_an_event_of_an_activity_names_activity_and_attempt_too(lines: Lines) -> None:
    async def sending() -> None:
        activity.logger.info("mail.sent")

    await ActivityEnvironment().run(sending)

    assert lines.last["event"] == "mail.sent"
    assert {"workflow_id", "run_id", "activity", "attempt"} <= lines.last.keys()


def test_an_event_inside_a_span_names_its_trace(lines: Lines) -> None:
    with TracerProvider().get_tracer("test").start_as_current_span("any") as span:
        logging.getLogger("worker").info("any.event")
    logging.getLogger("worker").info("any.event")

    inside, outside = lines.all
    assert inside["trace_id"] == f"{span.get_span_context().trace_id:032x}"
    assert "trace_id" not in outside


def test_an_order_is_known_by_the_id_of_its_run_and_by_no_other() -> None:
    assert order_of(workflow_id("SKT-1")) == "SKT-1"
    assert order_of(reconciliation_id("open")) is None


@pytest.mark.parametrize(
    "name", ["sqlalchemy.engine", "asyncpg", "httpx", "urllib3", "aiosmtplib", "multipart", "tink"]
)
def test_below_a_warning_no_library_is_heard(lines: Lines, name: str) -> None:
    logging.getLogger(name).info("sent %s", CANARY)
    logging.getLogger(name).debug(CANARY)

    assert lines.all == []


def test_what_a_library_warns_of_is_told_without_its_values(lines: Lines) -> None:
    logging.getLogger("aiosmtplib").warning("refused %s", CANARY, extra={"to": CANARY})

    assert lines.last["event"] == "refused %s"
    assert CANARY not in lines


async def test_asyncio_quotes_no_error_that_nobody_took(lines: Lines) -> None:
    async def failing() -> None:
        raise ValueError(CANARY)

    task = asyncio.create_task(failing())
    await asyncio.wait({task})
    asyncio.get_running_loop().call_exception_handler(
        {"message": f"never retrieved: {task.exception()}", "exception": task.exception()}
    )

    assert lines.last["logger"] == "asyncio"
    assert "ValueError" in lines.last["exception"]
    assert CANARY not in lines


def failing_with(text: str) -> Mapping[str, Exception]:
    return {
        "plain": ValueError(text),
        "of a failure": ApplicationError(text, type="code"),
        "unknown": PaymentError(text),
        "about a request": InvalidRequestError((FieldProblem("amount.value", text),)),
        "in a group": ExceptionGroup(text, [ValueError(text)]),
        "with a note": RuntimeError(text),
    }


@pytest.mark.parametrize("kind", failing_with("").keys())
def test_an_error_is_told_by_kind_and_place_but_not_by_its_text(lines: Lines, kind: str) -> None:
    error = failing_with(CANARY)[kind]

    def fail() -> None:
        raise RuntimeError(CANARY) from error

    try:
        fail()
    except RuntimeError:
        logging.getLogger("worker").exception("any.event")

    told = lines.last["exception"]
    assert type(error).__name__ in told
    assert "test_telemetry.py" in told
    assert CANARY not in lines


def test_the_code_of_a_failure_is_told(lines: Lines) -> None:
    error = ApplicationError(CANARY, type="gateway_refused")
    logging.getLogger("worker").error("any.event", exc_info=error)

    assert "ApplicationError[gateway_refused]" in lines.last["exception"]


def test_errors_that_quote_nothing_are_told_with_their_text(lines: Lines) -> None:
    error = GatewayUnreachableError("POST: ConnectTimeout")
    error.__cause__ = ConnectionRefusedError(111, "Connection refused")
    logging.getLogger("worker").error("any.event", exc_info=error)

    assert "GatewayUnreachableError: POST: ConnectTimeout" in lines.last["exception"]
    assert "ConnectionRefusedError: [Errno 111] Connection refused" in lines.last["exception"]


def test_the_sdks_own_messages_lose_the_text_of_an_error(lines: Lines) -> None:
    error = ValueError(CANARY)
    said = f"Failed activation with ID payment/SKT-1: {error}\n{CANARY}"
    logging.getLogger("temporalio.worker").warning(said, exc_info=error)

    assert lines.last["event"] == "Failed activation with ID payment/SKT-1: ValueError"
    assert CANARY not in lines


def test_the_sdks_loggers_leave_the_event_as_it_is(lines: Lines) -> None:
    assert not workflow.logger.workflow_info_on_message
    assert not activity.logger.activity_info_on_message


def test_a_process_that_fails_says_so_in_json_and_without_values() -> None:
    script = (
        "from adapters.telemetry import configure_logging as c; import threading\n"
        "c('info')\n"
        "def fail(): raise ValueError('sari' + '.dewi')\n"
        "thread = threading.Thread(target=fail); thread.start(); thread.join()\n"
        "fail()"
    )
    ran = subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", script], cwd=PROJECT, capture_output=True, text=True, check=False
    )

    told = [json.loads(line) for line in ran.stderr.splitlines()]
    assert ran.returncode == 1
    assert [each["event"] for each in told] == ["process.failed", "process.failed"]
    assert "sari.dewi" not in ran.stderr


def test_lines_of_foreign_text_stay_one_line_each() -> None:
    record = logging.LogRecord("any", logging.ERROR, "", 0, "one\ntwo", None, None)

    assert json.loads(JsonFormatter().format(record))["event"] == "one"
