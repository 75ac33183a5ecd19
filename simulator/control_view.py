"""A transaction as the control API shows it: as GET status does, and what only we know."""

from simulator.documents import status_answer
from simulator.transactions import Transaction


def transaction_view(transaction: Transaction) -> dict[str, object]:
    return status_answer(transaction) | {
        "transaction_status": transaction.status.value,
        "method": transaction.method.name,
        "snap_token": transaction.snap_token or None,
        "links": transaction.links,
        "refunds_unconfirmed": [
            refund.key for refund in transaction.refunds if refund.bank_confirmed_at is None
        ],
    }
