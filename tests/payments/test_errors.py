from datetime import timedelta

import pytest

from payments.errors import (
    CaseUnknownError,
    DiscrepancyUnknownError,
    GatewayBusyError,
    GatewayRefusedError,
    NoOtherMethodError,
    NotPaidError,
    NotRefundableError,
    OrderConflictError,
    OrderUnknownError,
    PaymentError,
    PermanentError,
    RecordUnreadableError,
    RefundConflictError,
    RefundUnknownError,
    TransientError,
)


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (OrderConflictError("SKT-1001"), PermanentError, "order_conflict"),
        (OrderUnknownError("SKT-1001"), PermanentError, "order_unknown"),
        (RecordUnreadableError("SKT-1001"), PermanentError, "record_unreadable"),
        (NotPaidError("SKT-1001"), PermanentError, "not_paid"),
        (CaseUnknownError("SKT-1001", 7), PermanentError, "case_unknown"),
        (RefundUnknownError("SKT-1001", "r-1"), PermanentError, "refund_unknown"),
        (DiscrepancyUnknownError(7), PermanentError, "discrepancy_unknown"),
        (RefundConflictError("r-1"), PermanentError, "refund_conflict"),
        (NoOtherMethodError("SKT-1001"), PermanentError, "not_retryable"),
        (NotRefundableError("SKT-1001", "it is not paid"), PermanentError, "not_refundable"),
        (GatewayRefusedError("402", "not active"), PermanentError, "gateway_refused"),
        (GatewayBusyError("429", timedelta(seconds=5)), TransientError, "gateway_busy"),
    ],
)
def test_an_error_says_whether_asking_again_helps(
    error: PaymentError, kind: type[PaymentError], code: str
) -> None:
    assert isinstance(error, kind)
    assert error.code == code


def test_a_refusal_carries_the_gateways_code() -> None:
    error = GatewayRefusedError("402", "not active")

    assert error.gateway_code == "402"
    assert error.details == ("402",)


def test_a_busy_gateway_says_how_long() -> None:
    assert GatewayBusyError("429", timedelta(seconds=5)).retry_after == timedelta(seconds=5)
