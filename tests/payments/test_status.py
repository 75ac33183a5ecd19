from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.status import (
    ENDED_WITHOUT_MONEY,
    FOLLOWERS,
    MONEY_CAME,
    OPEN,
    AttemptStatus,
    Verdict,
    as_seen_after,
    is_late_money,
    judge,
    strongest,
)

S = AttemptStatus
# How far a transaction has come; it may stay on a level, but never fall below one.
LEVELS = (
    {S.PREPARING},
    {S.UNKNOWN, S.PENDING},
    {S.AUTHORIZED, S.IN_REVIEW},
    {S.DENIED, S.EXPIRED, S.CANCELLED, S.FAILED},
    {S.PAID},
    {S.PARTIALLY_REFUNDED},
    {S.REFUNDED, S.CHARGED_BACK, S.REVERSED},
)
LEVEL = {status: level for level, statuses in enumerate(LEVELS) for status in statuses}


def test_every_status_has_followers_and_one_kind() -> None:
    assert set(FOLLOWERS) == set(LEVEL) == set(AttemptStatus)
    assert set(AttemptStatus) == OPEN | ENDED_WITHOUT_MONEY | MONEY_CAME
    assert not OPEN & ENDED_WITHOUT_MONEY
    assert not (OPEN | ENDED_WITHOUT_MONEY) & MONEY_CAME


@pytest.mark.parametrize(("current", "reported"), list(product(AttemptStatus, AttemptStatus)))
def test_every_pair_has_a_verdict_that_never_moves_backwards(
    current: AttemptStatus, reported: AttemptStatus
) -> None:
    verdict = judge(current, reported)

    if verdict is Verdict.ADVANCE:
        assert LEVEL[reported] >= LEVEL[current]
    if current is reported is not S.PARTIALLY_REFUNDED:
        assert verdict is Verdict.STALE


@given(st.lists(st.sampled_from(AttemptStatus)))
def test_no_order_of_reports_undoes_money(reports: list[AttemptStatus]) -> None:
    status, reached = S.PREPARING, 0

    for report in reports:
        seen = as_seen_after(status, report)
        status = seen if judge(status, seen) is Verdict.ADVANCE else status
        assert LEVEL[status] >= reached
        reached = LEVEL[status]


@given(st.lists(st.sampled_from(AttemptStatus)), st.sampled_from(AttemptStatus))
def test_a_repeated_report_is_no_news(
    reports: list[AttemptStatus], repeated: AttemptStatus
) -> None:
    status = S.PREPARING
    for report in (*reports, repeated):
        seen = as_seen_after(status, report)
        status = seen if judge(status, seen) is Verdict.ADVANCE else status

    again = as_seen_after(status, repeated)

    assert judge(status, again) is not Verdict.ADVANCE or again is status


@pytest.mark.parametrize(
    ("current", "reported", "verdict"),
    [
        (S.PENDING, S.PAID, Verdict.ADVANCE),
        (S.PAID, S.PENDING, Verdict.STALE),
        (S.PAID, S.PAID, Verdict.STALE),
        (S.REFUNDED, S.PAID, Verdict.STALE),
        (S.PAID, S.EXPIRED, Verdict.CONTRADICTION),
        (S.REFUNDED, S.DENIED, Verdict.CONTRADICTION),
        (S.PAID, S.REVERSED, Verdict.ADVANCE),
        (S.PARTIALLY_REFUNDED, S.PARTIALLY_REFUNDED, Verdict.ADVANCE),
        (S.EXPIRED, S.PAID, Verdict.ADVANCE),
        (S.DENIED, S.PAID, Verdict.ADVANCE),
        (S.IN_REVIEW, S.DENIED, Verdict.ADVANCE),
        (S.PENDING, S.REFUNDED, Verdict.CONTRADICTION),
    ],
)
def test_a_report_is_news_stale_or_impossible(
    current: AttemptStatus, reported: AttemptStatus, verdict: Verdict
) -> None:
    assert judge(current, reported) is verdict


@pytest.mark.parametrize("ended", sorted(ENDED_WITHOUT_MONEY))
def test_money_after_an_end_is_never_ignored(ended: AttemptStatus) -> None:
    assert is_late_money(ended, S.PAID)
    assert not is_late_money(ended, S.PENDING)


@pytest.mark.parametrize(
    ("current", "seen"),
    [(S.PAID, S.REVERSED), (S.REVERSED, S.REVERSED), (S.PENDING, S.DENIED)],
)
def test_a_denial_of_what_was_paid_is_a_reversal(
    current: AttemptStatus, seen: AttemptStatus
) -> None:
    assert as_seen_after(current, S.DENIED) is seen


@pytest.mark.parametrize(
    ("statuses", "decides"),
    [
        ([], None),
        ([S.UNKNOWN], None),
        ([S.DENIED, S.PAID], S.PAID),
        ([S.PAID, S.REVERSED], S.PAID),
        ([S.EXPIRED, S.PENDING], S.PENDING),
        ([S.EXPIRED, S.DENIED], S.DENIED),
    ],
)
def test_the_strongest_transaction_decides(
    statuses: list[AttemptStatus], decides: AttemptStatus | None
) -> None:
    assert strongest(statuses) is decides
