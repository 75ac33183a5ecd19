"""Wallet accounts that customers link to a merchant, and what can be paid from them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from simulator.identifiers import Identifiers
from simulator.lifecycle import NotPermittedError
from simulator.merchants import Merchant

_BALANCES = {"GOPAY_WALLET": 1_000_000, "PAY_LATER": 350_000, "GOPAY_SAVINGS": 2_000_000}
_LINKED = "Midtrans account_linked notification"
_UNLINKED = "Midtrans account_unlinked notification"


class AccountStatus(StrEnum):
    PENDING = "PENDING"
    EXPIRED = "EXPIRED"
    ENABLED = "ENABLED"
    DISABLED = "DISABLED"


CODES = {
    AccountStatus.PENDING: "201",
    AccountStatus.ENABLED: "200",
    AccountStatus.EXPIRED: "204",
    AccountStatus.DISABLED: "204",
}


@dataclass(slots=True)
class PayAccount:
    account_id: str
    merchant: Merchant
    payment_type: str
    redirect_url: str
    status: AccountStatus = AccountStatus.PENDING
    balances: dict[str, int] = field(default_factory=lambda: dict(_BALANCES))
    # Every token that was given out, and the option it stands for.
    tokens: dict[str, str] = field(default_factory=dict)

    def described(self) -> dict[str, object]:
        return {
            "status_code": CODES[self.status],
            "payment_type": self.payment_type,
            "account_id": self.account_id,
            "account_status": self.status.value,
        }


class Messenger(Protocol):
    def tell_account(self, document: Mapping[str, object]) -> None: ...


class PayAccounts:
    def __init__(self, identifiers: Identifiers, messenger: Messenger) -> None:
        self._identifiers = identifiers
        self._messenger = messenger
        self._by_id: dict[str, PayAccount] = {}

    def link(self, merchant: Merchant, payment_type: str, redirect_url: str) -> PayAccount:
        """Begin the linking, which the customer ends behind the activation link."""
        account = PayAccount(self._identifiers.unique(), merchant, payment_type, redirect_url)
        self._by_id[account.account_id] = account
        return account

    def find(self, account_id: str) -> PayAccount | None:
        return self._by_id.get(account_id)

    def all(self) -> list[PayAccount]:
        return list(self._by_id.values())

    def fresh_tokens(self, account: PayAccount) -> dict[str, str]:
        """Give out new tokens, one for each way to pay; the earlier ones stay good."""
        tokens = {name: self._identifiers.letters(32) for name in account.balances}
        account.tokens |= {token: name for name, token in tokens.items()}
        return tokens

    def enable(self, account: PayAccount) -> None:
        _require(account, AccountStatus.PENDING)
        account.status = AccountStatus.ENABLED
        self._messenger.tell_account(_notice(account, _LINKED))

    def expire(self, account: PayAccount) -> None:
        _require(account, AccountStatus.PENDING)
        account.status = AccountStatus.EXPIRED

    def unbind(self, account: PayAccount) -> None:
        _require(account, AccountStatus.ENABLED)
        account.status = AccountStatus.DISABLED
        self._messenger.tell_account(_notice(account, _UNLINKED))


def _require(account: PayAccount, status: AccountStatus) -> None:
    if account.status is not status:
        raise NotPermittedError(f"the account is {account.status}, not {status}")


def _notice(account: PayAccount, message: str) -> dict[str, object]:
    code = CODES[account.status]
    signed = account.account_id + account.status + code + account.merchant.server_key
    return {
        "account_id": account.account_id,
        "merchant_id": account.merchant.merchant_id,
        "payment_type": account.payment_type,
        "status_code": code,
        "account_status": account.status.value,
        "status_message": message,
        "signature_key": hashlib.sha512(signed.encode()).hexdigest(),
    }
