"""What is true of attempts and of what is written down: one at a time, each end with a reason."""

from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from payments.cases import CaseCode
from payments.evidence import Audited, Hint, OrderEvidence, StrangerEvidence, WholeEvidence
from payments.gateway import ChargeFailure, GatewayTransaction
from payments.payment import PaymentAttempt
from payments.refunds import RETURNS
from payments.request import gateway_order_id, split_gateway_order_id
from payments.status import (
    ENDED_WITHOUT_MONEY,
    FOLLOWERS,
    MONEY_CAME,
    OPEN,
    AttemptStatus,
    PaymentStatus,
    Verdict,
    as_seen_after,
    judge,
)

GATEWAY = "gateway"
_ENDED_UNPAID = frozenset({PaymentStatus.FAILED, PaymentStatus.EXPIRED, PaymentStatus.CANCELLED})
_BY_THE_GATEWAY = frozenset(
    {"attempt.refused"}
    | {f"attempt.{status}" for status in ENDED_WITHOUT_MONEY}
    | {f"transaction.{status}" for status in ENDED_WITHOUT_MONEY}
)
_BY_A_HUMAN = "attempt.rejected"
_REVERSED = f"transaction.{AttemptStatus.REVERSED}"
_ACCEPTED = "attempt.accepted"


def one_attempt_at_a_time(evidence: OrderEvidence) -> Iterator[str]:
    """At most one attempt of an order is open, and the next begins when the last is over."""
    for attempt in evidence.payment.attempts[:-1]:
        if attempt.status in OPEN:
            yield f"attempt {attempt.number} is {attempt.status}, and another one followed"
    over: set[str] = set()
    for entry in evidence.audit:
        if _ends(entry) or entry.event == _REVERSED:
            over.add(entry.details.get("attempt", ""))
        split = split_gateway_order_id(entry.details.get("gateway_order_id", ""))
        if entry.event == _ACCEPTED and split and split[1] > 1 and str(split[1] - 1) not in over:
            yield f"attempt {split[1]} was accepted before attempt {split[1] - 1} was over"


def unknown_never_becomes_failed(evidence: OrderEvidence) -> Iterator[str]:
    """No attempt ends unpaid without the gateway's answer, or while it can be paid there."""
    ended = {each.details.get("attempt") for each in evidence.audit if _ends(each)}
    for attempt in evidence.payment.attempts:
        if attempt.status not in ENDED_WITHOUT_MONEY:
            continue
        if str(attempt.number) not in ended:
            yield f"attempt {attempt.number} is {attempt.status}, and nobody said so"
        for report in evidence.reports:
            is_its = report.gateway_order_id == gateway_order_id(evidence.order_id, attempt.number)
            is_doubted = evidence.is_a_case(report.transaction_id)
            if is_its and report.status in OPEN and not is_doubted:
                yield f"attempt {attempt.number} is {attempt.status}, and can be paid at the gateway"
    decisive, status = evidence.payment.decisive_attempt, evidence.payment.status
    if status in _ENDED_UNPAID and decisive.status in OPEN and not _never_left_us(decisive):
        yield f"is {status}, and attempt {decisive.number} is {decisive.status}"


def accepted_hints_are_followed(evidence: OrderEvidence) -> Iterator[str]:
    """Every notification that was accepted is kept, and ends applied, unmatched or as a case."""
    kept = {hint.says for hint in evidence.hints}
    for hint in evidence.accepted or ():
        if hint.says not in kept and hint.at < evidence.due_before:
            yield f"{hint.status} of {hint.transaction_id} was accepted, and is not kept"
    for hint in evidence.hints:
        if hint.at < evidence.due_before and not _is_followed(evidence, hint):
            yield f"{hint.status} of {hint.transaction_id} was told, and nothing followed"


def accepted_hints_of_strangers_are_unmatched(evidence: StrangerEvidence) -> Iterator[str]:
    """What is told of an order that is not stored is kept as unmatched."""
    for hint in evidence.hints:
        if hint.is_matched:
            yield f"{hint.status} of {hint.transaction_id} is kept as if its order were stored"


def every_change_is_written_down(evidence: OrderEvidence) -> Iterator[str]:
    """Every change of state has an entry in the audit log, of the same moment."""
    payment, moments = evidence.payment, {each.at for each in evidence.audit}
    if not evidence.audit or evidence.audit[0].event != "order.placed":
        yield "its audit log does not begin with its placement"
    if payment.updated_at not in moments:
        yield "its last change is not in the audit log"
    for told in evidence.feed:
        if told.at not in moments:
            yield f"{told.status} was told in the feed, and is not in the audit log"
    if not evidence.feed or evidence.feed[-1].status is not payment.status:
        yield f"is {payment.status}, and the feed does not end so"
    if any(later.version <= sooner.version for sooner, later in pairwise(evidence.feed)):
        yield "its feed is out of order"
    yield from _unwritten(evidence)


