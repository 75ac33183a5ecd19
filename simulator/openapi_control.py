"""The description of the control API."""

from dataclasses import fields, replace

from simulator.behaviour import Behaviour
from simulator.faults import OPERATIONS
from simulator.methods import METHODS
from simulator.openapi import (
    ANYTHING,
    FLAG,
    TEXT,
    WHOLE,
    Reply,
    Schema,
    Served,
    a_list,
    an_object,
    document,
    one_of,
)
from simulator.transactions import Status

PREFIX = "/_simulator"
EVENTS = (
    *("pay", "deny", "expire", "settle", "reverse", "chargeback", "challenge", "cancel", "refund"),
    "confirm_refund",
)
_PROBLEM = an_object(["error"], error=TEXT)
_TYPES = {"bool": "boolean", "float": "number", "int": "integer", "str": "string"}
_NUMBER: Schema = {"type": "number"}
_PLANT = an_object(
    ["order_id", "gross_amount"],
    order_id=TEXT,
    gross_amount=WHOLE,
    method=one_of(*METHODS),
    status=one_of(*(each.value for each in Status)),
    merchant_id=TEXT,
    transaction_id=TEXT,
    currency=TEXT,
    notify=FLAG,
)
_CAUSE = an_object(
    transaction_id=TEXT,
    amount=WHOLE,
    method=TEXT,
    scanned=FLAG,
    refund_key=TEXT,
    reason=TEXT,
    notify=FLAG,
)
_RULE = an_object(
    ["operation", "fault"],
    operation=one_of("*", "webhook", *sorted(OPERATIONS)),
    order_id=TEXT,
    status=TEXT,
    nth=WHOLE,
    times=WHOLE,
    fault=TEXT,
)


def control_document() -> dict[str, object]:
    text = "What customers, banks and people in the dashboard do, on command. No key is needed."
    served = [*_transactions(), *_others(), *_knobs(), *_documents()]
    return document("Control API of the Midtrans simulator", text, served, {})


def _transactions() -> list[Served]:
    order = {"order_id": "Only of this order."}
    return [
        replace(
            _served("GET", "/transactions", "List the transactions", "transactions"), query=order
        ),
        _served("POST", "/transactions", "Plant a transaction", "", body=_PLANT, code=201),
        _served(
            "POST",
            "/transactions/{order_id}/{event}",
            f"Let something happen: {', '.join(EVENTS)}",
            "",
            body=_CAUSE,
        ),
        _served("GET", "/snap-sessions", "List the Snap sessions", "sessions"),
        replace(
            _served(
                "GET",
                "/notifications",
                "List the notifications and each attempt to deliver them",
                "notifications",
            ),
            query=order | {"after": "An id to go on after.", "limit": "So many at most."},
        ),
        _served(
            "POST",
            "/notifications/test",
            "Send the dashboard's test notification",
            "",
            body=an_object(merchant_id=TEXT),
            code=202,
        ),
        _served(
            "POST", "/notifications/{number}/resend", "Send a notification again", "", code=202
        ),
    ]


def _others() -> list[Served]:
    return [
        _served("GET", "/accounts", "List the linked wallet accounts", "accounts"),
        _served(
            "PUT",
            "/accounts/{account_id}",
            "Set what is in an account, by way to pay",
            "",
            body=ANYTHING,
        ),
        _served(
            "POST",
            "/accounts/{account_id}/{event}",
            "Let something happen to an account: link, expire, unbind",
            "",
        ),
        _served("GET", "/subscriptions", "List the subscriptions", "subscriptions"),
    ]


def _knobs() -> list[Served]:
    knobs = an_object((), **{each.name: _knob(each.type) for each in fields(Behaviour)})
    plan = an_object(["faults"], faults=a_list(_RULE))
    clock = an_object(now=TEXT, advance_seconds=_NUMBER, time_scale=_NUMBER)
    return [
        _served("GET", "/faults", "Show the fault plan and what each rule has seen", "faults"),
        _served("PUT", "/faults", "Replace the fault plan", "faults", body=plan),
        _served("GET", "/behaviour", "Show the knobs", ""),
        _served("PUT", "/behaviour", "Turn some of the knobs", "", body=knobs),
        _served("GET", "/clock", "Tell the simulated time", ""),
        _served("PUT", "/clock", "Set, advance, scale or stop the time", "", body=clock),
        _served("POST", "/reset", "Begin anew", ""),
    ]


def _documents() -> list[Served]:
    range_query = {"from": "A day or an instant.", "to": "A day, with all of it, or an instant."}
    export = {200: Reply("The dashboard's export.", TEXT, "text/csv")}
    return [
        Served(
            "GET",
            f"{PREFIX}/settlements.csv",
            "Export what was settled, with fees",
            "Control",
            export | {400: Reply("Bad input.", _PROBLEM)},
            query=range_query,
        ),
        _served("GET", "/openapi.json", "This document", ""),
        _served("GET", "/midtrans-openapi.json", "The look-alike's document", ""),
    ]


def _served(
    verb: str,
    path: str,
    summary: str,
    listed: str,
    *,
    body: Schema | None = None,
    code: int = 200,
) -> Served:
    schema = an_object([listed], **{listed: a_list(ANYTHING)}) if listed else ANYTHING
    replies = {
        code: Reply("The outcome.", schema),
        400: Reply("Bad input.", _PROBLEM),
        404: Reply("It is not there.", _PROBLEM),
        409: Reply("Not as things stand.", _PROBLEM),
    }
    return Served(verb, PREFIX + path, summary, "Control", replies, body=body)


def _knob(kind: object) -> Schema:
    name = getattr(kind, "__name__", str(kind))
    return {"type": _TYPES[name]} if name in _TYPES else a_list(TEXT)
