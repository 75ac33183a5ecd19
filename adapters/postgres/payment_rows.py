"""How a payment is spread over rows, and put together again."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Row

from adapters.postgres.sealing import Cell, SealedColumn, Sealer, normal_email, normal_phone
from adapters.postgres.tables import (
    gateway_transactions,
    orders,
    payment_attempts,
    payment_links,
)
from payments.gateway import (
    ChargeFailure,
    ClosingCause,
    GatewayTransaction,
    Instructions,
    StatusReport,
)
from payments.methods import Integration, PaymentMethod
from payments.money import Money
from payments.payment import Payment, PaymentAttempt
from payments.request import PaymentRequest
from payments.status import AttemptStatus, PaymentStatus

Values = dict[str, Any]

_REQUEST = SealedColumn(orders.c.sealed_request, PaymentRequest)
_INSTRUCTIONS = SealedColumn(payment_attempts.c.sealed_instructions, Instructions)
_REPORT = SealedColumn(gateway_transactions.c.sealed_report, StatusReport)


@dataclass(frozen=True, slots=True, kw_only=True)
class _SealedMoney:
    """What came by a transaction, what came on top, and what of it was charged back."""

    captured: Money | None = None
    customer_fee: Money | None = None
    charged_back: Money | None = None


_MONEY = SealedColumn(gateway_transactions.c.sealed_money, _SealedMoney)
_NO_MONEY = _SealedMoney()


class PaymentRows:
    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def new_order(self, payment: Payment) -> Values:
        """What never changes of an order, with what does."""
        request, customer = payment.request, payment.request.customer
        return self.order(payment) | {
            "order_id": payment.order_id,
            "method": request.method,
            "integration": request.integration,
            "currency": request.amount.currency,
            "locale": request.locale,
            "created_at": payment.created_at,
            "sealed_request": _REQUEST.seal(self._sealer, request, payment.order_id),
            "request_fingerprint": self._sealer.digest(
                orders.c.request_fingerprint, *fingerprinted(request)
            ),
            "email_lookup": self._sealer.digest(
                orders.c.email_lookup, normal_email(customer.email)
            ),
            "phone_lookup": self._sealer.digest(orders.c.phone_lookup, normal_phone(customer.phone))
            if customer.phone
            else None,
        }

    def order(self, payment: Payment) -> Values:
        return {
            "status": payment.status,
            "version": payment.version,
            "updated_at": payment.updated_at,
            "paid_at": payment.paid_at,
            "paid_with": payment.paid_with,
            "paid_attempt": payment.paid_attempt,
            "paid_transaction_id": payment.paid_transaction_id,
            "retry_until": payment.retry_until,
            "invoice_number": payment.invoice_number,
            "cancelled_invoice": payment.cancelled_invoice,
            "attention": payment.attention,
        }

    def is_fingerprint_of(self, fingerprint: bytes, request: PaymentRequest) -> bool:
        return self._sealer.matches(
            fingerprint, orders.c.request_fingerprint, *fingerprinted(request)
        )

    def new_attempt(self, order_id: str, attempt: PaymentAttempt) -> Values:
        row = (order_id, attempt.number)
        nonce = Cell.of(payment_attempts.c.sealed_nonce, *row)
        key = Cell.of(payment_attempts.c.sealed_idempotency_key, *row)
        return self.attempt(order_id, attempt) | {
            "order_id": order_id,
            "number": attempt.number,
            "method": attempt.method,
            "integration": attempt.integration,
            "accepted_at": attempt.accepted_at,
            "expires_at": attempt.expires_at,
            "sealed_nonce": self._sealer.seal(nonce, attempt.nonce.encode()),
            "sealed_idempotency_key": self._sealer.seal(key, attempt.idempotency_key.encode()),
        }

    def attempt(self, order_id: str, attempt: PaymentAttempt) -> Values:
        instructions = attempt.instructions
        values: Values = {
            "status": attempt.status,
            "closing": attempt.closing,
            "failure": attempt.failure,
        }
        if instructions is None:
            return values
        payable = payable_of(instructions)
        return values | {
            "sealed_instructions": _INSTRUCTIONS.seal(
                self._sealer, instructions, order_id, attempt.number
            ),
            "payable_lookup": self._sealer.digest(payment_attempts.c.payable_lookup, payable)
            if payable
            else None,
        }

    def link(self, order_id: str, attempt: PaymentAttempt, token: str) -> Values:
        cell = Cell.of(payment_links.c.sealed_token, order_id, attempt.number)
        return {
            "order_id": order_id,
            "attempt": attempt.number,
            "token_lookup": self._sealer.digest(payment_links.c.token_lookup, token),
            "sealed_token": self._sealer.seal(cell, token.encode()),
            "created_at": attempt.accepted_at,
        }

    def closing_reason(self, order_id: str, number: int, reason: str) -> bytes:
        cell = Cell.of(payment_attempts.c.sealed_closing_reason, order_id, number)
        return self._sealer.seal(cell, reason.encode())

    def transactions(
        self, before: Payment, after: Payment, report: StatusReport | None
    ) -> list[Values]:
        """The transactions that `after` has and `before` has not, or has otherwise."""
        known = set(_placed(before))
        return [
            {
                "order_id": after.order_id,
                "attempt": attempt,
                "transaction_id": transaction.transaction_id,
                "position": position,
                "payment_type": transaction.payment_type,
                "method": transaction.method,
                "status": transaction.status,
                "paid_at": transaction.paid_at,
                "sealed_money": self._money(after.order_id, attempt, transaction),
                "sealed_report": self._report(after.order_id, attempt, transaction, report),
            }
            for attempt, position, transaction in _placed(after)
            if (attempt, position, transaction) not in known
        ]

    def payment(self, order: Row[Any], attempts: tuple[PaymentAttempt, ...]) -> Payment:
        """The payment without what is read for those orders only that have it."""
        return Payment(
            request=_REQUEST.open(self._sealer, order.sealed_request, order.order_id),
            status=PaymentStatus(order.status),
            version=order.version,
            created_at=order.created_at,
            updated_at=order.updated_at,
            attempts=attempts,
            paid_with=_method(order.paid_with),
            paid_at=order.paid_at,
            paid_attempt=order.paid_attempt,
            paid_transaction_id=order.paid_transaction_id,
            retry_until=order.retry_until,
            invoice_number=order.invoice_number,
            cancelled_invoice=order.cancelled_invoice,
        )

    def attempts(self, rows: Iterable[Row[Any]]) -> dict[str, tuple[PaymentAttempt, ...]]:
        """Each order's attempts; a row is an attempt beside one of its transactions, if any."""
        return {
            order_id: tuple(
                self._stored_attempt(list(found))
                for _, found in groupby(of_order, key=lambda row: row.number)
            )
            for order_id, of_order in groupby(rows, key=lambda row: row.order_id)
        }

    def _stored_attempt(self, rows: Sequence[Row[Any]]) -> PaymentAttempt:
        row = rows[0]
        place = (row.order_id, row.number)
        nonce = Cell.of(payment_attempts.c.sealed_nonce, *place)
        key = Cell.of(payment_attempts.c.sealed_idempotency_key, *place)
        sealed = row.sealed_instructions
        return PaymentAttempt(
            number=row.number,
            method=PaymentMethod(row.method),
            integration=Integration(row.integration),
            status=AttemptStatus(row.status),
            nonce=self._sealer.open(nonce, row.sealed_nonce).decode(),
            idempotency_key=self._sealer.open(key, row.sealed_idempotency_key).decode(),
            accepted_at=row.accepted_at,
            expires_at=row.expires_at,
            instructions=None
            if sealed is None
            else _INSTRUCTIONS.open(self._sealer, sealed, *place),
            transactions=tuple(
                self._stored_transaction(row) for row in rows if row.transaction_id is not None
            ),
            closing=None if row.closing is None else ClosingCause(row.closing),
            failure=None if row.failure is None else ChargeFailure(row.failure),
            link_token=self._link_token(row),
        )

    def _stored_transaction(self, row: Row[Any]) -> GatewayTransaction:
        place = (row.order_id, row.number, row.transaction_id)
        sealed = row.sealed_money
        money = _NO_MONEY if sealed is None else _MONEY.open(self._sealer, sealed, *place)
        return GatewayTransaction(
            transaction_id=row.transaction_id,
            payment_type=row.payment_type,
            status=AttemptStatus(row.transaction_status),
            method=_method(row.transaction_method),
            captured=money.captured,
            customer_fee=money.customer_fee,
            charged_back=money.charged_back,
            paid_at=row.paid_at,
        )

    def _link_token(self, row: Row[Any]) -> str | None:
        if row.sealed_token is None:
            return None
        cell = Cell.of(payment_links.c.sealed_token, row.order_id, row.number)
        return self._sealer.open(cell, row.sealed_token).decode()

    def _money(self, order_id: str, attempt: int, transaction: GatewayTransaction) -> bytes | None:
        money = _SealedMoney(
            captured=transaction.captured,
            customer_fee=transaction.customer_fee,
            charged_back=transaction.charged_back,
        )
        if money == _NO_MONEY:
            return None
        return _MONEY.seal(self._sealer, money, order_id, attempt, transaction.transaction_id)

    def _report(
        self,
        order_id: str,
        attempt: int,
        transaction: GatewayTransaction,
        report: StatusReport | None,
    ) -> bytes | None:
        if report is None or report.transaction_id != transaction.transaction_id:
            return None
        return _REPORT.seal(self._sealer, report, order_id, attempt, report.transaction_id)


def fingerprinted(request: PaymentRequest) -> tuple[str, str]:
    return request.order_id, _REQUEST.canonical(request)


def payable_of(instructions: Instructions) -> str | None:
    """What the customer pays to, as somebody may ask for it."""
    return instructions.va_number or instructions.payment_code or instructions.bill_key


def _placed(payment: Payment) -> Iterable[tuple[int, int, GatewayTransaction]]:
    return (
        (attempt.number, position, transaction)
        for attempt in payment.attempts
        for position, transaction in enumerate(attempt.transactions)
    )


def _method(text: str | None) -> PaymentMethod | None:
    return None if text is None else PaymentMethod(text)
