"""Whatever the code writes into the audit log can be read by people."""

import ast
from collections.abc import Iterator
from pathlib import Path

from payments.cases import CaseCode, Resolution
from payments.gateway import ReviewDecision
from payments.refunds import RefundStatus
from payments.status import ENDED_WITHOUT_MONEY, AttemptStatus
from starter.audit_words import CASES, EVENTS

ROOT = Path(__file__).parents[2]
FOLDERS = ("payments", "adapters", "starter", "activities", "workflows")
# These take the name of the event as their first argument.
WRITERS = {"AuditEntry", "refund_entry", "_entry"}
# What a name that is put together may end in.
ENDINGS = {
    "attempt.": ENDED_WITHOUT_MONEY,
    "transaction.": frozenset(AttemptStatus) - {AttemptStatus.PREPARING},
    "case.": frozenset(CaseCode) | frozenset(Resolution),
    "refund.": frozenset({RefundStatus.ACCEPTED, RefundStatus.CONFIRMED}),
    "review.": frozenset(ReviewDecision),
}


def written() -> Iterator[tuple[str, ast.expr]]:
    """The first argument of each call that writes an entry, and where that is."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call) and node.args and _name(node.func) in WRITERS:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node.args[0]


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def events() -> Iterator[str]:
    for where, event in written():
        match event:
            case ast.Constant(value=str(name)):
                yield name
            case ast.JoinedStr(values=[ast.Constant(value=str(prefix)), _]):
                assert prefix in ENDINGS, f"{where}: say in ENDINGS what may follow {prefix}"
                yield from (f"{prefix}{ending}" for ending in ENDINGS[prefix])
            case ast.Name():
                pass  # a writer that hands on what it was given
            case _:
                raise AssertionError(f"{where}: cannot be read; write the event's name there")


def test_every_event_that_can_be_written_has_words() -> None:
    written_events = set(events())

    assert len(written_events) > 50
    assert written_events - set(EVENTS) == set()


def test_there_are_no_words_for_what_nobody_writes() -> None:
    assert set(EVENTS) - set(events()) == set()


def test_the_words_are_sentences_of_their_own() -> None:
    assert all(text[0].isupper() and text.endswith(".") for text in EVENTS.values())
    assert len(set(EVENTS.values())) == len(EVENTS)
    assert set(CASES) == set(CaseCode)
