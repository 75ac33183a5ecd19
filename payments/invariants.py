"""What is true of every payment at any time, whatever was killed, lost, repeated or late.

Each predicate says of some evidence what contradicts its promise, in ids and statuses only. What
takes its time is asked of quiet orders; what lies outside, where somebody has looked.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from payments.evidence import Evidence, OrderEvidence, StrangerEvidence, WholeEvidence
from payments.invariants_of_documents import (
    nothing_private_is_readable,
    numbers_have_no_gaps,
    one_invoice_per_paid_order,
    one_receipt_per_paid_order,
    whoever_waits_is_told,
)
from payments.invariants_of_money import (
    money_is_conserved,
    no_more_goes_back_than_came,
    paid_only_by_exactly_its_money,
    settled_money_of_strangers_is_a_case,
    settled_money_pays_or_goes_back,
)
from payments.invariants_of_orders import (
    accepted_hints_are_followed,
    accepted_hints_of_strangers_are_unmatched,
    audit_log_proves_itself,
    cancelled_stays_cancelled,
    every_change_is_written_down,
    one_attempt_at_a_time,
    one_time_tokens_serve_once,
    unknown_never_becomes_failed,
)

INVARIANTS: Mapping[str, Callable[[OrderEvidence], Iterator[str]]] = {
    "I1": paid_only_by_exactly_its_money,
    "I2": settled_money_pays_or_goes_back,
    "I3": money_is_conserved,
    "I4": no_more_goes_back_than_came,
    "I5": one_attempt_at_a_time,
    "I6": one_invoice_per_paid_order,
    "I7": one_receipt_per_paid_order,
    "I8": unknown_never_becomes_failed,
    "I9": accepted_hints_are_followed,
    "I10": every_change_is_written_down,
    "I11": nothing_private_is_readable,
    "I12": whoever_waits_is_told,
    "I13": one_time_tokens_serve_once,
    "I14": cancelled_stays_cancelled,
}
OF_STRANGERS: Mapping[str, Callable[[StrangerEvidence], Iterator[str]]] = {
    "I2": settled_money_of_strangers_is_a_case,
    "I9": accepted_hints_of_strangers_are_unmatched,
}
# Those say themselves which order is meant, if any.
OF_THE_WHOLE: Mapping[str, Callable[[WholeEvidence], Iterator[tuple[str, str]]]] = {
    "I6": numbers_have_no_gaps,
    "I10": audit_log_proves_itself,
}


@dataclass(frozen=True, slots=True)
class Violation:
    """`order_id` is empty where no single order is concerned."""

    invariant: str
    order_id: str
    what: str

    def __str__(self) -> str:
        return " ".join(part for part in (self.invariant, self.order_id, self.what) if part)


def violations(evidence: Evidence) -> list[Violation]:
    """All that contradicts an invariant; empty as long as they hold."""
    match evidence:
        case OrderEvidence(order_id=order_id):
            return [
                Violation(name, order_id, what)
                for name, predicate in INVARIANTS.items()
                for what in predicate(evidence)
            ]
        case StrangerEvidence(order_id=order_id):
            return [
                Violation(name, order_id, what)
                for name, predicate_of_stranger in OF_STRANGERS.items()
                for what in predicate_of_stranger(evidence)
            ]
        case _:
            return [
                Violation(name, *found)
                for name, predicate_of_whole in OF_THE_WHOLE.items()
                for found in predicate_of_whole(evidence)
            ]


def promise(name: str) -> str:
    """What the invariant promises, in one line."""
    return (INVARIANTS[name].__doc__ or "").strip()
