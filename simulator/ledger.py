"""All transactions, found by either of their ids or by what the customer types in."""

from collections import defaultdict
from collections.abc import Iterator

from simulator.transactions import Status, Transaction


class Ledger:
    def __init__(self) -> None:
        self._by_id: dict[str, Transaction] = {}
        self._by_order: defaultdict[str, list[Transaction]] = defaultdict(list)
        self._by_payment_code: dict[str, Transaction] = {}

    def __iter__(self) -> Iterator[Transaction]:
        return iter(self._by_id.values())

    def __contains__(self, transaction_id: str) -> bool:
        return transaction_id in self._by_id

    def add(self, transaction: Transaction, payment_code: str = "") -> None:
        self._by_id[transaction.transaction_id] = transaction
        self._by_order[transaction.order_id].append(transaction)
        if payment_code:
            self._by_payment_code[payment_code] = transaction

    def find(self, transaction_or_order_id: str, merchant_id: str) -> Transaction | None:
        """Find by transaction id, else the latest of that order id; of this merchant only."""
        transaction = self._by_id.get(transaction_or_order_id)
        if transaction is not None:
            return transaction if transaction.merchant.merchant_id == merchant_id else None
        for candidate in reversed(self._by_order.get(transaction_or_order_id, ())):
            if candidate.merchant.merchant_id == merchant_id:
                return candidate
        return None

    def by_id(self, transaction_id: str) -> Transaction | None:
        return self._by_id.get(transaction_id)

    def of_order(self, order_id: str) -> list[Transaction]:
        return list(self._by_order.get(order_id, ()))

    def paid_otherwise(self, transaction: Transaction) -> bool:
        """Tell whether another transaction of the same order has been paid already."""
        return any(
            each.succeeded
            and each is not transaction
            and each.merchant.merchant_id == transaction.merchant.merchant_id
            for each in self._by_order.get(transaction.order_id, ())
        )

    def order_id_is_taken(self, order_id: str, merchant_id: str) -> bool:
        return any(
            each.occupies_order_id and each.merchant.merchant_id == merchant_id
            for each in self._by_order.get(order_id, ())
        )

    def by_payment_code(self, code: str) -> Transaction | None:
        return self._by_payment_code.get(code)

    def payment_code_is_active(self, code: str) -> bool:
        transaction = self._by_payment_code.get(code)
        return transaction is not None and transaction.status is Status.PENDING
