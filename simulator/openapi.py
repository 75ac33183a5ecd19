"""Writes an OpenAPI document from a table of what is served."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Schema = Mapping[str, object]
_PARAMETER = re.compile(r"\{(\w+)(?::\w+)?\}")
JSON = "application/json"
HTML = "text/html"

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer"}
FLAG: Schema = {"type": "boolean"}
ANYTHING: Schema = {"type": "object"}


@dataclass(frozen=True, slots=True)
class Reply:
    text: str
    schema: Schema | None = None
    media: str = JSON


@dataclass(frozen=True, slots=True)
class Served:
    """One verb of one path, as a reader wants to know it."""

    verb: str
    path: str
    summary: str
    tag: str
    replies: Mapping[int, Reply]
    query: Mapping[str, str] = field(default_factory=dict)
    body: Schema | None = None
    media: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)
    security: str = ""


def reference(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def an_object(required: Sequence[str] = (), **properties: Schema) -> Schema:
    schema: dict[str, object] = {"type": "object", "properties": properties}
    return schema | {"required": list(required)} if required else schema


def a_list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def one_of(*values: str) -> Schema:
    return {"type": "string", "enum": list(values)}


def described_path(path: str) -> str:
    """Write a route's path as OpenAPI does, without converters."""
    return _PARAMETER.sub(r"{\1}", path)


def document(
    title: str,
    text: str,
    served: Sequence[Served],
    components: Mapping[str, object],
) -> dict[str, object]:
    paths: dict[str, dict[str, object]] = {}
    for each in served:
        paths.setdefault(described_path(each.path), {})[each.verb.lower()] = _operation(each)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1.0.0", "description": text},
        "paths": paths,
        "components": components,
    }


def _operation(served: Served) -> dict[str, object]:
    operation: dict[str, object] = {
        "summary": served.summary,
        "tags": [served.tag],
        "operationId": _operation_id(served),
        "responses": {str(code): _reply(reply) for code, reply in served.replies.items()},
    }
    parameters = _parameters(served)
    if parameters:
        operation["parameters"] = parameters
    if served.body is not None:
        operation["requestBody"] = {"content": {served.media: {"schema": served.body}}}
    if served.security:
        operation["security"] = [{served.security: []}]
    return operation


def _operation_id(served: Served) -> str:
    words = re.sub(r"\W+", "_", described_path(served.path)).strip("_")
    return f"{served.verb.lower()}_{words}"


def _parameters(served: Served) -> list[dict[str, object]]:
    named = [
        {"name": name, "in": "path", "required": True, "schema": TEXT}
        for name in _PARAMETER.findall(served.path)
    ]
    for place, members in (("query", served.query), ("header", served.headers)):
        named += [
            {"name": name, "in": place, "required": False, "schema": TEXT, "description": text}
            for name, text in members.items()
        ]
    return named


def _reply(reply: Reply) -> dict[str, object]:
    described: dict[str, object] = {"description": reply.text}
    if reply.schema is not None:
        described["content"] = {reply.media: {"schema": reply.schema}}
    return described
