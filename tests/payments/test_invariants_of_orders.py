from dataclasses import replace
from datetime import timedelta

import pytest

from payments.cases import Case, CaseCode, CaseKey
from payments.charging import closing_begun
from payments.evidence import Audited, Hint, OrderEvidence, StrangerEvidence, Told, WholeEvidence
from payments.gateway import ChargeFailure, ClosingCause
from payments.payment import PaymentAttempt
from payments.status import AttemptStatus as S
from payments.status import PaymentStatus as P
from tests.payments.samples import NOW, TERMS, after
from tests.payments.test_invariants import expired, paid
from tests.payments.witnessed import EVENTUALLY, Witnessed, said

PAID = paid().evidence()
EXPIRED = expired().evidence()
AGAIN = expired().tries_again().hears(S.PAID, "trx-2", 2).finishes().evidence()
CANCELLED = Witnessed().closes(ClosingCause.CANCEL).finishes().evidence()
RETURNED = Witnessed().closes(ClosingCause.CANCEL).finishes().hears(S.PAID).gives_back().evidence()


def without(evidence: OrderEvidence, *events: str) -> OrderEvidence:
    """As if these had not been written down."""
    return replace(evidence, audit=tuple(e for e in evidence.audit if e.event not in events))


def trying(evidence: OrderEvidence, number: int, **changed: object) -> OrderEvidence:
    """With one attempt otherwise."""
    attempts: list[PaymentAttempt] = list(evidence.payment.attempts)
    attempts[number - 1] = replace(attempts[number - 1], **changed)  # type: ignore[arg-type]
    return replace(evidence, payment=replace(evidence.payment, attempts=tuple(attempts)))


def being(evidence: OrderEvidence, **changed: object) -> OrderEvidence:
    return replace(evidence, payment=replace(evidence.payment, **changed))  # type: ignore[arg-type]


def hint_of(status: S, transaction_id: str = "trx-1", number: int = 1) -> Hint:
    return Hint(
        gateway_order_id=f"SKT-1001~{number}",
        transaction_id=transaction_id,
        status=status,
        at=after(minutes=1),
    )


def hearing(evidence: OrderEvidence, *hints: Hint) -> OrderEvidence:
    return replace(evidence, hints=hints, accepted=None)


class TestOneAttemptAtATime:
    def test_none_is_open_once_another_one_followed(self) -> None:
        found = said("I5", trying(AGAIN, 1, status=S.PENDING))

        assert found == ["attempt 1 is pending, and another one followed"]

    def test_the_next_begins_when_the_last_is_over(self) -> None:
        found = said("I5", without(AGAIN, "attempt.expired", "transaction.expired"))

        assert found == ["attempt 2 was accepted before attempt 1 was over"]

    def test_one_whose_money_was_reversed_is_over(self) -> None:
        story = paid().hears(S.DENIED).finishes().tries_again()

        assert said("I5", story.evidence(story.now)) == []


class TestUnknownNeverBecomesFailed:
    def test_the_gateway_has_said_that_an_attempt_ended(self) -> None:
        unsaid = without(EXPIRED, "attempt.expired", "transaction.expired")

        assert said("I8", unsaid) == ["attempt 1 is expired, and nobody said so"]

    def test_nobody_else_can_say_so(self) -> None:
        by_us = tuple(replace(each, actor="service") for each in EXPIRED.audit)

        found = said("I8", replace(EXPIRED, audit=by_us))

        assert found == ["attempt 1 is expired, and nobody said so"]

    def test_what_has_ended_cannot_be_paid_at_the_gateway(self) -> None:
        pending = tuple(replace(each, status=S.PENDING) for each in EXPIRED.gateway or ())
        doubted = Case(key=CaseKey(code=CaseCode.MISMATCH, transaction_id="trx-1"), attempt=1)

        open_there = replace(EXPIRED, gateway=pending)

        assert said("I8", open_there) == ["attempt 1 is expired, and can be paid at the gateway"]
        assert said("I8", being(open_there, cases=(doubted,))) == []

    def test_the_payment_of_another_attempt_is_another_matter(self) -> None:
        pending = replace(
            (EXPIRED.gateway or ())[0], gateway_order_id="SKT-1001~2", status=S.PENDING
        )

        assert said("I8", replace(EXPIRED, gateway=(pending,))) == []

    @pytest.mark.parametrize("status", [P.FAILED, P.EXPIRED, P.CANCELLED])
    def test_an_order_has_not_failed_while_its_attempt_is_unknown(self, status: P) -> None:
        unknown = trying(being(EXPIRED, status=status), 1, status=S.UNKNOWN)

        assert said("I8", unknown) == [f"is {status}, and attempt 1 is unknown"]

    def test_unless_its_charge_never_left_us(self) -> None:
        story = Witnessed()
        story.does(
            lambda payment: closing_begun(
                payment,
                1,
                ClosingCause.CHARGE_FAILED,
                TERMS,
                story.now,
                ChargeFailure.UNREACHABLE,
            )
        )
        unsent = story.evidence(story.now)

        assert unsent.payment.status is P.FAILED
        assert said("I8", unsent) == []
        told = trying(unsent, 1, transactions=PAID.held)
        assert said("I8", told) == ["is failed, and attempt 1 is pending"]


