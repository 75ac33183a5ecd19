"""The API's own description, with what FastAPI cannot see: bodies that we read ourselves."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from starter.documents import (
    AttemptDocument,
    CancelDocument,
    Document,
    PaymentDocument,
    RefundDocument,
)
from starter.problems import MEDIA_TYPE, PROBLEMS, Problem, ProblemCode

_REF = "#/components/schemas/{model}"
_MODELS: tuple[type[BaseModel], ...] = (
    PaymentDocument,
    AttemptDocument,
    CancelDocument,
    RefundDocument,
    Problem,
)
# What any route may answer besides its own problems.
_ALWAYS = (ProblemCode.TEMPORARILY_UNAVAILABLE, ProblemCode.INTERNAL_ERROR)
_WITH_KEY = (ProblemCode.UNAUTHENTICATED, ProblemCode.FORBIDDEN, ProblemCode.RATE_LIMITED)
_WITH_BODY = (
    ProblemCode.MALFORMED_JSON,
    ProblemCode.BODY_INCOMPLETE,
    ProblemCode.BODY_TOO_LARGE,
    ProblemCode.UNSUPPORTED_MEDIA_TYPE,
    ProblemCode.INVALID_REQUEST,
)


def body_of(kind: type[Document]) -> dict[str, Any]:
    """`openapi_extra` of a route that reads this document."""
    schema = {"$ref": _REF.format(model=kind.__name__)}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


def problems(*codes: ProblemCode, reads: bool = False) -> dict[int | str, dict[str, Any]]:
    """`responses` of a route that needs a key; `reads` when it has a body."""
    listed = (*codes, *_WITH_KEY, *(_WITH_BODY if reads else ()), *_ALWAYS)
    by_status: dict[int | str, list[ProblemCode]] = {}
    for code in listed:
        by_status.setdefault(int(PROBLEMS[code].status), []).append(code)
    return {
        status: {
            "description": " or ".join(f"`{code}`" for code in dict.fromkeys(found)),
            "content": {MEDIA_TYPE: {"schema": {"$ref": _REF.format(model=Problem.__name__)}}},
        }
        for status, found in by_status.items()
    }


def describe(app: FastAPI) -> None:
    """Make `/openapi.json` complete."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
            )
            _, ours = models_json_schema(
                [(model, "validation") for model in _MODELS], ref_template=_REF
            )
            schema.setdefault("components", {}).setdefault("schemas", {}).update(ours["$defs"])
            app.openapi_schema = schema
        return app.openapi_schema

    # FastAPI's documented way to extend its description.
    app.openapi = openapi  # type: ignore[method-assign]
