from datetime import timedelta
from itertools import pairwise

from payments.alerts import ALERTS, AlertCode, reminder_pause
from payments.cases import CaseCode


def test_every_alert_says_what_is_wrong_and_what_to_do() -> None:
    assert set(ALERTS) == set(AlertCode)
    for alert in ALERTS.values():
        assert alert.what.endswith(".")
        assert "python -m starter" in alert.what_to_do


def test_every_case_has_its_alert() -> None:
    assert {code.value for code in CaseCode} <= {code.value for code in AlertCode}


def test_reminders_grow_rarer_but_never_end() -> None:
    pauses = [reminder_pause(sent) for sent in range(1, 30)]

    assert pauses[0] == timedelta(hours=1)
    assert all(earlier <= later for earlier, later in pairwise(pauses))
    assert set(pauses[2:]) == {timedelta(days=1)}
