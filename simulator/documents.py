"""The JSON that describes a transaction: in answers, in GET status, in notifications."""

import hashlib
from datetime import datetime

from simulator.clock import wib_text
from simulator.merchants import Merchant
from simulator.transactions import Fraud, Refund, Status, Transaction

FOUND = "Success, transaction is found"
NOTIFICATION = "midtrans payment notification"

_CODE_WHEN_READ = {Status.PENDING: "201", Status.EXPIRE: "407", Status.DENY: "202"}
_CODE_WHEN_NOTIFIED = {
    Status.PENDING: "201",
    Status.DENY: "202",
    Status.CANCEL: "202",
    Status.EXPIRE: "202",
    Status.FAILURE: "202",
}
_UNPAID = frozenset({Status.PENDING, *_CODE_WHEN_NOTIFIED})


def amount_text(rupiah: int) -> str:
    return f"{rupiah}.00"


def describe(transaction: Transaction, code: str, message: str) -> dict[str, object]:
    """Say what every answer about a transaction says; what is absent is left out."""
    document: dict[str, object] = {
        "status_code": code,
        "status_message": message,
        "transaction_id": transaction.transaction_id,
        "order_id": transaction.order_id,
        "merchant_id": transaction.merchant.merchant_id,
        "gross_amount": amount_text(transaction.gross_amount),
        "currency": transaction.currency,
        "payment_type": transaction.payment_type,
        "transaction_time": wib_text(transaction.created_at),
        "transaction_status": transaction.status.value,
    }
    if transaction.fraud is not None:
        document["fraud_status"] = transaction.fraud.value
    document.update(transaction.instructions)
    if not transaction.preauthorized:
        document["expiry_time"] = wib_text(transaction.expires_at)
    document.update(transaction.echoed)
    if transaction.subscription_id:
        document["subscription_id"] = transaction.subscription_id
    return document


def charge_answer(transaction: Transaction, code: str, message: str) -> dict[str, object]:
    document = describe(transaction, code, message) | transaction.links
    return document | _facts(transaction)


def status_answer(transaction: Transaction) -> dict[str, object]:
    code = _code(transaction, _CODE_WHEN_READ)
    if transaction.method.new_stack and transaction.status is Status.PENDING:
        code = "200"
    document = describe(transaction, code, transaction.status_message or FOUND)
    if transaction.method.new_stack:
        document["transaction_status"] = transaction.status.value.upper()
        document["actions"] = transaction.links.get("actions", [])
    if "installment_term" in document:
        # A text in the answer to the charge, a number here: so the official types have it.
        document["installment_term"] = int(str(document["installment_term"]))
    _add_money_facts(transaction, document)
    document["signature_key"] = signature(transaction, code)
    return document


def notification(transaction: Transaction) -> dict[str, object]:
    code = _code(transaction, _CODE_WHEN_NOTIFIED)
    document = describe(transaction, code, NOTIFICATION)
    _add_money_facts(transaction, document)
    document["signature_key"] = signature(transaction, code)
    return document


def sample_notification(merchant: Merchant, unique: str, now: datetime) -> dict[str, object]:
    """Write the dashboard's test: rightly signed, of a payment that GET status does not know."""
    order_id = f"payment_notif_test_{merchant.merchant_id}_{unique}"
    return {
        "transaction_time": wib_text(now),
        "transaction_status": "settlement",
        "transaction_id": unique,
        "status_message": NOTIFICATION,
        "status_code": "200",
        "signature_key": _signed(order_id, "200", "105000.00", merchant),
        "settlement_time": wib_text(now),
        "payment_type": "gopay",
        "order_id": order_id,
        "merchant_id": merchant.merchant_id,
        "gross_amount": "105000.00",
        "fraud_status": "accept",
        "currency": "IDR",
    }


def signature(transaction: Transaction, code: str) -> str:
    amount = amount_text(transaction.gross_amount)
    return _signed(transaction.order_id, code, amount, transaction.merchant)


def _signed(order_id: str, code: str, amount: str, merchant: Merchant) -> str:
    text = order_id + code + amount + merchant.server_key
    return hashlib.sha512(text.encode()).hexdigest()


def _code(transaction: Transaction, codes: dict[Status, str]) -> str:
    if transaction.fraud is Fraud.CHALLENGE:
        return "201"
    return codes.get(transaction.status, "200")


def _add_money_facts(transaction: Transaction, document: dict[str, object]) -> None:
    document.update(_facts(transaction))
    if transaction.settled_at is not None:
        document["settlement_time"] = wib_text(transaction.settled_at)
    if transaction.refunds:
        document["refund_amount"] = amount_text(transaction.refunded_amount)
        document["refunds"] = [
            _leaving_out_none(
                {
                    "refund_chargeback_id": refund.chargeback_id,
                    "refund_chargeback_uuid": refund.chargeback_uuid,
                    "refund_amount": amount_text(refund.amount),
                    "created_at": wib_text(refund.created_at),
                    "reason": refund.reason or None,
                    "refund_key": refund.key,
                    "refund_method": _refund_method(transaction, refund),
                    "bank_confirmed_at": _text_or_none(refund.bank_confirmed_at),
                }
            )
            for refund in transaction.refunds
        ]


def _refund_method(transaction: Transaction, refund: Refund) -> str | None:
    if not refund.method_known:
        return None
    return "online" if refund.direct or not transaction.is_card else "offline"


def _facts(transaction: Transaction) -> dict[str, object]:
    return {} if transaction.status in _UNPAID else transaction.facts_when_paid


def _text_or_none(moment: datetime | None) -> str | None:
    return None if moment is None else wib_text(moment)


def _leaving_out_none(document: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in document.items() if value is not None}
