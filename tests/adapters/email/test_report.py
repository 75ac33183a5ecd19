"""What finance is mailed of a reconciliation run."""

import logging
import re
from dataclasses import replace
from html import unescape

import pytest

from adapters.email.errors import MailNotSentError
from adapters.email.mailer import SmtpMailer
from adapters.email.options import SmtpOptions
from payments.reconciliation import RunReport, Tally
from payments.reconciling import RunKind
from tests.adapters.email.conftest import SENDER, Post
from tests.adapters.email.ends import DESK
from tests.adapters.invoice_pdf.invoices import SKATERS
from tests.adapters.run_reports import DIFFERING, NOTHING

FINANCE = "finance@skaters.example"
PDF = b"%PDF-1.4\n" + bytes(range(256)) * 300
CSV = b"kind,order\r\nstate_differs,SKT-1001\r\n"


@pytest.fixture
def mailer(options: SmtpOptions) -> SmtpMailer:
    return SmtpMailer(options, SKATERS, replace(DESK, finance_email=FINANCE))


async def test_a_report_arrives_as_text_and_html_with_both_files(
    mailer: SmtpMailer, post: Post
) -> None:
    await mailer.send_report(NOTHING, PDF, CSV)

    [mail] = post.mails
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
        "text/csv",
    ]
    pdf, csv = mail.iter_attachments()
    assert pdf.get_filename() == "reconciliation-recent-2026-11-22T20-00-00Z.pdf"
    assert pdf.get_content() == PDF
    assert csv.get_filename() == "reconciliation-recent-2026-11-22T20-00-00Z.csv"
    assert csv.get_payload(decode=True) == CSV


async def test_the_headers_of_a_report_say_whose_mail_it_is(mailer: SmtpMailer, post: Post) -> None:
    await mailer.send_report(NOTHING, PDF, CSV)

    [envelope], [mail] = post.taken, post.mails
    assert (envelope.mail_from, envelope.rcpt_tos) == (SENDER, [FINANCE])
    assert mail["From"] == f"Skaters <{SENDER}>"
    assert mail["To"] == FINANCE
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Content-Language"] == "en"


@pytest.mark.parametrize(
    ("report", "outcome"),
    [
        (NOTHING, "recent 2026-11-23: all agrees"),
        (replace(NOTHING, kind=RunKind.OPEN), "open 2026-11-23: all agrees"),
        (replace(NOTHING, open_discrepancies=3), "recent 2026-11-23: 3 differences open"),
        (replace(NOTHING, open_discrepancies=1), "recent 2026-11-23: 1 difference open"),
        (replace(NOTHING, tally=Tally(unanswered=1)), "recent 2026-11-23: 1 attempt unanswered"),
        (DIFFERING, "file 2026-11-23: 3 differences open, 2 attempts unanswered"),
    ],
)
async def test_the_subject_says_what_the_run_came_to(
    mailer: SmtpMailer, post: Post, report: RunReport, outcome: str
) -> None:
    await mailer.send_report(report, PDF, CSV)

    [mail] = post.mails
    assert mail["Subject"] == f"[Skaters] reconciliation {outcome}"


async def test_both_bodies_say_what_was_found_and_the_sums(mailer: SmtpMailer, post: Post) -> None:
    await mailer.send_report(DIFFERING, PDF, CSV)

    [mail] = post.mails
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        seen = unescape(re.sub(r"<[^>]+>", " ", body.get_content()))
        for fact in (
            "3 differences are open, 1 of them for too long.",
            "2 attempts could not be asked about.",
            "Settlement file",
            "23 November 2026, 03:12 WIB",
            "reconciliation/recent-2026-11-22T20:00:00Z",
            "1,250",
            "Row twice in the file",
            "BCA Virtual Account",
            "Rp793.700",
            "Rp1.143.700",
            "reconciliation-recent-2026-11-22T20-00-00Z.csv",
        ):
            assert fact in seen
        assert "None" not in seen


async def test_the_same_run_has_the_same_message_id_and_another_run_another(
    mailer: SmtpMailer, post: Post
) -> None:
    await mailer.send_report(NOTHING, PDF, CSV)
    await mailer.send_report(NOTHING, PDF, CSV)
    await mailer.send_report(replace(NOTHING, run_id="another"), PDF, CSV)

    first, again, other = (mail["Message-ID"] for mail in post.mails)
    assert first == again
    assert first != other
    assert first.endswith("@skaters.example>")


@pytest.mark.parametrize(
    "run_id", ["../../etc/passwd", 'a"b\r\nBcc: all@example.com', "a\\b:c|d*?"]
)
async def test_no_run_id_makes_a_dangerous_file_name(
    mailer: SmtpMailer, post: Post, run_id: str
) -> None:
    await mailer.send_report(replace(NOTHING, run_id=run_id), PDF, CSV)

    [mail] = post.mails
    assert mail["Bcc"] is None
    for attachment in mail.iter_attachments():
        assert re.fullmatch(r"reconciliation-[\w.-]+\.(pdf|csv)", attachment.get_filename() or "")


async def test_without_a_recipient_nothing_is_sent_and_that_is_logged(
    options: SmtpOptions, post: Post, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        await SmtpMailer(options, SKATERS, DESK).send_report(NOTHING, PDF, CSV)

    assert post.taken == []
    [line] = caplog.records
    assert (line.levelname, line.message) == ("WARNING", "report.without_recipient")
    assert vars(line)["run_id"] == NOTHING.run_id


async def test_a_report_that_is_refused_is_an_error(mailer: SmtpMailer, post: Post) -> None:
    post.answer = "451 4.3.0 later"

    with pytest.raises(MailNotSentError, match=re.escape("451 4.3.0")):
        await mailer.send_report(NOTHING, PDF, CSV)