class TestAcceptedHintsAreFollowed:
    def test_what_was_accepted_is_kept(self) -> None:
        found = said("I9", replace(PAID, hints=()))

        assert found == [
            "pending of trx-1 was accepted, and is not kept",
            "paid of trx-1 was accepted, and is not kept",
        ]

    def test_what_was_accepted_just_now_need_not_be_kept_yet(self) -> None:
        assert said("I9", replace(PAID, hints=(), due_before=NOW)) == []

    def test_money_that_was_told_is_held(self) -> None:
        told = hearing(EXPIRED, hint_of(S.PAID))

        assert said("I9", told) == ["paid of trx-1 was told, and nothing followed"]
        assert said("I9", replace(told, due_before=NOW)) == []

    def test_money_that_was_told_of_an_unknown_transaction_is_a_case(self) -> None:
        told = hearing(EXPIRED, hint_of(S.PAID, "trx-9", 2))
        key = CaseKey(code=CaseCode.UNMATCHED_MONEY, transaction_id="trx-9", money_came=True)

        assert said("I9", told) == ["paid of trx-9 was told, and nothing followed"]
        assert said("I9", being(told, cases=(Case(key=key, attempt=2),))) == []

    def test_money_that_went_before_anybody_asked_needs_no_more(self) -> None:
        both = (hint_of(S.PAID, "trx-9"), hint_of(S.DENIED, "trx-9"))

        assert said("I9", hearing(EXPIRED, *both)) == []

    @pytest.mark.parametrize("status", [S.PENDING, S.PAID, S.UNKNOWN])
    def test_what_is_held_already_or_not_understood_needs_no_more(self, status: S) -> None:
        assert said("I9", hearing(PAID, hint_of(status))) == []

    def test_of_an_attempt_that_has_ended_nothing_but_money_is_news(self) -> None:
        attempt = replace(EXPIRED.payment.attempts[0], transactions=())
        assert said("I9", hearing(EXPIRED, hint_of(S.IN_REVIEW))) == []
        assert said("I9", hearing(being(EXPIRED, attempts=(attempt,)), hint_of(S.PENDING))) == []

    def test_of_an_open_attempt_all_is_news(self) -> None:
        story = Witnessed().hears(S.PENDING)
        told = hearing(story.evidence(story.now), hint_of(S.IN_REVIEW))

        assert said("I9", told) == ["in_review of trx-1 was told, and nothing followed"]

    def test_of_an_order_that_is_not_stored_it_is_kept_as_unmatched(self) -> None:
        kept = StrangerEvidence(
            order_id="SKT-9", due_before=EVENTUALLY, hints=(hint_of(S.PAID, "trx-9"),)
        )
        unmatched = replace(kept.hints[0], is_matched=False)

        assert said("I9", kept) == ["paid of trx-9 is kept as if its order were stored"]
        assert said("I9", replace(kept, hints=(unmatched,))) == []


