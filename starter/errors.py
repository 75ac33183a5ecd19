"""What starting and steering a payment may answer besides what payments/errors.py names."""

from payments.errors import PermanentError, TransientError
from payments.payment import Payment


class AlreadyPaidError(PermanentError):
    """The money was faster than the wish to cancel; `payment` is how it stands."""

    code = "already_paid"

    def __init__(self, payment: Payment) -> None:
        super().__init__(f"order {payment.order_id} is {payment.status} and cannot be cancelled")
        self.payment = payment


class NoAnswerError(TransientError):
    """Nothing is stored yet, but the request may still take effect: repeat it, do not change it."""

    code = "no_answer"

    def __init__(self, order_id: str) -> None:
        super().__init__(f"no answer about order {order_id} yet: send the same request again")


class UnavailableError(TransientError):
    """A part that we cannot do without does not answer; `part` names it."""

    code = "temporarily_unavailable"

    def __init__(self, part: str) -> None:
        super().__init__(f"{part} cannot be reached at the moment")
        self.part = part
