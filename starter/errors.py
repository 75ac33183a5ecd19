"""What starting and steering a payment may answer besides what payments/errors.py names."""

from payments.errors import PermanentError, TransientError
from payments.payment import Payment


class StandsOtherwiseError(PermanentError):
    """The payment does not allow what was asked; `payment` is how it stands."""

    why = "does not allow that now"

    def __init__(self, payment: Payment) -> None:
        super().__init__(f"order {payment.order_id} is {payment.status}: it {self.why}")
        self.payment = payment


class AlreadyPaidError(StandsOtherwiseError):
    code = "already_paid"
    why = "cannot be cancelled or paid again"


class AttemptConflictError(StandsOtherwiseError):
    code = "attempt_conflict"
    why = "was tried with another method after this attempt already"


class NotRetryableError(StandsOtherwiseError):
    code = "not_retryable"
    why = "cannot be tried with another method now"


class UpdateRefusedError(PermanentError):
    """The workflow refused an update; `reason` is its code, the text says why."""

    code = "update_refused"

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


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
