"""Whatever happens, in whatever order: money stays, and a repeat is no news."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hypothesis import given
from hypothesis import strategies as st

from payments.believing import answered, case_resolved, closed
from payments.cases import Case, CaseCode, Resolution
from payments.changes import Change
from payments.charging import (
    another_attempt,
    charge_opened,
    charge_refused,
    closing_begun,
    placed,
)
from payments.errors import InvalidRequestError
from payments.gateway import ChargeFailure, ClosingCause
from payments.payment import MONEY_WAS_HERE, Payment
from payments.request import PaymentRequest
from payments.status import OPEN, AttemptStatus, PaymentStatus
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
    """A payment and its cases, kept as the store keeps them."""

    payment: Payment
    open_cases: list[Case] = field(default_factory=list)
    known: set[tuple[CaseCode, str, bool]] = field(default_factory=set)

    def take(self, change: Change) -> None:
        case = change.case
        if case is not None:
            identity = (case.code, case.transaction_id, case.money_came)
            if identity in self.known:
                return
            self.known.add(identity)
            self.open_cases.append(case)
        self.payment = change.payment

    def resolve(self, resolution: Resolution, hours: int) -> None:
        if not self.open_cases:
            return
        case, *others = self.open_cases
        still_open = others[0].code if others else None
        try:
            change = case_resolved(
                self.payment, case, resolution, still_open, TERMS, after(hours=hours)
            )
        except InvalidRequestError:
            return
        self.open_cases = others
        self.payment = change.payment

    def try_another(self, hours: int) -> None:
        number = len(self.payment.attempts) + 1
        new = next_attempt_of(self.payment.request, number, at=after(hours=hours))
        try:
            self.take(another_attempt(self.payment, new))
        except InvalidRequestError:
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
        assert (history.payment.attention is None) is (not history.open_cases)

    once = history.payment
    last(history)
    assert _without_order(history.payment) == _without_order(once)


def _check(before: Payment, payment: Payment) -> None:
    assert before.status not in MONEY_WAS_HERE or payment.status in MONEY_WAS_HERE
    assert (payment.status in MONEY_WAS_HERE) is (payment.paid_attempt is not None)
    assert payment.paid_attempt == before.paid_attempt or before.paid_attempt is None
    assert payment.retry_until is None or payment.status in {
        PaymentStatus.FAILED,
        PaymentStatus.EXPIRED,
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
