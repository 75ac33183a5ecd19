"""What a customer is told is complete, in both languages, and never says too much."""

from string import Formatter

import pytest

from payments.cases import CaseCode
from payments.gateway import InstructionKind
from payments.messages import (
    CASE_TEXTS,
    PROBLEM_TEXTS,
    STATUS_TEXTS,
    SWITCHED,
    SWITCHING,
    Told,
    status_text,
)
from payments.request import Locale
from payments.status import PaymentStatus

AWAITING = PaymentStatus.AWAITING_PAYMENT
WITHOUT_MONEY = (PaymentStatus.FAILED, PaymentStatus.EXPIRED, PaymentStatus.CANCELLED)
ALL_TEXTS = [
    *(pytest.param(told, id="-".join(filter(None, key))) for key, told in STATUS_TEXTS.items()),
    *(pytest.param(told, id="-".join(key)) for key, told in CASE_TEXTS.items()),
    *(pytest.param(told, id=code) for code, told in PROBLEM_TEXTS.items()),
    pytest.param(SWITCHING, id="switching"),
    pytest.param(SWITCHED, id="switched"),
]


def names_in(template: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(template) if name}


def test_every_status_and_every_kind_of_instructions_has_its_text() -> None:
    expected = {(status, None) for status in PaymentStatus} | {
        (AWAITING, kind) for kind in InstructionKind
    }

    assert set(STATUS_TEXTS) == expected


@pytest.mark.parametrize("told", ALL_TEXTS)
def test_both_languages_say_the_same_with_the_same_values(told: Told) -> None:
    assert told.id
    assert told.en
    assert told.id != told.en
    assert names_in(told.id) == names_in(told.en)


@pytest.mark.parametrize("told", ALL_TEXTS)
def test_indonesian_is_formal(told: Told) -> None:
    assert not {"kamu", "kau", "kalian", "dong"} & set(told.id.lower().split())


@pytest.mark.parametrize("kind", list(InstructionKind))
def test_whoever_is_to_pay_hears_how_much_and_until_when(kind: InstructionKind) -> None:
    told = status_text(AWAITING, kind, None)

    assert {"amount", "deadline"} <= names_in(told.id)


def test_who_waits_for_an_answer_is_told_not_to_pay_again() -> None:
    told = status_text(PaymentStatus.CHECKING, None, None)

    assert "jangan membayar lagi" in told.id
    assert "do not pay again" in told.en


@pytest.mark.parametrize("told", [SWITCHING, SWITCHED])
def test_who_switches_is_told_not_to_pay_to_the_old_number(told: Told) -> None:
    assert "nomor atau kode yang lama" in told.id
    assert "old number or code" in told.en


@pytest.mark.parametrize("code", ["gateway_unreachable", "gateway_refused"])
def test_where_nothing_was_charged_the_customer_hears_so_and_what_next(code: str) -> None:
    told = PROBLEM_TEXTS[code]

    assert "tidak ada dana yang diambil" in told.id
    assert "no money was taken" in told.en
    assert "metode pembayaran lain" in told.id
    assert "another payment method" in told.en


@pytest.mark.parametrize("status", WITHOUT_MONEY)
def test_an_end_without_money_says_so_and_what_next(status: PaymentStatus) -> None:
    told = status_text(status, InstructionKind.QR, None)

    assert "tidak ada dana yang kami terima" in told.id
    assert "no money was taken" in told.en
    assert "hari kerja" in told.id
    assert "working days" in told.en
    assert "Silakan" in told.id
    assert "Please" in told.en


@pytest.mark.parametrize("status", WITHOUT_MONEY)
def test_late_money_is_not_denied(status: PaymentStatus) -> None:
    told = status_text(status, None, CaseCode.LATE_MONEY)

    assert "tidak ada dana" not in told.id
    assert "will return it" in told.en


def test_a_case_that_changes_nothing_for_the_customer_leaves_the_text() -> None:
    usual = status_text(PaymentStatus.CHECKING, None, None)

    assert status_text(PaymentStatus.CHECKING, None, CaseCode.MISMATCH) == usual


def test_values_fill_the_text_of_the_locale() -> None:
    told = status_text(AWAITING, InstructionKind.QR, None)
    values = {"amount": "Rp350.000", "deadline": "14.05 WIB"}

    assert told.text(Locale.ID, values) == (
        "Silakan pindai kode QR dan bayar Rp350.000 sebelum 14.05 WIB."
    )
    assert told.text(Locale.EN, values) == (
        "Please scan the QR code and pay Rp350.000 before 14.05 WIB."
    )
