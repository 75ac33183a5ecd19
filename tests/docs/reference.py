"""Builds docs/reference.md from the code: `python -m tests.docs.reference`."""

import sys
from collections.abc import Iterable
from pathlib import Path

from adapters.metrics import METRICS
from payments.alerts import ALERTS
from settings import PREFIX, Settings
from starter.problems import PROBLEMS

REFERENCE = Path(__file__).parents[2] / "docs" / "reference.md"


def reference() -> str:
    """The whole page."""
    return "\n".join(
        (
            "# Reference",
            "",
            "Made from the code by `python -m tests.docs.reference`; a test compares.",
            "",
            "## Problem codes of the checkout API",
            "",
            *_table(
                ("code", "status", "title"),
                (
                    (f"`{code}`", str(kind.status.value), kind.title)
                    for code, kind in PROBLEMS.items()
                ),
            ),
            "## PaymentAttention",
            "",
            "Codes of the search attribute, of alerts and of cases.",
            "",
            *_table(
                ("code", "what", "what to do"),
                ((f"`{code}`", alert.what, alert.what_to_do) for code, alert in ALERTS.items()),
            ),
            "## Settings",
            "",
            "The connection to Temporal has Temporal's own `TEMPORAL_*` variables.",
            "",
            *_table(("setting", "default", "meaning"), _settings()),
            "## Metrics",
            "",
            "Of the processes, each at its own `/metrics`; [observability.md](observability.md).",
            "",
            *_table(("metric", "kind", "of", "labels", "meaning"), _metrics()),
        )
    )


def _settings() -> Iterable[tuple[str, str, str]]:
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = ",".join(default) if isinstance(default, tuple) else default
        yield (
            f"`{PREFIX}{name.upper()}`",
            "" if shown in (None, "") else f"`{shown}`",
            field.description or "",
        )


def _metrics() -> Iterable[tuple[str, ...]]:
    for process, metrics in METRICS.items():
        for each in metrics:
            labels = ", ".join(f"`{label}`" for label in each.labels)
            yield f"`{each.name}`", each.kind, process, labels, each.meaning


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    lines = (head, tuple("---" for _ in head), *rows)
    return [*(f"| {' | '.join(map(_cell, line))} |" for line in lines), ""]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    REFERENCE.write_text(reference())
    sys.stdout.write(f"{REFERENCE.name} is up to date\n")
