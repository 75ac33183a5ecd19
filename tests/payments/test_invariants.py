"""Whatever happens to an order as it should, every invariant holds, and each is in the table."""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from payments.cases import CaseCode, Resolution
from payments.evidence import Series, StrangerEvidence, WholeEvidence
from payments.gateway import ClosingCause
from payments.invariants import INVARIANTS, Violation, promise, violations
from payments.methods import PaymentMethod
from payments.status import AttemptStatus as S
from tests.payments.refund_causes import rupiah
from tests.payments.samples import after
from tests.payments.witnessed import EVENTUALLY, Witnessed

CARD: dict[str, Any] = {"method": PaymentMethod.CREDIT_CARD}
BY_VA: dict[str, Any] = {"method": PaymentMethod.BCA_VA}
OTHER_AMOUNT: dict[str, Any] = {"amount": rupiah(100_000)}
WITH_FEE: dict[str, Any] = {"amount": rupiah(352_450), "fee": rupiah(2_450)}


def paid() -> Witnessed:
    return Witnessed().hears(S.PENDING).hears(S.PAID).finishes()


def expired() -> Witnessed:
    return Witnessed().hears(S.PENDING).closes(ClosingCause.DEADLINE).finishes()


def transferred(story: Witnessed) -> Witnessed:
    story.is_decided(CaseCode.MANUAL_REFUND, Resolution.APPROVED, "budi")
    return story.is_decided(
        CaseCode.MANUAL_REFUND, Resolution.TRANSFERRED, "citra", reference="TRF-1"
    )


def paid_twice() -> Witnessed:
    story = Witnessed().hears(S.PENDING, **BY_VA).closes(ClosingCause.OTHER_METHOD).finishes()
    return story.tries_again().hears(S.PAID, "trx-2", 2).finishes().hears(S.PAID, **BY_VA)


STORIES: dict[str, Callable[[], Witnessed]] = {
    "paid": paid,
    "paid with a fee on top": lambda: Witnessed().hears(S.PAID, **WITH_FEE).finishes(),
    "expired": expired,
    "denied on the page, then closed": lambda: (
        Witnessed().hears(S.DENIED).closes(ClosingCause.DEADLINE).finishes()
    ),
    "tried again and paid": lambda: expired().tries_again().hears(S.PAID, "trx-2", 2).finishes(),
    "cancelled": lambda: Witnessed().closes(ClosingCause.CANCEL).finishes(),
    "cancelled once it had expired": lambda: expired().cancels().finishes(),
    "late money": lambda: expired().hears(S.PAID).finishes(),
    "money after a cancel": lambda: (
        Witnessed().closes(ClosingCause.CANCEL).finishes().hears(S.PAID).gives_back().finishes()
    ),
    "paid twice": lambda: paid_twice().gives_back("trx-2").finishes(),
    "refunded in part": lambda: paid().asks_back(100_000).gives_back().finishes(),
    "refunded": lambda: paid().asks_back().gives_back().finishes(),
    "refunded by hand": lambda: transferred(
        paid().asks_back(by_transfer=True).finishes()
    ).finishes(),
    "a card let go before it settled": lambda: (
        Witnessed().hears(S.PAID, **CARD).finishes().hears(S.CANCELLED, **CARD).finishes()
    ),
    "reversed": lambda: paid().hears(S.DENIED).finishes(),
    "reversed and paid again": lambda: (
        paid().hears(S.DENIED).finishes().tries_again().hears(S.PAID, "trx-2", 2).finishes()
    ),
    "charged back": lambda: (
        Witnessed().hears(S.PAID, **CARD).finishes().hears(S.CHARGED_BACK, **CARD).finishes()
    ),
    "charged back, and won": lambda: (
        Witnessed()
        .hears(S.PAID, **CARD)
        .finishes()
        .hears(S.CHARGED_BACK, **CARD)
        .is_decided(CaseCode.CHARGEBACK, Resolution.WON)
        .finishes()
    ),
    "another amount": lambda: Witnessed().hears(S.PAID, **OTHER_AMOUNT),
    "another amount, accepted": lambda: (
        Witnessed()
        .hears(S.PAID, **OTHER_AMOUNT)
        .is_decided(CaseCode.MISMATCH, Resolution.ACCEPTED)
        .finishes()
    ),
    "another amount, rejected": lambda: (
        Witnessed()
        .hears(S.PAID, **OTHER_AMOUNT)
        .is_decided(CaseCode.MISMATCH, Resolution.REJECTED)
        .finishes()
    ),
    "in review": lambda: Witnessed().hears(S.IN_REVIEW, **CARD),
}


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_each_invariant_holds_whatever_happens(story: Callable[[], Witnessed]) -> None:
    assert violations(story().evidence()) == []


@pytest.mark.parametrize("story", STORIES.values(), ids=STORIES)
def test_each_holds_at_every_step_while_documents_are_still_to_come(
    story: Callable[[], Witnessed],
) -> None:
    """Just after the last step nothing that takes its time can be asked for."""
    told = story()
    unfinished = replace(told.evidence(told.payment.updated_at), mailbox=None)

    assert violations(unfinished) == []


def test_a_customer_who_may_still_pay_is_not_kept_waiting() -> None:
    assert violations(Witnessed().hears(S.PENDING).evidence(after(minutes=6))) == []


def test_an_order_is_not_asked_for_what_nobody_looked_for() -> None:
    seen = replace(paid().evidence(), gateway=None, mailbox=None, accepted=None, readable={})

    assert violations(seen) == []


def test_a_violation_says_which_invariant_which_order_and_what() -> None:
    lost = replace(paid().evidence(), gateway=())

    [found] = violations(lost)

    assert found == Violation("I1", "SKT-1001", "trx-1 pays it, and the gateway does not have it")
    assert str(found) == "I1 SKT-1001 trx-1 pays it, and the gateway does not have it"


def test_what_concerns_no_order_names_none() -> None:
    gap = WholeEvidence(series=(Series(name="2026", last=3, highest=3, missing=2),))

    assert [str(each) for each in violations(gap)] == ["I6 2026 has no number 2"]


def test_a_stranger_whose_notification_is_kept_breaks_nothing() -> None:
    assert violations(StrangerEvidence(order_id="SKT-9", due_before=EVENTUALLY)) == []


def test_the_table_has_all_fourteen_each_with_its_promise() -> None:
    assert list(INVARIANTS) == [f"I{number}" for number in range(1, 15)]
    assert all(re.fullmatch(r"[A-Z].+\.", promise(name)) for name in INVARIANTS)
    assert promise("I5").startswith("At most one attempt of an order is open")
