import pytest

from adapters.midtrans.charge_body import CORE_TYPES
from adapters.midtrans.words import METHOD_WORDS, attempt_status, payment_method
from payments.methods import METHODS, Integration, PaymentMethod
from payments.status import AttemptStatus


@pytest.mark.parametrize(
    ("transaction_status", "fraud_status", "status"),
    [
        ("pending", "accept", AttemptStatus.PENDING),
        ("PENDING", None, AttemptStatus.PENDING),
        ("authorize", "accept", AttemptStatus.AUTHORIZED),
        ("capture", "accept", AttemptStatus.PAID),
        ("capture", None, AttemptStatus.PAID),
        ("capture", "challenge", AttemptStatus.IN_REVIEW),
        ("capture", "deny", None),
        ("settlement", "ACCEPT", AttemptStatus.PAID),
        ("settlement", None, AttemptStatus.PAID),
        ("settlement", "challenge", AttemptStatus.IN_REVIEW),
        ("settlement", "deny", None),
        ("deny", "deny", AttemptStatus.DENIED),
        ("deny", "accept", AttemptStatus.DENIED),
        ("cancel", "accept", AttemptStatus.CANCELLED),
        ("expire", None, AttemptStatus.EXPIRED),
        ("failure", None, AttemptStatus.FAILED),
        ("partial_refund", "accept", AttemptStatus.PARTIALLY_REFUNDED),
        ("refund", "accept", AttemptStatus.REFUNDED),
        ("partial_chargeback", "accept", AttemptStatus.CHARGED_BACK),
        ("chargeback", "accept", AttemptStatus.CHARGED_BACK),
        ("settled", "accept", None),
        ("capture", "maybe", None),
    ],
)
def test_status_words_are_translated_or_not_known(
    transaction_status: str, fraud_status: str | None, status: AttemptStatus | None
) -> None:
    assert attempt_status(transaction_status, fraud_status) is status


@pytest.mark.parametrize("method", [each for each in PaymentMethod if each != PaymentMethod.ANY])
def test_every_method_is_recognised_by_its_own_words(method: PaymentMethod) -> None:
    words = METHOD_WORDS[method]

    assert payment_method(words.payment_type, words.variant) is method


@pytest.mark.parametrize(
    ("payment_type", "variant", "method"),
    [
        ("permata", "", PaymentMethod.PERMATA_VA),
        ("BANK_TRANSFER", "BCA", PaymentMethod.BCA_VA),
        ("bank_transfer", "", None),
        ("bank_transfer", "seabank", None),
        ("cimb_clicks", "", None),
    ],
)
def test_other_spellings_are_recognised_and_strange_types_are_not(
    payment_type: str, variant: str, method: PaymentMethod | None
) -> None:
    assert payment_method(payment_type, variant) is method


def test_every_method_of_core_api_has_its_request() -> None:
    served = {method for method, rules in METHODS.items() if Integration.CORE in rules.integrations}

    assert {METHOD_WORDS[method].payment_type for method in served} == CORE_TYPES.keys()
