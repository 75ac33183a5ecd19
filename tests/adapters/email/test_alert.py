"""What the administrator reads."""

from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.email.alert import alert_letter, alert_message_id
from payments.alerts import ALERTS, AlertCode
from payments.cases import CaseCode
from payments.commands import AlertOrder
from tests.adapters.email.ends import DESK
from tests.adapters.invoice_pdf.invoices import PAID_AT

STUCK = AlertOrder(order_id="SKT-1001", code=AlertCode.DATABASE_STUCK, sent=0, at=PAID_AT)


def test_every_alert_has_its_words_and_every_case_its_alert() -> None:
    assert set(ALERTS) == set(AlertCode)
    assert {case.value for case in CaseCode} <= {code.value for code in AlertCode}


def test_an_alert_says_what_where_when_and_what_to_do() -> None:
    letter = alert_letter(STUCK, "Skaters", DESK)

    assert letter.subject == "[Skaters payments] database_stuck: order SKT-1001"
    assert letter.html == ""
    assert letter.text == (
        "A change of this order cannot be stored: the database does not take it.\n"
        "\n"
        "What to do: See that PostgreSQL is up and reachable. Nothing is lost. It goes on trying"
        " by itself; `python -m starter retry-now SKT-1001` tries at once.\n"
        "\n"
        "Order: SKT-1001\n"
        "Cause: database_stuck\n"
        "When: 23 November 2026, 14:05 WIB\n"
        "Run: https://temporal.skaters.example/namespaces/default/workflows/payment%2FSKT-1001\n"
        "\n"
        "  python -m starter retry-now SKT-1001\n"
    )


@pytest.mark.parametrize("code", AlertCode)
def test_every_alert_gives_a_command_that_is_ready_to_run(code: AlertCode) -> None:
    letter = alert_letter(replace(STUCK, code=code), "Skaters", DESK)

    assert "\n  python -m starter " in letter.text
    assert "ORDER" not in letter.text


def test_without_a_web_ui_there_is_no_link() -> None:
    letter = alert_letter(STUCK, "Skaters", replace(DESK, web_ui_url=None))

    assert "Run:" not in letter.text


def test_a_reminder_says_which_it_is() -> None:
    letter = alert_letter(replace(STUCK, sent=2), "Skaters", DESK)

    assert letter.subject == "[Skaters payments] database_stuck: order SKT-1001 (reminder 2)"


def test_a_name_on_two_lines_stays_one_subject() -> None:
    letter = alert_letter(STUCK, "Skaters\r\nBcc: all@example.com", DESK)

    assert "\n" not in letter.subject
    assert "\r" not in letter.subject


def test_the_same_alert_has_the_same_message_id_however_often_it_is_sent() -> None:
    ids = {alert_message_id(replace(STUCK), "skaters.example") for _ in range(2)}

    assert len(ids) == 1
    assert ids.pop().endswith("@skaters.example>")


def test_the_same_cause_on_another_day_has_another_message_id() -> None:
    later = replace(STUCK, at=PAID_AT + timedelta(days=10))

    assert alert_message_id(later, "a.example") != alert_message_id(STUCK, "a.example")


@pytest.mark.parametrize(
    "other",
    [
        replace(STUCK, order_id="SKT-1002"),
        replace(STUCK, code=AlertCode.DOCUMENT_STUCK),
        replace(STUCK, sent=1),
    ],
)
def test_another_alert_has_another_message_id(other: AlertOrder) -> None:
    assert alert_message_id(other, "skaters.example") != alert_message_id(STUCK, "skaters.example")
