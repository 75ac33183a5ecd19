"""Errors of the payment service: each answers whether asking again would help.

PaymentError
    PermanentError              asking again cannot help
        InvalidRequestError     the input breaks a rule; names each field and its rule
        OrderConflictError      the order is stored with other contents
        OrderUnknownError       no such order or attempt is stored
        NotPaidError            only a paid order has an invoice
        CaseUnknownError        no such case is stored for the order
        DiscrepancyUnknownError no such difference is stored
        RecordUnreadableError   what is stored of the order was tampered with, or a key is missing
        RefundUnknownError      no such refund is stored for the order
        RefundConflictError     the refund's key stands for another amount
        NotRefundableError      there is nothing to give back now
        GatewayRefusedError     the gateway said no
    TransientError              asking again may help
        GatewayUnreachableError the request never left us, so nothing happened
        GatewayUnknownError     the request may have taken effect; look before repeating
        GatewayBusyError        the gateway asked for patience; nothing happened
"""

from dataclasses import dataclass
from datetime import timedelta


class PaymentError(Exception):
    """`code` and `details` are stable and safe to show: they never carry personal data."""

    code = "payment_error"
    details: tuple[str, ...] = ()


class PermanentError(PaymentError):
    """Asking again cannot help."""


class TransientError(PaymentError):
    """Asking again may help."""


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One broken rule: the field as the caller wrote it (`items[0].price`), and the rule."""

    field: str
    rule: str


class InvalidRequestError(PermanentError):
    code = "invalid_request"

    def __init__(self, problems: tuple[FieldProblem, ...]) -> None:
        super().__init__("; ".join(f"{problem.field}: {problem.rule}" for problem in problems))
        self.problems = problems


class OrderConflictError(PermanentError):
    code = "order_conflict"

    def __init__(self, order_id: str) -> None:
        super().__init__(f"order {order_id} is stored with another amount, items or customer")


class OrderUnknownError(PermanentError):
    code = "order_unknown"

    def __init__(self, order_id: str) -> None:
        super().__init__(f"no such order or attempt is stored: {order_id}")


class NotPaidError(PermanentError):
    code = "not_paid"

    def __init__(self, order_id: str) -> None:
        super().__init__(f"order {order_id} has no invoice, because it is not paid")


class CaseUnknownError(PermanentError):
    code = "case_unknown"

    def __init__(self, order_id: str, case_id: int) -> None:
        super().__init__(f"order {order_id} has no case {case_id}")


class DiscrepancyUnknownError(PermanentError):
    code = "discrepancy_unknown"

    def __init__(self, discrepancy_id: int) -> None:
        super().__init__(f"no difference {discrepancy_id} is stored")


class RecordUnreadableError(PermanentError):
    code = "record_unreadable"

    def __init__(self, order_id: str) -> None:
        super().__init__(f"what is stored of order {order_id} cannot be read")


class RefundUnknownError(PermanentError):
    code = "refund_unknown"

    def __init__(self, order_id: str, refund_key: str) -> None:
        super().__init__(f"order {order_id} has no refund {refund_key}")


class RefundConflictError(PermanentError):
    code = "refund_conflict"

    def __init__(self, refund_key: str) -> None:
        super().__init__(f"refund {refund_key} was asked for with another amount")


class NoOtherMethodError(PermanentError):
    code = "not_retryable"

    def __init__(self, order_id: str) -> None:
        super().__init__(f"no other method can be tried for order {order_id} now")


class NotRefundableError(PermanentError):
    code = "not_refundable"

    def __init__(self, order_id: str, why: str) -> None:
        super().__init__(f"nothing of order {order_id} can be given back: {why}")


class GatewayRefusedError(PermanentError):
    """`gateway_code` is the code the gateway gave, such as 402."""

    code = "gateway_refused"

    def __init__(self, gateway_code: str, reason: str) -> None:
        super().__init__(f"the gateway refused with {gateway_code}: {reason}")
        self.gateway_code = gateway_code
        self.details = (gateway_code,)


class GatewayUnreachableError(TransientError):
    code = "gateway_unreachable"


class GatewayUnknownError(TransientError):
    code = "gateway_unknown"


class GatewayBusyError(TransientError):
    code = "gateway_busy"

    def __init__(self, reason: str, retry_after: timedelta) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
