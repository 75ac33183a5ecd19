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
    MANUAL_REFUND = "manual_refund"
    REFUND_APPROVAL = "refund_approval"
    REFUND_STUCK = "refund_stuck"
    CHARGEBACK = "chargeback"
    REFUND_FUNDS = "refund_funds"
    REFUND_REFUSED = "refund_refused"
    SETTLEMENT_REVERSED = "settlement_reversed"
    DATABASE_STUCK = "database_stuck"
    DOCUMENT_STUCK = "document_stuck"
    GATEWAY_REFUSES = "gateway_refuses"
    GATEWAY_SILENT = "gateway_silent"
    DISCREPANCY_OPEN = "discrepancy_open"


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
    AlertCode.MANUAL_REFUND: Alert(
        "Money must go back by bank transfer: the gateway cannot give it back.",
        "`python -m starter cases show CASE_ID` shows amount and bank details. One operator"
        " approves (`cases resolve CASE_ID --resolution approved --reason …`), another one"
        " transfers and says so (`--resolution transferred --reference …`).",
    ),
    AlertCode.REFUND_APPROVAL: Alert(
        "A refund above the limit waits for a second person.",
        "`python -m starter cases show CASE_ID` shows it; `cases resolve CASE_ID --resolution"
        " approved --reason …` lets it go out, `rejected` refuses it.",
    ),
    AlertCode.REFUND_STUCK: Alert(
        "For seven days nobody has said what became of a refund.",
        "Ask Midtrans' support or the bank. `python -m starter cases resolve CASE_ID --resolution"
        " accepted --reason …` when the money went back, `rejected` when it did not.",
    ),
    AlertCode.CHARGEBACK: Alert(
        "The issuer of the customer's card has taken the payment back.",
        "Do not ship. Send the evidence to Midtrans before the case's due date (`python -m starter"
        " cases show CASE_ID`); then `cases resolve CASE_ID --resolution won --reason …`, or `lost`, with"
        " `--amount` when it was a part.",
    ),
    AlertCode.REFUND_FUNDS: Alert(
        "Midtrans cannot pay a refund: the merchant's balance is too low.",
        f"Top up the balance in the Midtrans dashboard. {_RETRY}",
    ),
    AlertCode.REFUND_REFUSED: Alert(
        "Midtrans or the bank has refused a refund. The customer has not got the money back.",
        "`python -m starter status ORDER` shows the code. Ask for it again under another key, or"
        " with `refund ORDER --by-transfer`.",
    ),
    AlertCode.SETTLEMENT_REVERSED: Alert(
        "The bank has taken a settled payment back: the order is not paid any more.",
        "Do not ship; stop the goods if they are on their way. The customer was asked to pay"
        " again; `python -m starter status ORDER` shows whether they have.",
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
    AlertCode.DISCREPANCY_OPEN: Alert(
        "Midtrans and our records have differed for too long, and nobody has resolved it.",
        "`python -m starter reconcile differences` shows what differs; settle each with finance,"
        " then close it with `reconcile resolve`.",
    ),
}

# After the first alert: an hour, six, a day, and then every day.
REMINDER_PAUSES = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24))


def reminder_pause(sent: int) -> timedelta:
    """How long to wait after the alert was sent `sent` times; longer each time, at most a day."""
    return REMINDER_PAUSES[min(sent, len(REMINDER_PAUSES)) - 1]
