"""What finance is mailed of a reconciliation run."""

import hashlib
import re
from typing import Any

from adapters.email.message import Attachment
from adapters.run_report import (
    RUN_KINDS,
    found_by_kind,
    outcome,
    sum_of_all,
    sums_by_method,
    verdict,
)
from payments.invoice import WIB, Merchant
from payments.reconciliation import RunReport

_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_WORKFLOW = "reconciliation/"  # what a run's id begins with when a schedule started it
_ID_LENGTH = 32


def report_facts(report: RunReport, merchant: Merchant) -> dict[str, Any]:
    return {
        "report": report,
        "merchant": merchant,
        "day": report.started_at.astimezone(WIB).date().isoformat(),
        "compared": RUN_KINDS[report.kind],
        "outcome": outcome(report),
        "verdict": verdict(report),
        "found": found_by_kind(report),
        "sums": [*sums_by_method(report), sum_of_all(report)],
        "files": [_filename(report, "pdf"), _filename(report, "csv")],
    }


def report_attachments(report: RunReport, pdf: bytes, differences: bytes) -> list[Attachment]:
    return [
        Attachment(_filename(report, "pdf"), pdf),
        Attachment(_filename(report, "csv"), differences, "text/csv"),
    ]


def report_message_id(report: RunReport, domain: str) -> str:
    digest = hashlib.sha256(report.run_id.encode()).hexdigest()
    return f"<report.{digest[:_ID_LENGTH]}@{domain}>"


def _filename(report: RunReport, ending: str) -> str:
    """Schedules put colons and slashes into a run's id, which no file may have everywhere."""
    run = _UNSAFE.sub("-", report.run_id.removeprefix(_WORKFLOW))
    return f"reconciliation-{run}.{ending}"
