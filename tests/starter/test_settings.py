"""The settings of refunds and disputes: what they mean, and how a wrong one is told."""

from datetime import timedelta

import pytest

from settings import SettingsError, load_settings

ACCOUNT = {
    "PAYMENTS_MIDTRANS_SERVER_KEY": "SB-Mid-server-x",
    "PAYMENTS_MIDTRANS_MERCHANT_ID": "G000000001",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in ACCOUNT.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.usefixtures("environment")
def test_unset_the_terms_are_those_of_the_documentation() -> None:
    settings = load_settings()

    assert settings.terms.approval_above == 5_000_000
    assert settings.terms.evidence_within == timedelta(days=7)
    assert settings.terms.details_kept == timedelta(days=30)
    assert settings.windows.refund_retry == timedelta(hours=1)
    assert settings.windows.refund_stuck == timedelta(days=7)


def test_every_one_of_them_can_be_set(environment: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("REFUND_APPROVAL_ABOVE", "1000"),
        ("CHARGEBACK_EVIDENCE_DAYS", "3"),
        ("BANK_DETAILS_DAYS", "10"),
        ("REFUND_RETRY_SECONDS", "5"),
        ("REFUND_STUCK_SECONDS", "60"),
    ):
        environment.setenv(f"PAYMENTS_{name}", value)

    settings = load_settings()

    assert settings.terms.approval_above == 1_000
    assert settings.terms.evidence_within == timedelta(days=3)
    assert settings.terms.details_kept == timedelta(days=10)
    assert settings.windows.refund_retry == timedelta(seconds=5)
    assert settings.windows.refund_stuck == timedelta(seconds=60)


def test_an_empty_limit_is_none(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("PAYMENTS_REFUND_APPROVAL_ABOVE", "")

    assert load_settings().terms.approval_above is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("REFUND_APPROVAL_ABOVE", "-1"),
        ("REFUND_APPROVAL_ABOVE", "many"),
        ("CHARGEBACK_EVIDENCE_DAYS", "0"),
        ("BANK_DETAILS_DAYS", "0"),
        ("REFUND_RETRY_SECONDS", "0"),
        ("REFUND_STUCK_SECONDS", "-5"),
        ("RECONCILE_RATE", "0"),
        ("RECONCILE_OPEN_MINUTES", "0"),
        ("RECONCILE_RECENT_HOUR", "24"),
        ("RECONCILE_DAYS", "0"),
        ("DISCREPANCY_ALERT_HOURS", "0"),
        ("OPERATOR", "ani; root"),
        ("OPERATOR", ""),
    ],
)
def test_a_wrong_one_is_named(environment: pytest.MonkeyPatch, name: str, value: str) -> None:
    environment.setenv(f"PAYMENTS_{name}", value)

    with pytest.raises(SettingsError, match=f"PAYMENTS_{name}"):
        load_settings()
