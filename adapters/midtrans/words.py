"""Midtrans' words and ours: statuses, payment methods, fraud judgements."""

from dataclasses import dataclass

from payments.methods import PaymentMethod
from payments.status import AttemptStatus

_S = AttemptStatus
_CHALLENGE = "challenge"
# Fact sheet §6.1. What fraud_status changes about the two paid words: attempt_status().
STATUSES = {
    "pending": _S.PENDING,
    "authorize": _S.AUTHORIZED,
    "capture": _S.PAID,
    "settlement": _S.PAID,
    "deny": _S.DENIED,
    "cancel": _S.CANCELLED,
    "expire": _S.EXPIRED,
    "failure": _S.FAILED,
    "partial_refund": _S.PARTIALLY_REFUNDED,
    "refund": _S.REFUNDED,
    "partial_chargeback": _S.CHARGED_BACK,
    "chargeback": _S.CHARGED_BACK,
}
_FRAUD_JUDGEMENTS = {"accept": _S.PAID, _CHALLENGE: _S.IN_REVIEW}


def attempt_status(transaction_status: str, fraud_status: str | None) -> AttemptStatus | None:
    """Translate the two words together, in any case of letters; None where they are not known.

    A missing fraud_status counts as accept; paid words beside `deny` contradict themselves
    (fact sheet §5.2, §6.1, §6.3).
    """
    status = STATUSES.get(transaction_status.lower())
    if status is not AttemptStatus.PAID or fraud_status is None:
        return status
    return _FRAUD_JUDGEMENTS.get(fraud_status.lower())


@dataclass(frozen=True, slots=True)
class MethodWords:
    """A method in `enabled_payments` of Snap, and in `payment_type` with its bank or store."""

    snap: str
    payment_type: str
    variant: str = ""


# Fact sheet §2.1 (enabled_payments) and §3.2 (payment_type).
METHOD_WORDS = {
    PaymentMethod.CREDIT_CARD: MethodWords("credit_card", "credit_card"),
    PaymentMethod.BCA_VA: MethodWords("bca_va", "bank_transfer", "bca"),
    PaymentMethod.BNI_VA: MethodWords("bni_va", "bank_transfer", "bni"),
    PaymentMethod.BRI_VA: MethodWords("bri_va", "bank_transfer", "bri"),
    PaymentMethod.PERMATA_VA: MethodWords("permata_va", "bank_transfer", "permata"),
    PaymentMethod.CIMB_VA: MethodWords("cimb_va", "bank_transfer", "cimb"),
    PaymentMethod.DANAMON_VA: MethodWords("danamon_va", "bank_transfer", "danamon"),
    PaymentMethod.BSI_VA: MethodWords("bsi_va", "bank_transfer", "bsi"),
    PaymentMethod.MANDIRI_BILL: MethodWords("echannel", "echannel"),
    PaymentMethod.QRIS: MethodWords("other_qris", "qris"),
    PaymentMethod.GOPAY: MethodWords("gopay", "gopay"),
    PaymentMethod.SHOPEEPAY: MethodWords("shopeepay", "shopeepay"),
    PaymentMethod.DANA: MethodWords("dana", "dana"),
    PaymentMethod.OVO: MethodWords("ovo", "ovo"),
    PaymentMethod.INDOMARET: MethodWords("indomaret", "cstore", "indomaret"),
    PaymentMethod.ALFAMART: MethodWords("alfamart", "cstore", "alfamart"),
    PaymentMethod.AKULAKU: MethodWords("akulaku", "akulaku"),
    PaymentMethod.KREDIVO: MethodWords("kredivo", "kredivo"),
}
_METHODS = {(words.payment_type, words.variant): method for method, words in METHOD_WORDS.items()}
# The documents name Permata's payment type in two ways (fact sheet §3.2).
_METHODS["permata", "permata"] = PaymentMethod.PERMATA_VA
_METHODS["permata", ""] = PaymentMethod.PERMATA_VA


def payment_method(payment_type: str, variant: str) -> PaymentMethod | None:
    """The method that a type with its bank or store means; None when it is none of ours."""
    return _METHODS.get((payment_type.lower(), variant.lower()))
