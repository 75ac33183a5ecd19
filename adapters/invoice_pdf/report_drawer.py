"""Reports of reconciliation runs as PDF."""

from adapters.invoice_pdf.paper import Paper, drawn, register_typeface
from adapters.invoice_pdf.report_parts import TITLE, report_parts
from payments.invoice import Merchant
from payments.reconciliation import RunReport
from payments.request import Locale


class ReportPdfDrawer:
    """Draws the same report as the same bytes, whenever and wherever that happens."""

    def __init__(self, merchant: Merchant) -> None:
        register_typeface()
        self._merchant = merchant

    async def draw_report(self, report: RunReport) -> bytes:
        paper = Paper(
            title=TITLE,
            number=report.run_id,
            shop=self._merchant.name,
            made_at=report.finished_at,
            locale=Locale.EN,
            parts=lambda: report_parts(report, self._merchant),
        )
        return await drawn(paper)