def audit_log_proves_itself(evidence: WholeEvidence) -> Iterator[tuple[str, str]]:
    """Every chain of the audit log is whole, and every order can be read."""
    if evidence.broken is not None:
        yield evidence.broken
    for order_id in evidence.unreadable:
        yield order_id, "cannot be read: it was changed, or a key is missing"


def one_time_tokens_serve_once(evidence: OrderEvidence) -> Iterator[str]:
    """A one-time token opens one attempt at most, and none once the order is paid."""
    attempts = evidence.payment.attempts
    links = Counter(each.link_token for each in attempts if each.link_token)
    shown = (each.instructions for each in attempts if each.instructions is not None)
    pages = Counter(each.token for each in shown if each.token)
    if any(count > 1 for count in (*links.values(), *pages.values())):
        yield "two of its attempts have the same token"
    accepted = Counter(each.details.get("gateway_order_id") for each in evidence.events(_ACCEPTED))
    for attempt in attempts:
        times = accepted[gateway_order_id(evidence.order_id, attempt.number)]
        if times != 1:
            yield f"attempt {attempt.number} was accepted {times} times"
    is_paid = False
    for entry in evidence.events("order.paid", "order.reversed", _ACCEPTED):
        if entry.event != _ACCEPTED:
            is_paid = entry.event == "order.paid"
        elif is_paid:
            yield f"{entry.details.get('gateway_order_id')} was accepted when it was paid"


def cancelled_stays_cancelled(evidence: OrderEvidence) -> Iterator[str]:
    """A cancelled order is never paid or shipped; money that still comes goes back."""
    for sooner, later in pairwise(evidence.feed):
        if sooner.status is PaymentStatus.CANCELLED:
            yield f"was cancelled, and then {later.status}"
    payment = evidence.payment
    if payment.status is not PaymentStatus.CANCELLED:
        return
    if payment.paid_at is not None or payment.paid_attempt is not None:
        yield "is cancelled, and says that it was paid"
    decided = {each.transaction_id for each in payment.refunds if each.cause in RETURNS}
    for held, _ in evidence.money:
        if held.transaction_id not in decided:
            yield f"is cancelled, and nobody decided about the money of {held.transaction_id}"


def _ends(entry: Audited) -> bool:
    """Whether it says that an attempt is over, and on whose word."""
    is_theirs = entry.event in _BY_THE_GATEWAY and entry.actor == GATEWAY
    return is_theirs or entry.event == _BY_A_HUMAN


def _never_left_us(attempt: PaymentAttempt) -> bool:
    return attempt.failure is ChargeFailure.UNREACHABLE and not attempt.transactions


def _is_followed(evidence: OrderEvidence, hint: Hint) -> bool:
    """Whether it is applied, of no interest any more, or a case."""
    if hint.status is AttemptStatus.UNKNOWN or evidence.is_a_case(hint.transaction_id):
        return True
    held = evidence.transaction(hint.transaction_id)
    if held is not None and _is_at_least(held.status, hint.status):
        return True
    if hint.status not in MONEY_CAME:
        # Of a page with several transactions the decisive one is asked about.
        return held is None or _attempt_of(evidence, held).status not in OPEN
    return any(
        other.transaction_id == hint.transaction_id
        and as_seen_after(hint.status, other.status) in FOLLOWERS[hint.status] - {hint.status}
        for other in evidence.hints
    )


def _attempt_of(evidence: OrderEvidence, held: GatewayTransaction) -> PaymentAttempt:
    return next(each for each in evidence.payment.attempts if held in each.transactions)


def _is_at_least(held: AttemptStatus, told: AttemptStatus) -> bool:
    seen = as_seen_after(held, told)
    return seen is held or judge(held, seen) is Verdict.STALE


def _unwritten(evidence: OrderEvidence) -> Iterator[str]:
    paid = {each.details.get("transaction_id") for each in evidence.events("transaction.paid")}
    for held, _ in evidence.money:
        name = held.transaction_id
        if name not in paid and not evidence.is_accepted(name):
            yield f"the money of {name} is not in the audit log"
    for case in evidence.payment.cases:
        names = (
            each.details.get("transaction_id") for each in evidence.events(f"case.{case.code}")
        )
        # Money that matched nothing was a case before there was an audit log of its order.
        if case.code is not CaseCode.UNMATCHED_MONEY and case.key.transaction_id not in names:
            yield f"its case {case.code} is not in the audit log"
    refunds = {each.details.get("refund") for each in evidence.audit}
    for refund in evidence.payment.refunds:
        if refund.refund_key not in refunds:
            yield f"refund {refund.refund_key} is not in the audit log"
