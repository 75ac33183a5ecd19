"""What reconciliation runs came to; also run as a program, to draw one in another process."""

import asyncio
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from adapters.invoice_pdf.report_drawer import ReportPdfDrawer
from payments.methods import PaymentMethod
from payments.reconciliation import RunReport, Tally
from payments.reconciling import DiscrepancyKind, RunKind
from tests.adapters.invoice_pdf.invoices import SKATERS

# In Jakarta it is the next day already.
STARTED_AT = datetime(2026, 11, 22, 20, 0, tzinfo=UTC)
FINISHED_AT = STARTED_AT + timedelta(minutes=12)

NOTHING = RunReport(
    run_id="reconciliation/recent-2026-11-22T20:00:00Z",
    kind=RunKind.RECENT,
    started_at=STARTED_AT,
    finished_at=FINISHED_AT,
    tally=Tally(),
    currency="IDR",
    open_discrepancies=0,
    overdue_discrepancies=0,
)
DIFFERING = replace(
    NOTHING,
    kind=RunKind.FILE,
    tally=Tally(
        checked=1_250,
        unanswered=2,
        found={DiscrepancyKind.DUPLICATE_ROW: 1, DiscrepancyKind.STATE_DIFFERS: 4},
        repaired=2,
        captured={PaymentMethod.QRIS: 900_000, PaymentMethod.BCA_VA: 350_000},
        refunded={PaymentMethod.QRIS: 100_000},
        fees={PaymentMethod.QRIS: 6_300},
        found_by={"asking": 25, "notification": 1_000, "reconciliation": 3},
    ),
    open_discrepancies=3,
    overdue_discrepancies=1,
)
EVERYTHING = replace(
    DIFFERING,
    tally=Tally(
        found=dict.fromkeys(DiscrepancyKind, 1),
        captured=dict.fromkeys(PaymentMethod, 123_456_789_012),
        refunded=dict.fromkeys(PaymentMethod, 1_500_000),
        fees=dict.fromkeys(PaymentMethod, 2_345_678),
    ),
)


async def drawn() -> bytes:
    return await ReportPdfDrawer(SKATERS).draw_report(DIFFERING)


if __name__ == "__main__":
    sys.stdout.buffer.write(asyncio.run(drawn()))
