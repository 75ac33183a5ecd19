"""What is true of money: it pays an order, or goes back, and none of it is lost or given twice."""

from collections.abc import Iterator

from payments.books import Books
from payments.cases import CaseCode, Resolution
from payments.evidence import HELD_HERE, OrderEvidence, StrangerEvidence
from payments.gateway import GatewayTransaction, StatusReport
from payments.money import Money, total
from payments.refunds import RefundStatus
from payments.status import MONEY_CAME, AttemptStatus, as_seen_after


def paid_only_by_exactly_its_money(evidence: OrderEvidence) -> Iterator[str]:
    """Never paid without a settlement or capture of exactly that amount and currency."""
    if not evidence.is_paid:
        return
    amount, paying = evidence.payment.request.amount, evidence.payment.paying
    if paying is None or paying.status not in HELD_HERE:
        yield f"is {evidence.payment.status}, and no transaction brought its money"
        return
    is_accepted = evidence.is_accepted(paying.transaction_id)
    if paying.captured not in (None, amount) and not is_accepted:
        yield f"{paying.transaction_id} pays it, with another amount"
    if evidence.gateway is not None and evidence.is_quiet:
        yield from _not_so_at_the_gateway(evidence, paying, None if is_accepted else amount)


def settled_money_pays_or_goes_back(evidence: OrderEvidence) -> Iterator[str]:
    """Settled money pays its order, is back or on its way, was reversed, or is for a human."""
    paying = evidence.payment.paying
    for held, books in evidence.money if evidence.is_quiet else ():
        if held != paying and books.kept.value > 0:
            yield f"{held.transaction_id} is kept, and pays nothing"
    for report in evidence.reports:
        known = evidence.transaction(report.transaction_id)
        is_known = known is not None and known.status in MONEY_CAME
        is_settled = report.status in MONEY_CAME and _is_due(evidence, report)
        if is_settled and not is_known and not evidence.is_a_case(report.transaction_id):
            yield f"{report.transaction_id} is {report.status} at the gateway, and not known here"


def settled_money_of_strangers_is_a_case(evidence: StrangerEvidence) -> Iterator[str]:
    """Money that matches no order is for a human."""
    for hint in evidence.hints:
        is_money = hint.was_asked and hint.status in MONEY_CAME
        if is_money and hint.transaction_id not in evidence.cases:
            yield f"{hint.transaction_id} is {hint.status} at the gateway, and nobody's case"


def money_is_conserved(evidence: OrderEvidence) -> Iterator[str]:
    """Captured is kept, refunded, about to be refunded or charged back; the gateway agrees."""
    for held, books in evidence.money:
        is_explained = evidence.is_contradicted(held.transaction_id)
        if books.kept.value < 0 and not (is_explained or _is_under_way(evidence, held)):
            yield f"more of {held.transaction_id} is gone than came"
    for report in evidence.reports:
        known = evidence.transaction(report.transaction_id)
        if known is not None and known.status in MONEY_CAME:
            yield from _booked_otherwise(evidence, known, report)


def no_more_goes_back_than_came(evidence: OrderEvidence) -> Iterator[str]:
    """Refunds are never more than what was captured, and of money that came."""
    known = {each.transaction_id for each in evidence.held if each.status in MONEY_CAME}
    for refund in evidence.payment.refunds:
        if refund.transaction_id not in known:
            yield f"refund {refund.refund_key} is of {refund.transaction_id}, which brought none"
    for held, books in evidence.money:
        is_beyond = books.refunded.value > books.captured.value
        if is_beyond and not evidence.is_contradicted(held.transaction_id):
            yield f"more of {held.transaction_id} was refunded than came"
    for report in evidence.gateway or ():
        back = report.refunded
        if back is not None and back.value > report.amount.value:
            yield f"the gateway gave more of {report.transaction_id} back than it took"


def _not_so_at_the_gateway(
    evidence: OrderEvidence, paying: GatewayTransaction, amount: Money | None
) -> Iterator[str]:
    """`amount` is None where a human has said that another one will do."""
    name = paying.transaction_id
    report = next((each for each in evidence.reports if each.transaction_id == name), None)
    if report is None:
        yield f"{name} pays it, and the gateway does not have it"
    elif as_seen_after(paying.status, report.status) not in HELD_HERE:
        yield f"{name} pays it, and is {report.status} at the gateway"
    elif amount is not None and report.amount - report.fee != amount:
        yield f"{name} pays it, with another amount at the gateway"


def _is_due(evidence: OrderEvidence, report: StatusReport) -> bool:
    return report.paid_at is None or report.paid_at < evidence.due_before


def _is_under_way(evidence: OrderEvidence, held: GatewayTransaction) -> bool:
    """Whether a refund may have been made that is counted twice until the gateway has answered."""
    return any(
        each.transaction_id == held.transaction_id
        and each.status is RefundStatus.REQUESTED
        and each.sent_at is not None
        for each in evidence.payment.refunds
    )


def _booked_otherwise(
    evidence: OrderEvidence, held: GatewayTransaction, report: StatusReport
) -> Iterator[str]:
    name, books = held.transaction_id, evidence.payment.books_of(held)
    told = as_seen_after(held.status, report.status)
    is_disputed = AttemptStatus.CHARGED_BACK in {held.status, report.status}
    if (told in HELD_HERE) is not (held.status in HELD_HERE):
        yield f"{name} is {held.status} in the books, and {report.status} at the gateway"
    elif is_disputed and held.status is not AttemptStatus.CHARGED_BACK:
        yield f"{name} is charged back at the gateway, and not in the books"
    elif told in HELD_HERE:
        yield from _counted_otherwise(evidence, held, books, report)


def _counted_otherwise(
    evidence: OrderEvidence, held: GatewayTransaction, books: Books, report: StatusReport
) -> Iterator[str]:
    name = held.transaction_id
    if report.amount - report.fee != books.captured:
        yield f"{name} brought another amount than the books say"
    theirs = _given_back_there(report, books)
    is_explained = evidence.is_contradicted(name) or _is_told_by_a_human(evidence, name)
    if theirs is None or is_explained:
        return
    by_hand = evidence.payment.transferred_of(held)
    ours = books.refunded - by_hand
    # What goes back beyond is a fee, which was never the order's.
    if min(ours.value, books.captured.value) != min(theirs.value, books.captured.value):
        yield f"of {name} another amount was refunded at the gateway than the books say"


def _given_back_there(report: StatusReport, books: Books) -> Money | None:
    """What the gateway gave back; None where it does not say how much."""
    match report.status:
        case AttemptStatus.CANCELLED:
            return books.captured  # a card that was let go before it settled
        case AttemptStatus.PAID:
            return Money.zero(report.amount.currency)
        case _:
            listed = total((each.amount for each in report.refunds), report.amount.currency)
            return report.refunded or (listed if report.refunds else None)


def _is_told_by_a_human(evidence: OrderEvidence, transaction_id: str) -> bool:
    """Whether a human, and not the gateway, has said what became of a refund."""
    return any(
        case.code is CaseCode.REFUND_STUCK
        and case.key.transaction_id == transaction_id
        and case.resolution is Resolution.ACCEPTED
        for case in evidence.payment.cases
    )
