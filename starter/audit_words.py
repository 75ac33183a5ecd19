"""The audit log in words: who acted, and what each kind of event means."""

from collections.abc import Mapping

CASES: Mapping[str, str] = {
    "mismatch": "what the gateway reports differs from what was asked for",
    "contradiction": "the gateway reports what cannot follow what it reported before",
    "unmatched_money": "money came that fits no attempt",
    "manual_refund": "money must go back by bank transfer",
    "refund_approval": "a refund waits for a second person",
    "refund_stuck": "nobody says what became of a refund",
    "chargeback": "the card's issuer took money back",
    "late_money": "money came after the order had ended",
    "second_payment": "the order was paid twice",
}
EVENTS: Mapping[str, str] = {
    "order.placed": "The order was placed.",
    "order.paid": "The order is paid.",
    "order.paid_otherwise": "A second payment pays the order instead of the first.",
    "order.cancelled": "The order was cancelled.",
    "order.reversed": "The bank took the money back: the order is unpaid again.",
    "attempt.accepted": "A new attempt to pay was accepted.",
    "attempt.opened": "The gateway opened the attempt: the customer can pay.",
    "attempt.refused": "The gateway refused to open the attempt.",
    "attempt.closing": "The attempt is being closed at the gateway.",
    "attempt.rejected": "A human said that the attempt's money does not count.",
    "attempt.denied": "The attempt ended: the payment was denied.",
    "attempt.expired": "The attempt ended: the customer's time was over.",
    "attempt.cancelled": "The attempt ended: it was cancelled.",
    "attempt.failed": "The attempt ended: it could not be opened, or failed.",
    "transaction.unknown": "The gateway does not know how the transaction stands.",
    "transaction.pending": "The gateway waits for the customer to pay.",
    "transaction.authorized": "The card's amount is held, and not taken yet.",
    "transaction.in_review": "The gateway holds the payment back to review it.",
    "transaction.paid": "The gateway has the customer's money.",
    "transaction.denied": "The payment was denied.",
    "transaction.expired": "The transaction expired at the gateway.",
    "transaction.cancelled": "The transaction was cancelled at the gateway.",
    "transaction.failed": "The transaction failed at the gateway.",
    "transaction.partially_refunded": "The gateway reports a part of the money given back.",
    "transaction.refunded": "The gateway reports all of the money given back.",
    "transaction.charged_back": "The card's issuer took money back.",
    "transaction.reversed": "The bank reversed the settlement.",
    **{f"case.{code}": f"A human is needed: {why}." for code, why in CASES.items()},
    "case.noted": "A human took note of the case.",
    "case.accepted": "A human decided that it counts.",
    "case.rejected": "A human decided that it does not count.",
    "case.approved": "A human approved it.",
    "case.transferred": "A human transferred the money.",
    "case.won": "The chargeback was won: the money stays.",
    "case.lost": "The chargeback was lost.",
    "case.matched": "The case closed by itself: the money fits after all.",
    "case.superseded": "The case closed by itself: nothing is left to decide.",
    "review.approve": "An operator approved the payment in review.",
    "review.deny": "An operator denied the payment in review.",
    "refund.requested": "A refund is wanted.",
    "refund.approved": "A second person let the refund go out.",
    "refund.sent": "The refund was sent to the gateway.",
    "refund.accepted": "The gateway took the refund.",
    "refund.confirmed": "The money is back with the customer.",
    "refund.refused": "The refund is not made.",
    "refund.manual": "The refund must be transferred by hand.",
    "bank_details.given": "The customer said where the money goes.",
    "bank_details.read": "Somebody looked at the customer's bank details.",
    "bank_details.deleted": "The customer's bank details were deleted.",
    "invoice.issued": "The invoice was issued.",
    "invoice.cancelled": "The invoice is cancelled.",
    "credit_note.issued": "A credit note was issued.",
    "credit_note.not_needed": "No credit note: the refund gives nothing back that was invoiced.",
    "mail.sent": "A mail was sent to the customer.",
    "discrepancy.resolved": "A human closed a difference that reconciliation had found.",
    "payload.decoded": "Somebody was shown clear payloads of the order's run.",
}
_WHO: Mapping[str, str] = {
    "gateway": "the gateway",
    "service": "the service",
    "customer": "the customer",
    "temporal": "somebody in Temporal",
}
_TIMER = ("service", "deadline")
_KINDS: Mapping[str, str] = {
    "api": "checkout client",
    "cli": "operator",
    "operator": "operator",
    "unverified": "operator (unverified)",
}


PROBLEMS: Mapping[str, str] = {
    "changed": "was changed",
    "missing": "is missing",
    "reordered": "is in the wrong place: another one belongs here",
    "added": "was added behind the end of the chain",
    "cut_off": "is missing: the end of the chain was cut off",
    "end_moved": "is not where the chain is said to end",
    "rewritten": "was rewritten without the keys, with everything before it",
    "seal_broken": "has a seal that is none of ours, or of another chain",
    "end_missing": "belongs to nothing: what keeps the chain's end is gone, such as the order",
    "unsealed": "was written by an earlier version, or without the keys",
    "replaced": "is another one than was exported",
    "vanished": "was exported, and is not here any more",
}


def what(event: str) -> str:
    """What happened; an event of a later version by its name."""
    return EVENTS.get(event, event)


def who(actor: str, cause: str) -> str:
    """`operator ani`, `checkout client shop`, `the gateway`, `the timer`."""
    if (actor, cause) == _TIMER:
        return "the timer"
    kind, colon, name = actor.partition(":")
    if colon and kind in _KINDS:
        return f"{_KINDS[kind]} {name}"
    return _WHO.get(actor, actor)
