"""What the administrator is told when something waits for a human, and what to do about it."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class AlertCode(StrEnum):
    """Why; also the values of the search attribute PaymentAttention."""

    MISMATCH = "mismatch"
    CONTRADICTION = "contradiction"
    LATE_MONEY = "late_money"
    SECOND_PAYMENT = "second_payment"
    UNMATCHED_MONEY = "unmatched_money"
    DATABASE_STUCK = "database_stuck"
    DOCUMENT_STUCK = "document_stuck"
    GATEWAY_REFUSES = "gateway_refuses"
    GATEWAY_SILENT = "gateway_silent"


@dataclass(frozen=True, slots=True)
class Alert:
    what: str
    what_to_do: str


_NOTED = (
    "`python -m starter cases list` shows the case; once it is dealt with, close it with"
    " `cases resolve CASE_ID --resolution noted --reason …`."
)
_JUDGED = (
    "`python -m starter cases list` shows the case; `cases resolve CASE_ID --resolution … --reason"
    " …` closes it: accepted when the money counts, rejected when it does not."
)
_RETRY = "It goes on trying by itself; `python -m starter retry-now ORDER` tries at once."
ALERTS: dict[AlertCode, Alert] = {
    AlertCode.MISMATCH: Alert(
        "Midtrans reports a transaction that differs from what we asked for. Nothing was paid.",
        f"Compare the transaction in the Midtrans dashboard with the order. {_JUDGED}",
    ),
    AlertCode.CONTRADICTION: Alert(
        "Midtrans reports a state that cannot follow the one it reported before.",
        f"Ask Midtrans what happened to the transaction; do not ship. {_NOTED}",
    ),
    AlertCode.LATE_MONEY: Alert(
        "Money came after the order had ended.", f"Give the money back. {_NOTED}"
    ),
    AlertCode.SECOND_PAYMENT: Alert(
        "The order was paid a second time.", f"Give the second payment back. {_NOTED}"
    ),
    AlertCode.UNMATCHED_MONEY: Alert(
        "Money came for an order id of our form that is not stored here.",
        f"Find out whose it is: a shared account, or a restored database. {_NOTED}",
    ),
    AlertCode.DATABASE_STUCK: Alert(
        "A change of this order cannot be stored: the database does not take it.",
        f"See that PostgreSQL is up and reachable. Nothing is lost. {_RETRY}",
    ),
    AlertCode.DOCUMENT_STUCK: Alert(
        "The invoice or a mail of this order cannot be made or sent. The payment stands.",
        f"See that the mail server takes our mail. {_RETRY}",
    ),
    AlertCode.GATEWAY_REFUSES: Alert(
        "Midtrans refuses our requests about this order; the reason is likely ours.",
        "Check the server key, the environment and the activated methods. A refused charge is"
        f" over, the customer may try again; questions about open payments go on. {_RETRY}",
    ),
    AlertCode.GATEWAY_SILENT: Alert(
        "Midtrans has not told for long how this payment stands; the customer sees `checking`.",
        f"Look at Midtrans' status page and dashboard. {_RETRY}",
    ),
}

# After the first alert: an hour, six, a day, and then every day.
REMINDER_PAUSES = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))


def reminder_pause(sent: int) -> timedelta:
    """How long to wait after the alert was sent `sent` times; longer each time, at most a day."""
    return REMINDER_PAUSES[min(sent, len(REMINDER_PAUSES)) - 1]
