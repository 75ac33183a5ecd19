from collections.abc import Callable
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from payments.changes import (
    Change,
    answered,
    charge_opened,
    charge_refused,
    closed,
    closing_begun,
    placed,
)
from payments.gateway import ClosingCause
from payments.payment import MONEY_WAS_HERE, Payment
from payments.request import PaymentRequest
from payments.status import AttemptStatus
from tests.payments.causes import (
    LATER,
    P,
)
from tests.payments.samples import (
    REQUEST,
    SNAP_REQUEST,
    TERMS,
    after,
    attempt_of,
    opened_of,
    report_of,
)

CAUSES = st.one_of(
    st.builds(
        lambda status, trx, hours: (
            lambda payment: answered(
                payment, 1, report_of(payment.request, status, trx), TERMS, after(hours=hours)
            )
        ),
        st.sampled_from(AttemptStatus),
        st.sampled_from(["trx-1", "trx-2"]),
        st.integers(0, 48),
    ),
    st.builds(
        lambda cause: lambda payment: closing_begun(payment, 1, cause),
        st.sampled_from(ClosingCause),
    ),
    st.just(lambda payment: closed(payment, 1, TERMS, LATER)),
    st.just(lambda payment: charge_opened(payment, 1, opened_of(payment.request), TERMS, LATER)),
    st.just(lambda payment: charge_refused(payment, 1, "402", TERMS, LATER)),
)


@given(
    st.sampled_from([REQUEST, SNAP_REQUEST]),
    st.lists(CAUSES, max_size=12),
    CAUSES,
)
def test_whatever_happens_money_stays_and_a_repeat_is_no_news(
    request_: PaymentRequest,
    causes: list[Callable[[Payment], Change]],
    last: Callable[[Payment], Change],
) -> None:
    payment = placed(request_, attempt_of(request_)).payment

    for cause in (*causes, last):
        before, payment = payment, cause(payment).payment
        assert before.status not in MONEY_WAS_HERE or payment.status in MONEY_WAS_HERE
        assert (payment.status in MONEY_WAS_HERE) is (payment.paid_attempt is not None)
        assert payment.retry_until is None or payment.status in {P.FAILED, P.EXPIRED}
        assert before.status is not P.CANCELLED or payment.status is P.CANCELLED

    assert _without_order(last(payment).payment) == _without_order(payment)


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
