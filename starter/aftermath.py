"""The scenarios of what may follow a payment: refunds, returns, reversals, chargebacks."""

from starter.acts import (
    ALERT,
    ASK,
    CHOOSE,
    PAID,
    PAY,
    REASON,
    RECEIPT,
    at_gateway,
    becomes,
    cancel,
    command,
    credited,
    gives_account,
    mailed,
    refunded,
)
from starter.demo import Scenario

TAKEN = ("Midtrans has taken the refund", refunded("accepted"))
BANK = ("the bank confirms it", at_gateway("confirm_refund"))
CONFIRMED = ("which checkout sees too", refunded("confirmed"))
MAIL = ("the customer is told by mail", mailed)
CASES = ("an operator looks at what waits", command("cases", "list"))

RESOLVE = ("cases", "resolve", "1", "--resolution")

AFTERMATH = {
    "refund": Scenario(
        "a part of the money is given back, and a credit note takes back that part of the invoice",
        (
            ASK,
            PAY,
            PAID,
            RECEIPT,
            (
                "an operator gives Rp50.000 back",
                command("refund", "ORDER", "--amount", "50000", "--key", "wheel", *REASON),
            ),
            TAKEN,
            ("the credit note is issued and drawn", credited),
            MAIL,
            BANK,
            CONFIRMED,
            ("an operator looks at the order", command("status", "ORDER")),
        ),
        order={"method": "qris", "integration": "core"},
    ),
    "manual-refund": Scenario(
        "a bank transfer cannot be refunded at Midtrans: two operators transfer the money",
        (
            ASK,
            PAY,
            PAID,
            RECEIPT,
            ("an operator gives all of it back", command("refund", "ORDER", *REASON)),
            ("the customer is asked for an account, by a one-time link", mailed),
            ("and gives it", gives_account),
            ALERT,
            ("another operator looks at the case", command("cases", "show", "1", operator="budi")),
            ("and approves", command(*RESOLVE, "approved", *REASON, operator="budi")),
            (
                "a third one has transferred it",
                command(*RESOLVE, "transferred", "--reference", "TRX-9", *REASON, operator="citra"),
            ),
            CONFIRMED,
            ("the credit note is issued and drawn", credited),
            MAIL,
        ),
        order={"method": "bca_va", "integration": "core"},
    ),
    "late-money": Scenario(
        "the money comes after the customer has cancelled: it goes back by itself",
        (
            ASK,
            ("the customer cancels", cancel),
            ("the mail is sent", mailed),
            PAY,
            TAKEN,
            MAIL,
            BANK,
            CONFIRMED,
        ),
        order={"method": "qris", "integration": "core"},
    ),
    "reversal": Scenario(
        "the bank takes a settled payment back; the order is to be paid again",
        (
            ASK,
            PAY,
            PAID,
            RECEIPT,
            ("the bank takes the money back", at_gateway("reverse")),
            ("the order is not paid any more", becomes("reversed")),
            ("the mail is sent, with the credit note that cancels the invoice", mailed),
            ALERT,
            CHOOSE,
            PAY,
            PAID,
            RECEIPT,
        ),
        order={"method": "permata_va", "integration": "core"},
    ),
    "chargeback": Scenario(
        "the card's issuer takes the money back; evidence wins it again",
        (
            ASK,
            PAY,
            PAID,
            RECEIPT,
            ("the issuer takes the money back", at_gateway("chargeback")),
            ("the order is charged back", becomes("charged_back")),
            ALERT,
            CASES,
            ("and at the case", command("cases", "show", "1")),
            (
                "the evidence has won it back",
                command("cases", "resolve", "1", "--resolution", "won", *REASON),
            ),
            PAID,
        ),
        order={"method": "credit_card", "integration": "snap"},
    ),
}
