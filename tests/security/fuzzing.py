"""Schemathesis against a service that runs on the test's own event loop."""

import asyncio
import gc
from collections.abc import Callable, Collection
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from local_stack.ports import LOOPBACK

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
Case = schemathesis.Case[Any]
# Makes of a generated case one that reaches further, now and then; the headers to send.
Plant = Callable[[Case, st.DataObject], dict[str, str]]


def operations(document: dict[str, Any]) -> Collection[str]:
    return [
        f"{method.upper()} {path}"
        for path, operations in document["paths"].items()
        for method in operations
    ]


async def fuzz(
    document: dict[str, Any], operation: str, port: int, plant: Plant, *, examples: int
) -> list[int]:
    """Hold the operation to its document, the same way each time; the statuses it answered."""
    method, path = operation.split()
    found = schemathesis.openapi.from_dict(document)[path][method]
    statuses: list[int] = []
    # Not through anybody's proxy.
    session = requests.Session()
    session.trust_env = False

    def run(mode: GenerationMode) -> None:
        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        )
        @given(case=found.as_strategy(generation_mode=mode), data=st.data())
        def hold(case: Case, data: st.DataObject) -> None:
            headers = plant(case, data)
            answer = case.call(f"http://{LOOPBACK}:{port}", session, headers, timeout=30)
            statuses.append(answer.status_code)
            case.validate_response(answer, checks=CHECKS)

        # Hypothesis parses Python. Until 3.12 the interpreter counts that for all threads in one
        # (gh-106905), and a collection amid it lets another thread in: a SystemError now and then.
        gc.disable()
        try:
            hold()
        finally:
            gc.enable()

    # Where nothing is sent, nothing can break a rule.
    takes_input = {"parameters", "requestBody"} & set(document["paths"][path][method.lower()])
    modes = [GenerationMode.POSITIVE, *([GenerationMode.NEGATIVE] if takes_input else [])]
    try:
        for mode in modes:
            await asyncio.to_thread(run, mode)
    finally:
        session.close()
    return statuses
