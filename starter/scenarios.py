"""The scenarios of `python -m starter demo --scenario NAME`: each a list of steps to be watched.

docs/failures.md says what stands behind them; there, tests prove what is only shown here.
"""

from starter.acts import (
    ALERT,
    ASK,
    CHOOSE,
    FAILURE,
    LOSE_ANSWER,
    PAID,
    PAY,
    PAY_UNHEARD,
    REASON,
    RECEIPT,
    alerted,
    at_gateway,
    becomes,
    cancel,
    checkout,
    command,
    fault,
    invoiced,
    mailed,
    refuse_mails,
    start,
    stop,
    take_mails,
    transactions,
    wait,
)
from starter.aftermath import AFTERMATH
from starter.demo import Scenario

SOON = {"PAYMENTS_FIRST_ASK_SECONDS": "5", "PAYMENTS_ABSENCE_SECONDS": "5"}
SHORT = {**SOON, "PAYMENTS_PAYMENT_WINDOW_SECONDS": "20"}
# Until told, nobody knows: neither webhook nor asking comes before the time is up.
SILENT = {**SHORT, "PAYMENTS_FIRST_ASK_SECONDS": "60"}
GOPAY = {"method": "gopay", "integration": "core"}
CARD = {"method": "credit_card", "integration": "snap"}
SNAP = {"method": "any", "integration": "snap"}

SCENARIOS = {
    "paid": Scenario(
        "the order is paid, invoiced, and its receipt mailed",
        (
            ASK,
            PAY,
            ("Midtrans notifies, the order becomes paid", becomes("paid")),
            ("the invoice is issued and drawn", invoiced),
            RECEIPT,
        ),
    ),
    "denied": Scenario(
        "the wallet denies; the customer pays with another method",
        (
            ASK,
            ("the wallet denies the payment", at_gateway("deny")),
            ("the order has failed", becomes("failed")),
            FAILURE,
            CHOOSE,
            PAY,
            PAID,
            RECEIPT,
        ),
        order=GOPAY,
    ),
    "refused": Scenario(
        "Midtrans refuses our key: no retry, an alert, another method",
        (
            ("Midtrans will refuse the charge", fault("charge", {"fault": "status:401"})),
            ASK,
            FAILURE,
            ALERT,
            CHOOSE,
            PAY,
            PAID,
        ),
    ),
    "unreachable": Scenario(
        "Midtrans cannot be reached; the attempt is closed once it answers again",
        (
            ("Midtrans goes away", stop("simulator")),
            ("checkout asks for payment, which is tried for a while", checkout),
            FAILURE,
            ("Midtrans answers again", start("simulator")),
            CHOOSE,
            PAY,
            PAID,
        ),
        settings=SOON,
    ),
    "unknown": Scenario(
        "the answer to the charge is lost: looked up, and never charged twice",
        (
            ("the first answer will be lost", fault("charge", LOSE_ANSWER)),
            ASK,
            ("one transaction is there", transactions),
            PAY,
            PAID,
        ),
    ),
    "timeout": Scenario(
        "nobody pays in time; the order expires, here and at Midtrans",
        (ASK, ("the time to pay passes", becomes("expired")), ("the mail is sent", mailed), CHOOSE),
        settings=SHORT,
    ),
    "last-moment": Scenario(
        "paid in time, but nobody hears of it until the time is up",
        (ASK, PAY_UNHEARD, ("the time passes, and Midtrans says: paid", becomes("paid")), RECEIPT),
        settings=SILENT,
    ),
    "snap-never-opened": Scenario(
        "the customer never opens the Snap page",
        (ASK, ("the time to pay passes", becomes("expired")), ("the mail is sent", mailed)),
        order=SNAP,
        settings=SHORT,
    ),
    "cancel": Scenario(
        "the customer cancels, and Midtrans is told",
        (ASK, ("the customer cancels", cancel), ("the mail is sent", mailed)),
    ),
    "cancel-too-late": Scenario(
        "the customer cancels, but the money was faster",
        (ASK, PAY_UNHEARD, ("the customer cancels", cancel), PAID, RECEIPT),
    ),
    "late-webhook": Scenario(
        "the webhook is slow, so Midtrans is asked",
        (
            ASK,
            ("webhooks will come late", fault("webhook", {"fault": "delay:30"})),
            PAY,
            PAID,
            RECEIPT,
        ),
        settings=SOON,
    ),
    "mismatch": Scenario(
        "another amount is paid; a human decides that it does not count",
        (
            ASK,
            ("the customer pays a tenth of it", at_gateway("pay", amount=35_000)),
            ("nothing is marked paid", becomes("mismatch", "attention")),
            ALERT,
            ("an operator looks at what waits", command("cases", "list")),
            (
                "and decides",
                command("cases", "resolve", "1", "--resolution", "rejected", *REASON),
            ),
            ("the order has failed", becomes("failed")),
            FAILURE,
        ),
    ),
    "review": Scenario(
        "Midtrans holds a card payment for review; an operator approves it",
        (
            ASK,
            ("Midtrans has doubts about the card", at_gateway("challenge")),
            ("the payment is in review", becomes("in_review")),
            ("an operator approves", command("review", "ORDER", "approve", *REASON)),
            PAID,
            RECEIPT,
        ),
        order=CARD,
    ),
    "mail-down": Scenario(
        "the mail server refuses; the payment stands, and the receipt comes later",
        (
            ASK,
            ("the mail server refuses mails", refuse_mails),
            PAY,
            PAID,
            ("the receipt is tried again and again", wait(20)),
            ("the mail server takes mails again", take_mails),
            ("an operator does not want to wait", command("retry-now", "ORDER", *REASON)),
            RECEIPT,
        ),
    ),
    "database-down": Scenario(
        "PostgreSQL stops while the customer pays; nothing is lost",
        (
            ASK,
            ("PostgreSQL stops", stop("postgres")),
            PAY,
            ("after half a minute the administrator is alerted", alerted),
            ("PostgreSQL is started again", start("postgres")),
            ("an operator does not want to wait", command("retry-now", "ORDER", *REASON)),
            PAID,
            RECEIPT,
        ),
    ),
    **AFTERMATH,
}
