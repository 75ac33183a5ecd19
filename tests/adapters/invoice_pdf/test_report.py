"""What finance reads of a reconciliation run, on paper."""

import asyncio
import os
import subprocess
import sys
from dataclasses import replace
from io import BytesIO

import pytest
from pypdf import PdfReader

from adapters.invoice_pdf.drawer import InvoicePdfDrawer
from adapters.invoice_pdf.report_drawer import ReportPdfDrawer
from adapters.run_report import DIFFERENCES, RUN_KINDS
from payments.methods import PaymentMethod
from payments.reconciliation import Tally
from payments.reconciling import DiscrepancyKind, RunKind
from tests.adapters.invoice_pdf.invoices import INVOICE, SKATERS
from tests.adapters.run_reports import DIFFERING, EVERYTHING, FINISHED_AT, NOTHING, drawn


@pytest.fixture(scope="module")
def drawer() -> ReportPdfDrawer:
    return ReportPdfDrawer(SKATERS)


def _pages(pdf: bytes) -> list[str]:
    return [page.extract_text() for page in PdfReader(BytesIO(pdf)).pages]


def _text(pdf: bytes) -> str:
    """The whole text, however its lines were broken."""
    return " ".join(" ".join(_pages(pdf)).split())


def test_every_kind_of_run_and_of_difference_has_its_words() -> None:
    assert set(RUN_KINDS) == set(RunKind)
    assert set(DIFFERENCES) == set(DiscrepancyKind)


async def test_a_report_says_which_run_it_is_of_and_when_it_ran(drawer: ReportPdfDrawer) -> None:
    text = _text(await drawer.draw_report(DIFFERING))

    for fact in (
        "Skaters",
        "Reconciliation",
        "Skaters · reconciliation/recent-2026-11-22T20:00:00Z",
        "Compared Settlement file",
        "Started 23 November 2026, 03:00 WIB",
        "Finished 23 November 2026, 03:12 WIB",
    ):
        assert fact in text


async def test_a_report_counts_what_was_found_and_what_became_of_it(
    drawer: ReportPdfDrawer,
) -> None:
    text = _text(await drawer.draw_report(DIFFERING))

    for fact in (
        "3 differences are open, 1 of them for too long. 2 attempts could not be asked about.",
        "Checked 1,250",
        "Without an answer from the gateway 2",
        "Differences found 5 State differs 4 Row twice in the file 1",
        "Repaired automatically 2",
        "Open 3",
        "Open for too long 1",
        "Notification 1,000 Asking the gateway 25 Reconciliation 3 Total 1,028",
    ):
        assert fact in text
    assert "Nothing differs" not in text


async def test_the_sums_are_net_of_refunds_and_fees(drawer: ReportPdfDrawer) -> None:
    text = _text(await drawer.draw_report(DIFFERING))

    assert "QRIS Rp900.000 Rp100.000 Rp6.300 Rp793.700" in text
    assert "Total Rp1.250.000 Rp100.000 Rp6.300 Rp1.143.700" in text


async def test_a_fee_that_is_not_known_is_not_told_as_none(drawer: ReportPdfDrawer) -> None:
    text = _text(await drawer.draw_report(DIFFERING))

    assert "BCA Virtual Account Rp350.000 Rp0 – Rp350.000" in text  # noqa: RUF001


async def test_a_run_that_finds_nothing_says_so(drawer: ReportPdfDrawer) -> None:
    text = _text(await drawer.draw_report(NOTHING))

    assert "Nothing differs. " in text
    assert "Checked 0" in text
    assert "Total Rp0 Rp0 – Rp0" in text  # noqa: RUF001


async def test_differences_that_were_all_repaired_are_told_as_gone(
    drawer: ReportPdfDrawer,
) -> None:
    tally = Tally(checked=9, found={DiscrepancyKind.STATE_DIFFERS: 1}, repaired=1)

    text = _text(await drawer.draw_report(replace(NOTHING, tally=tally)))

    assert "Nothing differs any more." in text


async def test_every_difference_and_every_method_is_listed_and_no_amount_is_broken(
    drawer: ReportPdfDrawer,
) -> None:
    pages = _pages(await drawer.draw_report(EVERYTHING))

    text = " ".join(" ".join(pages).split())
    assert all(f"{label} 1" in text for label in DIFFERENCES.values())
    net = "Rp123.456.789.012 Rp1.500.000 Rp2.345.678 Rp123.452.943.334"
    assert text.count(net) == len(PaymentMethod)
    assert "Total Rp2.345.678.991.228 Rp28.500.000 Rp44.567.882 Rp2.345.605.923.346" in text
    for number, page in enumerate(pages, start=1):
        assert f"{number}/{len(pages)}" in page


async def test_a_method_without_a_name_of_ours_is_shown_as_it_is(drawer: ReportPdfDrawer) -> None:
    tally = Tally(captured={"<b>new</b>": 1_000}, found={"newest": 2}, found_by={"hearsay": 7})

    text = _text(await drawer.draw_report(replace(NOTHING, tally=tally)))

    for fact in ("<b>new</b> Rp1.000", "newest 2", "hearsay 7"):
        assert fact in text


async def test_the_document_says_what_it_is(drawer: ReportPdfDrawer) -> None:
    reader = PdfReader(BytesIO(await drawer.draw_report(NOTHING)))

    information = reader.metadata
    assert information is not None
    assert information.title == "Reconciliation reconciliation/recent-2026-11-22T20:00:00Z"
    assert information.author == "Skaters"
    assert information.creation_date == FINISHED_AT
    assert str(reader.root_object["/Lang"]) == "en"


async def test_in_which_order_things_were_counted_does_not_change_the_document(
    drawer: ReportPdfDrawer,
) -> None:
    tally = DIFFERING.tally
    turned = replace(
        tally,
        found=dict(reversed(list(tally.found.items()))),
        captured=dict(reversed(list(tally.captured.items()))),
        found_by=dict(reversed(list(tally.found_by.items()))),
    )

    pdf = await drawer.draw_report(replace(DIFFERING, tally=turned))

    assert pdf == await drawer.draw_report(DIFFERING)


def test_the_same_report_is_the_same_bytes_in_every_process() -> None:
    here = asyncio.run(drawn())

    there = subprocess.run(
        [sys.executable, "-m", "tests.adapters.run_reports"],
        env={**os.environ, "PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati"},
        check=True,
        capture_output=True,
    )

    assert there.stdout == here


async def test_reports_and_invoices_drawn_at_once_do_not_mix(drawer: ReportPdfDrawer) -> None:
    invoices = InvoicePdfDrawer()
    alone = [
        pdf
        for _ in range(4)
        for pdf in (await drawer.draw_report(EVERYTHING), await invoices.draw(INVOICE))
    ]

    at_once = await asyncio.gather(
        *(
            drawing
            for _ in range(4)
            for drawing in (drawer.draw_report(EVERYTHING), invoices.draw(INVOICE))
        )
    )

    assert at_once == alone
