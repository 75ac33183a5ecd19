from payments.reconciliation import Tally

FIRST = Tally(
    checked=2,
    unanswered=1,
    found={"state_differs": 1},
    repaired=1,
    captured={"qris": 100},
    refunded={"qris": 10},
    fees={"qris": 7},
    found_by={"notification": 1},
)
SECOND = Tally(
    checked=3,
    found={"state_differs": 2, "overdue": 1},
    captured={"qris": 50, "bca_va": 5},
    refunded={"bca_va": 5},
    fees={"bca_va": 4},
    found_by={"asking": 2},
)


def test_tallies_add_up_name_by_name() -> None:
    assert FIRST.plus(SECOND) == Tally(
        checked=5,
        unanswered=1,
        found={"state_differs": 3, "overdue": 1},
        repaired=1,
        captured={"qris": 150, "bca_va": 5},
        refunded={"qris": 10, "bca_va": 5},
        fees={"qris": 7, "bca_va": 4},
        found_by={"notification": 1, "asking": 2},
    )


def test_nothing_added_changes_nothing() -> None:
    assert FIRST.plus(Tally()) == FIRST
    assert Tally().plus(FIRST) == FIRST


def test_names_keep_the_order_in_which_they_were_first_counted() -> None:
    assert list(FIRST.plus(SECOND).found) == ["state_differs", "overdue"]
