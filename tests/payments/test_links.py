from dataclasses import replace

import pytest

from payments.charging import closing_begun
from payments.gateway import ChargeFailure, ClosingCause
from payments.links import LinkState, link_state
from payments.payment import MONEY_WAS_HERE, Payment
from payments.status import PaymentStatus
from tests.payments.causes import (
    CANCELLED,
    CORE,
    EXPIRED,
    LATER,
    PAID,
    PLACED,
    S,
    heard,
)
from tests.payments.samples import TERMS, after, with_second_attempt

UNSENT = closing_begun(
    PLACED, 1, ClosingCause.CHARGE_FAILED, TERMS, LATER, ChargeFailure.UNREACHABLE
).payment
SWITCHED = replace(with_second_attempt(EXPIRED), status=PaymentStatus.AWAITING_PAYMENT)
SECOND_ENDED = closing_begun(SWITCHED, 2, ClosingCause.DEADLINE, TERMS, LATER).payment
SECOND_ENDED = replace(
    SECOND_ENDED,
    attempts=(SECOND_ENDED.attempts[0], replace(SECOND_ENDED.attempts[1], status=S.EXPIRED)),
)


@pytest.mark.parametrize("payment", [PLACED, CORE, UNSENT, EXPIRED, CANCELLED])
def test_the_link_of_the_latest_attempt_is_open(payment: Payment) -> None:
    assert link_state(payment, 1) is LinkState.OPEN


def test_whether_a_method_is_left_says_the_payment() -> None:
    assert EXPIRED.methods_to_try(after(hours=1))
    assert not EXPIRED.methods_to_try(after(hours=25))
    assert not CANCELLED.methods_to_try(LATER)


def test_a_link_from_which_the_next_attempt_was_made_is_used() -> None:
    assert link_state(SWITCHED, 1) is LinkState.USED
    assert link_state(SWITCHED, 2) is LinkState.OPEN


def test_a_used_link_is_dead_once_the_attempt_made_from_it_ends() -> None:
    assert link_state(SECOND_ENDED, 1) is LinkState.DEAD
    assert link_state(SECOND_ENDED, 2) is LinkState.OPEN


def test_a_link_two_attempts_back_is_dead() -> None:
    third = replace(SECOND_ENDED.attempts[1], number=3, status=S.PENDING)
    payment = replace(SECOND_ENDED, attempts=(*SECOND_ENDED.attempts, third))

    assert [link_state(payment, number) for number in (1, 2, 3)] == [
        LinkState.DEAD,
        LinkState.USED,
        LinkState.OPEN,
    ]


@pytest.mark.parametrize("status", sorted(MONEY_WAS_HERE))
def test_once_paid_every_link_only_shows_it(status: PaymentStatus) -> None:
    payment = replace(heard(SECOND_ENDED, S.PAID), status=status)

    assert link_state(payment, 1) is LinkState.USED
    assert link_state(payment, 2) is LinkState.USED
    assert link_state(PAID, 1) is LinkState.USED


def test_the_link_of_an_attempt_that_is_not_there_is_dead() -> None:
    assert link_state(CORE, 2) is LinkState.DEAD
