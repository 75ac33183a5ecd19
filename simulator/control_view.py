"""What the control API shows: what the gateway would say of it, and what only we know."""

from simulator.accounts import PayAccount
from simulator.documents import status_answer
from simulator.transactions import Transaction


def transaction_view(transaction: Transaction) -> dict[str, object]:
    return status_answer(transaction) | {
        "transaction_status": transaction.status.value,
        "method": transaction.method.name,
        "snap_token": transaction.snap_token or None,
        "links": transaction.links,
        "original_amount": transaction.original_amount,
        "refunds_unconfirmed": [
            refund.key for refund in transaction.refunds if refund.bank_confirmed_at is None
        ],
    }


def account_view(account: PayAccount) -> dict[str, object]:
    return account.described() | {
        "merchant_id": account.merchant.merchant_id,
        "balances": dict(account.balances),
    }
