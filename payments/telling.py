"""What the customer is told of a payment as it stands, above all where money goes back."""

from payments.gateway import InstructionKind
from payments.messages import STATUS_TEXTS, Told
from payments.payment import ENDED_UNPAID, Payment
from payments.refunds import RETURNS, RefundCause, RefundStatus
from payments.status import PaymentStatus


def payment_text(payment: Payment, kind: InstructionKind | None) -> Told:
    """What the customer is told of a payment; `kind` matters only while they are to pay."""
    asked = kind if payment.status is PaymentStatus.AWAITING_PAYMENT else None
    on_its_way = ON_ITS_WAY.get(payment.status) if _is_to_be_confirmed(payment) else None
    return return_text(payment) or on_its_way or STATUS_TEXTS[payment.status, asked]


def return_text(payment: Payment) -> Told | None:
    """What is told of money that came too late or twice, where the status's own text denies it."""
    returned = [each for each in payment.refunds if each.cause in RETURNS]
    if not returned or payment.status not in _DENIES[returned[-1].cause]:
        return None
    return RETURN_TEXTS[returned[-1].cause, _stage(payment, returned[-1].transaction_id)]


def _stage(payment: Payment, transaction_id: str) -> RefundStatus:
    """How far this money is back: also what was given back elsewhere, when ours was not needed."""
    own = {each.status for each in payment.refunds if each.transaction_id == transaction_id}
    return next((status for status in _STAGES if status in own), RefundStatus.REFUSED)


def _is_to_be_confirmed(payment: Payment) -> bool:
    """Whether the gateway took a refund of the order's money that no bank has confirmed yet."""
    paying = payment.paying
    return paying is not None and any(
        each.transaction_id == paying.transaction_id and each.status is RefundStatus.ACCEPTED
        for each in payment.refunds
    )


_TAKES_TIME = "Kapan Anda menerimanya bergantung pada bank atau dompet digital Anda."
_TAKES_TIME_EN = "When you receive it depends on your bank or e-wallet."

# Instead of the status's own text, until the bank has confirmed every refund.
ON_ITS_WAY: dict[PaymentStatus, Told] = {
    PaymentStatus.PARTIALLY_REFUNDED: Told(
        f"Pengembalian sebagian dana Anda, {{refunded_amount}}, sedang diproses. {_TAKES_TIME}",
        f"Part of your money, {{refunded_amount}}, is on its way back to you. {_TAKES_TIME_EN}",
    ),
    PaymentStatus.REFUNDED: Told(
        f"Pengembalian dana Anda, {{refunded_amount}}, sedang diproses. {_TAKES_TIME}",
        f"Your money, {{refunded_amount}}, is on its way back to you. {_TAKES_TIME_EN}",
    ),
}

# The least advanced first: of several parts, none is said to be further than it is.
_STAGES = (
    RefundStatus.MANUAL,
    RefundStatus.REQUESTED,
    RefundStatus.ACCEPTED,
    RefundStatus.CONFIRMED,
)
# The statuses whose own text would deny such money.
_DENIES = {
    RefundCause.LATE_MONEY: ENDED_UNPAID | {PaymentStatus.CANCELLED},
    RefundCause.SECOND_PAYMENT: frozenset({PaymentStatus.PAID}),
}
_LATE_TO_COME = Told(
    "Dana Anda kami terima setelah pesanan ini berakhir, dan akan kami kembalikan. Mohon jangan"
    " membayar lagi.",
    "We received your money after this order had ended, and will return it. Please do not pay"
    " again.",
)
_TWICE_TO_COME = Told(
    "Pesanan {order_id} sudah terbayar. Dana yang Anda bayarkan lebih dari sekali akan kami"
    " kembalikan.",
    "Order {order_id} is paid. What you paid more than once will be returned.",
)
RETURN_TEXTS: dict[tuple[RefundCause, RefundStatus], Told] = {
    (RefundCause.LATE_MONEY, RefundStatus.REQUESTED): _LATE_TO_COME,
    (RefundCause.LATE_MONEY, RefundStatus.MANUAL): _LATE_TO_COME,
    (RefundCause.LATE_MONEY, RefundStatus.ACCEPTED): Told(
        "Dana Anda kami terima setelah pesanan ini berakhir, dan pengembaliannya sedang diproses."
        f" {_TAKES_TIME}",
        "We received your money after this order had ended, and it is on its way back to you."
        f" {_TAKES_TIME_EN}",
    ),
    (RefundCause.LATE_MONEY, RefundStatus.CONFIRMED): Told(
        "Dana Anda kami terima setelah pesanan ini berakhir, dan telah kami kembalikan.",
        "We received your money after this order had ended, and have returned it.",
    ),
    (RefundCause.LATE_MONEY, RefundStatus.REFUSED): Told(
        "Dana Anda kami terima setelah pesanan ini berakhir. Mohon jangan membayar lagi; silakan"
        " hubungi kami.",
        "We received your money after this order had ended. Please do not pay again; contact us.",
    ),
    (RefundCause.SECOND_PAYMENT, RefundStatus.REQUESTED): _TWICE_TO_COME,
    (RefundCause.SECOND_PAYMENT, RefundStatus.MANUAL): _TWICE_TO_COME,
    (RefundCause.SECOND_PAYMENT, RefundStatus.ACCEPTED): Told(
        "Pesanan {order_id} sudah terbayar. Pengembalian dana yang Anda bayarkan lebih dari sekali"
        f" sedang diproses. {_TAKES_TIME}",
        "Order {order_id} is paid. What you paid more than once is on its way back to you."
        f" {_TAKES_TIME_EN}",
    ),
    (RefundCause.SECOND_PAYMENT, RefundStatus.CONFIRMED): Told(
        "Pesanan {order_id} sudah terbayar. Dana yang Anda bayarkan lebih dari sekali telah kami"
        " kembalikan.",
        "Order {order_id} is paid. What you paid more than once has been returned.",
    ),
    (RefundCause.SECOND_PAYMENT, RefundStatus.REFUSED): Told(
        "Pesanan {order_id} sudah terbayar. Jika Anda membayar lebih dari sekali, silakan hubungi"
        " kami.",
        "Order {order_id} is paid. If you paid more than once, please contact us.",
    ),
}
