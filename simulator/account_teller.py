"""Charges linked accounts: GoPay by the token of one of the account's ways to pay."""

from http import HTTPStatus

from simulator.accounts import AccountStatus, PayAccount, PayAccounts
from simulator.answers import GatewayError, invalid
from simulator.behaviour import Behaviour
from simulator.lifecycle import Lifecycle
from simulator.opening import Opening, TransactionOpener
from simulator.transactions import Transaction

PAID = "Success, GoPay transaction is successful"
ACTIONS_REQUIRED = "GoPay transaction is created. Action(s) required"
DENIED = "GoPay transaction is denied"
_NO_BALANCE = ("201", "Insufficient Balance")


class AccountTeller:
    def __init__(
        self,
        behaviour: Behaviour,
        accounts: PayAccounts,
        opener: TransactionOpener,
        lifecycle: Lifecycle,
    ) -> None:
        self._behaviour = behaviour
        self._accounts = accounts
        self._opener = opener
        self._lifecycle = lifecycle

    def charge(self, opening: Opening) -> Transaction:
        """Settle at once, let the customer verify, or deny for want of balance."""
        account, option = self._payer(opening)
        if opening.order.gross_amount > account.balances[option]:
            return self._opener.refuse(opening, DENIED, *_NO_BALANCE)
        transaction = self._opener.open(opening, notify=False)
        transaction.facts_when_paid = {"payment_option_type": option}
        transaction.links = {}
        account.balances[option] -= transaction.gross_amount
        trusted = opening.options.flag("recurring")
        if trusted or transaction.gross_amount <= self._behaviour.gopay_verifies_above:
            transaction.status_message = PAID
            self._lifecycle.pay(transaction)
        else:
            transaction.links = _verification(transaction, opening)
            self._lifecycle.announce(transaction)
        return transaction

    def _payer(self, opening: Opening) -> tuple[PayAccount, str]:
        account = self._accounts.find(opening.options.text("account_id") or "")
        if account is None or account.merchant.merchant_id != opening.merchant.merchant_id:
            raise GatewayError(HTTPStatus.NOT_FOUND, "Account doesn't exist.")
        if account.status is not AccountStatus.ENABLED:
            raise GatewayError(HTTPStatus.PRECONDITION_FAILED, "Account is not enabled.")
        option = account.tokens.get(opening.options.text("payment_option_token") or "")
        if option is None:
            raise invalid("gopay.payment_option_token is invalid")
        return account, option


def _verification(transaction: Transaction, opening: Opening) -> dict[str, object]:
    url = f"{opening.base_url}/wallet/{transaction.transaction_id}"
    actions = [
        {"name": name, "method": "GET", "url": url}
        for name in ("verification-link-url", "verification-link-app")
    ]
    return {"actions": actions}
