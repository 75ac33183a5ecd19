"""What operators see of a run in the Temporal Web UI: search attributes and a short status."""

from datetime import datetime

from temporalio import workflow

from payments.alerts import AlertCode
from payments.invoice import WIB
from payments.progress import Progress
from payments.status import PaymentStatus
from workflows.names import ATTENTION, METHOD, STATUS


class Display:
    """Shows a payment's progress, and tells Temporal only of what changed."""

    def __init__(self) -> None:
        self._shown: tuple[str, str, str | None] | None = None

    def show(self, progress: Progress | None, stuck: AlertCode | None) -> None:
        """`stuck` is the alert that sounds, if any."""
        if progress is None:
            workflow.set_current_details("No such order is stored.")
            return
        attention = progress.attention or stuck
        workflow.set_current_details(_details(progress, attention))
        now = (progress.status.value, progress.latest_attempt.method.value, attention)
        if now == self._shown:
            return
        self._shown = now
        status, method, attention = now
        workflow.upsert_search_attributes(
            [
                STATUS.value_set(status),
                METHOD.value_set(method),
                ATTENTION.value_set(attention) if attention else ATTENTION.value_unset(),
            ]
        )


def _details(progress: Progress, attention: str | None) -> str:
    attempt = progress.latest_attempt
    lines = [
        f"**{_SAYS[progress.status]}**",
        f"- order `{progress.order_id}`",
        f"- attempt {attempt.number}, {attempt.method} ({attempt.integration}): {attempt.status}",
    ]
    if progress.open_attempt is not None and attempt.closing is None:
        lines.append(f"- the customer has until {_clock(attempt.expires_at)}")
    if attempt.closing is not None:
        lines.append(f"- being closed at Midtrans: {attempt.closing}")
    if progress.retry_until is not None:
        lines.append(f"- another method may be tried until {_clock(progress.retry_until)}")
    if attention is not None:
        lines.append(f"- **a human is needed: {attention}**")
    lines += [f"- refund `{each.refund_key}`: {each.status}" for each in progress.refunds]
    if progress.has_documents_due:
        lines.append("- documents are on their way")
    return "\n".join(lines)


def _clock(instant: datetime) -> str:
    return f"{instant.astimezone(WIB):%d %b %H:%M:%S} WIB"


_SAYS = {
    PaymentStatus.PREPARING: "Opening the transaction at Midtrans",
    PaymentStatus.AWAITING_PAYMENT: "Waiting for the customer to pay",
    PaymentStatus.IN_REVIEW: "In review",
    PaymentStatus.CHECKING: "Checking with Midtrans",
    PaymentStatus.PAID: "Paid (dibayar)",
    PaymentStatus.FAILED: "Failed, no money taken",
    PaymentStatus.EXPIRED: "Expired, no money taken",
    PaymentStatus.CANCELLED: "Cancelled, no money taken",
    PaymentStatus.PARTIALLY_REFUNDED: "Partly refunded",
    PaymentStatus.REFUNDED: "Refunded",
    PaymentStatus.CHARGED_BACK: "Charged back",
    PaymentStatus.REVERSED: "Settlement reversed, not paid",
}