class TestEveryChangeIsWrittenDown:
    def test_the_log_begins_with_the_placement(self) -> None:
        nothing = "its audit log does not begin with its placement"

        assert said("I10", without(PAID, "order.placed")) == [nothing]
        assert nothing in said("I10", replace(PAID, audit=()))

    def test_the_last_change_is_in_the_log(self) -> None:
        changed = being(PAID, updated_at=after(days=1))

        assert said("I10", changed) == ["its last change is not in the audit log"]

    def test_what_the_feed_tells_is_in_the_log(self) -> None:
        *before, last = PAID.feed
        other = replace(last, at=last.at + timedelta(microseconds=1))

        found = said("I10", replace(PAID, feed=(*before, other)))

        assert found == ["paid was told in the feed, and is not in the audit log"]

    def test_the_feed_ends_with_what_is(self) -> None:
        found = ["is paid, and the feed does not end so"]

        assert said("I10", replace(PAID, feed=PAID.feed[:-1])) == found
        assert said("I10", replace(PAID, feed=())) == found

    def test_the_feed_is_in_order(self) -> None:
        *before, last = PAID.feed
        found = said("I10", replace(PAID, feed=(*before, replace(last, version=1))))

        assert found == ["its feed is out of order"]

    def test_money_is_in_the_log(self) -> None:
        other = Audited(event="transaction.settled", actor="gateway", at=PAID.audit[-1].at)
        unsaid = without(PAID, "transaction.paid")

        found = said("I10", replace(unsaid, audit=(*unsaid.audit, other)))

        assert found == ["the money of trx-1 is not in the audit log"]

    def test_cases_are_in_the_log(self) -> None:
        mismatch = Case(key=CaseKey(code=CaseCode.MISMATCH, transaction_id="trx-9"), attempt=1)
        unmatched = Case(
            key=CaseKey(code=CaseCode.UNMATCHED_MONEY, transaction_id="trx-9"), attempt=1
        )

        found = said("I10", being(PAID, cases=(mismatch, unmatched)))

        assert found == ["its case mismatch is not in the audit log"]

    def test_refunds_are_in_the_log(self) -> None:
        [refund] = RETURNED.payment.refunds
        other = replace(refund, refund_key="r-9")

        found = said("I10", being(RETURNED, refunds=(refund, other)))

        assert found == ["refund r-9 is not in the audit log"]

    def test_a_chain_that_is_broken_is_named(self) -> None:
        found = said("I10", WholeEvidence(broken=("SKT-1", "row 3 of audit_events is changed")))

        assert found == ["row 3 of audit_events is changed"]

    def test_an_order_that_cannot_be_read_is_named(self) -> None:
        found = said("I10", WholeEvidence(unreadable=("SKT-1",)))

        assert found == ["cannot be read: it was changed, or a key is missing"]


class TestOneTimeTokensServeOnce:
    def test_no_two_attempts_have_the_same_link(self) -> None:
        same = trying(trying(AGAIN, 1, link_token="same"), 2, link_token="same")

        assert said("I13", same) == ["two of its attempts have the same token"]

    def test_no_two_attempts_have_the_same_page(self) -> None:
        same = trying(AGAIN, 2, instructions=AGAIN.payment.attempts[0].instructions)

        assert said("I13", same) == ["two of its attempts have the same token"]

    def test_an_attempt_without_a_token_has_none_in_common(self) -> None:
        assert said("I13", trying(AGAIN, 2, instructions=None)) == []

    def test_each_attempt_was_accepted_once(self) -> None:
        [accepted] = PAID.events("attempt.accepted")

        assert said("I13", without(PAID, "attempt.accepted")) == ["attempt 1 was accepted 0 times"]
        twice = replace(PAID, audit=(accepted, *PAID.audit))
        assert said("I13", twice) == ["attempt 1 was accepted 2 times"]

    def test_none_is_accepted_when_the_order_is_paid(self) -> None:
        again = replace(
            PAID.events("attempt.accepted")[0], details={"gateway_order_id": "SKT-1001~2"}
        )

        found = said("I13", replace(PAID, audit=(*PAID.audit, again)))

        assert found == ["SKT-1001~2 was accepted when it was paid"]


class TestCancelledStaysCancelled:
    def test_nothing_is_told_after_a_cancel(self) -> None:
        later = Told(status=P.PAID, version=9, at=NOW)

        found = said("I14", replace(CANCELLED, feed=(*CANCELLED.feed, later)))

        assert found == ["was cancelled, and then paid"]

    @pytest.mark.parametrize("changed", [{"paid_at": NOW}, {"paid_attempt": 1}])
    def test_a_cancelled_order_does_not_say_that_it_was_paid(
        self, changed: dict[str, object]
    ) -> None:
        assert said("I14", being(CANCELLED, **changed)) == [
            "is cancelled, and says that it was paid"
        ]

    def test_money_of_a_cancelled_order_was_decided_about(self) -> None:
        found = said("I14", being(RETURNED, refunds=()))

        assert found == ["is cancelled, and nobody decided about the money of trx-1"]
