"""Whatever happens, in whatever order: money stays, and a repeat is no news."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from payments.believing import answered, closed
from payments.cases import Resolution
from payments.changes import Change
from payments.charging import (
    another_attempt,
    charge_opened,
    charge_refused,
    closing_begun,
    placed,
)
from payments.deciding import Decision, case_decided
from payments.errors import InvalidRequestError, NoOtherMethodError
from payments.gateway import ChargeFailure, ClosingCause
from payments.payment import MONEY_WAS_HERE, Payment
from payments.refunds import RefundCause
from payments.request import PaymentRequest
from payments.status import OPEN, AttemptStatus, PaymentStatus
from tests.payments.refund_causes import returned_because
from tests.payments.samples import (
    REQUEST,
    SNAP_REQUEST,
    TERMS,
    after,
    attempt_of,
    next_attempt_of,
    opened_of,
    report_of,
)


@dataclass
class History:
    """A payment, kept as the store keeps it."""

    payment: Payment

    def take(self, change: Change) -> None:
        assert (change.payment == self.payment) or change.audit
        self.payment = change.payment

    def resolve(self, resolution: Resolution, hours: int) -> None:
        case = next((case for case in self.payment.cases if case.is_open), None)
        if case is None:
            return
        decision = Decision(resolution=resolution, actor="operator", at=after(hours=hours))
        try:
            self.take(case_decided(self.payment, case.key, decision, TERMS))
        except InvalidRequestError:
            return

    def try_another(self, hours: int) -> None:
        number = len(self.payment.attempts) + 1
        new = next_attempt_of(self.payment.request, number, at=after(hours=hours))
        try:
            self.take(another_attempt(self.payment, new))
        except NoOtherMethodError:
            return


Event = Callable[[History], None]


def reported(number: int, status: AttemptStatus, transaction: str, nonce: str, hours: int) -> Event:
    def happen(history: History) -> None:
        if number > len(history.payment.attempts):
            return
        right = report_of(history.payment.request, status, f"{transaction}-{number}")
        report = replace(
            right,
            gateway_order_id=f"{history.payment.order_id}~{number}",
            nonce=nonce or right.nonce,
        )
        history.take(answered(history.payment, number, report, TERMS, after(hours=hours)))

    return happen


def closing(cause: ClosingCause, failure: ChargeFailure | None, hours: int) -> Event:
    return lambda history: history.take(
        closing_begun(
            history.payment,
            len(history.payment.attempts),
            cause,
            TERMS,
            after(hours=hours),
            failure if cause is ClosingCause.CHARGE_FAILED else None,
        )
    )


def over(hours: int) -> Event:
    return lambda history: history.take(
        closed(history.payment, len(history.payment.attempts), TERMS, after(hours=hours))
    )


def opened(history: History) -> None:
    payment = history.payment
    history.take(charge_opened(payment, 1, opened_of(payment.request), TERMS, after(hours=1)))


def refused(history: History) -> None:
    number = len(history.payment.attempts)
    history.take(charge_refused(history.payment, number, "402", TERMS, after(hours=1)))


HOURS = st.integers(0, 48)
REPEATABLE = st.one_of(
    st.builds(
        reported,
        st.sampled_from([1, 2]),
        st.sampled_from(AttemptStatus),
        st.sampled_from(["trx", "other"]),
        st.sampled_from(["", "", "another"]),
        HOURS,
    ),
    st.builds(closing, st.sampled_from(ClosingCause), st.sampled_from(ChargeFailure), HOURS),
    st.builds(over, HOURS),
    st.just(opened),
    st.just(refused),
)
EVENTS = st.one_of(
    REPEATABLE,
    st.builds(
        lambda resolution, hours: lambda history: history.resolve(resolution, hours),
        st.sampled_from(Resolution),
        HOURS,
    ),
    st.builds(lambda hours: lambda history: history.try_another(hours), HOURS),
)


@given(st.sampled_from([REQUEST, SNAP_REQUEST]), st.lists(EVENTS, max_size=14), REPEATABLE)
def test_whatever_happens_money_stays_and_a_repeat_is_no_news(
    request_: PaymentRequest, events: list[Event], last: Event
) -> None:
    history = History(placed(request_, attempt_of(request_)).payment)

    for happen in (*events, last):
        before = history.payment
        happen(history)
        _check(before, history.payment)

    once = history.payment
    last(history)
    assert _without_order(history.payment) == _without_order(once)


def _check(before: Payment, payment: Payment) -> None:
    is_reversed = before.status in MONEY_WAS_HERE and payment.status is PaymentStatus.REVERSED
    assert before.status not in MONEY_WAS_HERE or payment.status in MONEY_WAS_HERE or is_reversed
    assert (payment.status in MONEY_WAS_HERE) is (payment.paid_attempt is not None)
    was_exchanged = returned_because(payment) is RefundCause.SECOND_PAYMENT
    is_paid_by_the_same = payment.paid_attempt == before.paid_attempt
    assert is_paid_by_the_same or before.paid_attempt is None or is_reversed or was_exchanged
    assert payment.retry_until is None or payment.status in {
        PaymentStatus.FAILED,
        PaymentStatus.EXPIRED,
        PaymentStatus.REVERSED,
    }
    assert before.status is not PaymentStatus.CANCELLED or payment.status is before.status
    assert all(attempt.status not in OPEN for attempt in payment.attempts[:-1])


def _without_order(payment: Payment) -> Payment:
    """Transactions apart from their order: the one heard of last is kept last."""
    attempts = tuple(
        replace(
            attempt,
            transactions=tuple(sorted(attempt.transactions, key=lambda t: t.transaction_id)),
        )
        for attempt in payment.attempts
    )
    return replace(payment, attempts=attempts)
