"""How a payment stands, in Markdown, for an operator who has read no documentation."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime

from payments.alerts import ALERTS, AlertCode
from payments.cases import CaseCode, Resolution
from payments.gateway import ClosingCause
from payments.invoice import WIB
from payments.methods import PROPER_NAMES, PaymentMethod
from payments.progress import AttemptProgress, OpenCase, Progress, RefundProgress
from payments.refunds import RefundStatus
from payments.status import AttemptStatus, PaymentStatus
from workflows.state import Heard, State

_YOU = {"actor": "YOUR-NAME", "reason": "WHY"}
_TRIES = "when last, what it said and when next is under *Pending Activities*"


def details(state: State, sounding: Sequence[AlertCode], now: datetime) -> str:
    """`sounding` are the alerts that nobody has silenced yet."""
    progress = state.progress
    if progress is None:
        read = (
            "No such order is stored." if state.is_read else "Reading the order from the database."
        )
        return "\n".join([f"**{read}**", "", *_troubles(sounding)])
    lines = [
        *_troubles(sounding),
        *_cases(progress),
        *_review(progress),
        *_next(progress, now),
        *_gateway(state, progress, now),
        *_refunds(progress),
        *_documents(progress),
        _attempt(progress.latest_attempt),
    ]
    return "\n".join([_headline(progress, now), "", *(f"- {line}" for line in lines)])


def _headline(progress: Progress, now: datetime) -> str:
    attempt = progress.latest_attempt
    method = _METHODS[attempt.method]
    match progress.status:
        case PaymentStatus.AWAITING_PAYMENT:
            return (
                f"**Waiting for the customer to pay by {method}**"
                f" until {_clock(attempt.expires_at, now)}"
            )
        case PaymentStatus.PREPARING:
            return f"**Opening the transaction at Midtrans, to be paid by {method}**"
        case PaymentStatus.CHECKING if progress.waits_for_a_human:
            return "**Waiting for somebody to decide: Midtrans' answer does not fit the order**"
        case PaymentStatus.CHECKING if attempt.closing is not None:
            return f"**Closing attempt {attempt.number} at Midtrans: {_CLOSING[attempt.closing]}**"
        case status:
            return f"**{_SAYS[status]}**"


def _troubles(sounding: Sequence[AlertCode]) -> Iterator[str]:
    """What a run is stuck with; cases are told of with what can be decided about them."""
    for code in sounding:
        if code not in _DECISIONS:
            yield (
                f"**Stuck ({code}): {ALERTS[code].what}** It goes on by itself; to try at once,"
                f" send the update `retry_now` with {_input()}"
            )


def _cases(progress: Progress) -> Iterator[str]:
    known = [case.code for case in progress.cases]
    yield from (_case(case) for case in progress.cases)
    for code in progress.open_cases:
        if code not in known:
            yield f"**A human is needed ({code}):** see `python -m starter cases list`"


def _case(case: OpenCase) -> str:
    what = f"**A human is needed, case {case.case_id} ({case.code}): {ALERTS[AlertCode(case.code)].what}**"
    resolutions, rest = _DECISIONS[case.code]
    first, *others = resolutions
    said = _input(case_id=case.case_id, resolution=first.value)
    instead = "".join(f", or `{other}`" for other in others)
    return f"{what} Send the update `resolve_case` with {said}{instead}.{rest}"


def _review(progress: Progress) -> Iterator[str]:
    if progress.status is PaymentStatus.IN_REVIEW:
        yield (
            "**Somebody must decide:** send the update `resolve_review` with"
            f" {_input(decision='approve')}, or `deny`"
        )


def _next(progress: Progress, now: datetime) -> Iterator[str]:
    attempt = progress.open_attempt
    if attempt is not None and attempt.closing is None and attempt.status is AttemptStatus.PENDING:
        yield (
            f"next: the customer pays, or the attempt is closed at Midtrans at"
            f" {_clock(attempt.expires_at, now)}"
        )
    if progress.retry_until is not None and progress.open_attempt is None:
        yield (
            "next: the customer may try another method until"
            f" {_clock(progress.retry_until, now)}; then the run ends"
        )


def _gateway(state: State, progress: Progress, now: datetime) -> Iterator[str]:
    if state.notice is not None:
        yield f"Midtrans' last notification came {_heard(state.notice, now)}"
    if state.answer is not None:
        yield f"Midtrans' last news, when asked, came {_heard(state.answer, now)}"
    if progress.waits_for_a_human:
        yield "Midtrans is not asked any more until somebody has decided"
    elif progress.open_attempt is not None:
        yield f"Midtrans is asked again and again until there is more; {_TRIES}"


def _refunds(progress: Progress) -> Iterator[str]:
    for refund in progress.refunds:
        yield f"refund `{refund.refund_key}`: {_refund(refund)}"


def _refund(refund: RefundProgress) -> str:
    match refund.status:
        case RefundStatus.REQUESTED if refund.is_to_be_sent and refund.is_stuck:
            return "nobody knows what became of it"
        case RefundStatus.REQUESTED if refund.is_to_be_sent:
            return f"being sent to Midtrans; {_TRIES}"
        case RefundStatus.REQUESTED:
            return "waits for a second person"
        case RefundStatus.ACCEPTED:
            return f"Midtrans has accepted it, the bank's word is awaited; {_TRIES}"
        case RefundStatus.MANUAL:
            return "waits for somebody to transfer it"
        case status:
            return f"{status}; the bank details are kept for a while"


def _documents(progress: Progress) -> Iterator[str]:
    due = ["the invoice"] if progress.invoice_due else []
    due += ["a credit note"] * bool(progress.credit_notes_due)
    due += [f"the {mail.kind} mail".replace("_", " ") for mail in progress.mails_due]
    if due:
        yield f"on their way: {', '.join(due)}"


def _attempt(attempt: AttemptProgress) -> str:
    return (
        f"attempt {attempt.number} by `{attempt.method}` ({attempt.integration}):"
        f" `{attempt.status}`"
    )


def _heard(heard: Heard, now: datetime) -> str:
    return f"at {_clock(heard.at, now, '%H:%M:%S')}: `{heard.says}` (attempt {heard.number})"


def _input(**members: object) -> str:
    return f"`{json.dumps({**_YOU, **members})}`"


def _clock(instant: datetime, now: datetime, form: str = "%H:%M") -> str:
    local, today = instant.astimezone(WIB), now.astimezone(WIB).date()
    day = "" if local.date() == today else f"{local.day} {local:%b} "
    return f"{day}{local:{form}} WIB"


_METHODS = {
    PaymentMethod.ANY: "a method of their choice on the Snap page",
    PaymentMethod.CREDIT_CARD: "card",
    **PROPER_NAMES,
}
_CLOSING = {
    ClosingCause.DEADLINE: "the customer's time is up",
    ClosingCause.CANCEL: "it was cancelled",
    ClosingCause.CHARGE_FAILED: "it could not be opened for sure",
    ClosingCause.OTHER_METHOD: "it is not needed any more",
}
_SAYS = {
    PaymentStatus.IN_REVIEW: "Midtrans holds the payment for review",
    PaymentStatus.CHECKING: "Asking Midtrans how the payment stands",
    PaymentStatus.PAID: "Paid (dibayar)",
    PaymentStatus.FAILED: "Failed, no money taken",
    PaymentStatus.EXPIRED: "Expired, no money taken",
    PaymentStatus.CANCELLED: "Cancelled, no money taken",
    PaymentStatus.PARTIALLY_REFUNDED: "Partly refunded",
    PaymentStatus.REFUNDED: "Refunded",
    PaymentStatus.CHARGED_BACK: "Charged back",
    PaymentStatus.REVERSED: "Settlement reversed: not paid any more",
}
_NOTED = ((Resolution.NOTED,), " once it is dealt with")
_TWO_PEOPLE = (
    " It takes two people whose names are verified to let the money go:"
    " `python -m starter cases resolve`."
)
# What may be made of a case here; what only the command line may, in words.
_DECISIONS: dict[str, tuple[tuple[Resolution, ...], str]] = {
    CaseCode.MISMATCH: (
        (Resolution.REJECTED, Resolution.ACCEPTED),
        " Accepted: the money counts and the order is paid.",
    ),
    CaseCode.CONTRADICTION: _NOTED,
    CaseCode.UNMATCHED_MONEY: _NOTED,
    CaseCode.LATE_MONEY: _NOTED,
    CaseCode.SECOND_PAYMENT: _NOTED,
    CaseCode.MANUAL_REFUND: ((Resolution.REJECTED,), _TWO_PEOPLE),
    CaseCode.REFUND_APPROVAL: ((Resolution.REJECTED,), _TWO_PEOPLE),
    CaseCode.REFUND_STUCK: (
        (Resolution.ACCEPTED, Resolution.REJECTED),
        " Accepted: the money went back.",
    ),
    CaseCode.CHARGEBACK: (
        (Resolution.WON, Resolution.LOST),
        " Before: send the evidence to Midtrans, and do not ship.",
    ),
}
