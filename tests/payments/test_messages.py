"""What a customer is told is complete, in both languages, and never says too much."""

from string import Formatter

import pytest

from payments.gateway import InstructionKind
from payments.messages import PROBLEM_TEXTS, STATUS_TEXTS, SWITCHED, SWITCHING, Told
from payments.request import Locale
from payments.status import PaymentStatus
from payments.telling import ON_ITS_WAY, RETURN_TEXTS

AWAITING = PaymentStatus.AWAITING_PAYMENT
WITHOUT_MONEY = (PaymentStatus.FAILED, PaymentStatus.EXPIRED, PaymentStatus.CANCELLED)
ALL_TEXTS = [
    *(pytest.param(told, id="-".join(filter(None, key))) for key, told in STATUS_TEXTS.items()),
    *(pytest.param(told, id="-".join(key)) for key, told in RETURN_TEXTS.items()),
    *(pytest.param(told, id=f"{key}-on-its-way") for key, told in ON_ITS_WAY.items()),
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
    told = STATUS_TEXTS[AWAITING, kind]

    assert {"amount", "deadline"} <= names_in(told.id)


def test_who_waits_for_an_answer_is_told_not_to_pay_again() -> None:
    told = STATUS_TEXTS[PaymentStatus.CHECKING, None]

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
    told = STATUS_TEXTS[status, None]

    assert "tidak ada dana yang kami terima" in told.id
    assert "no money was taken" in told.en
    assert "hari kerja" in told.id
    assert "working days" in told.en
    assert "Silakan" in told.id
    assert "Please" in told.en


def test_a_reversed_order_is_said_to_be_unpaid_and_may_be_paid_again() -> None:
    told = STATUS_TEXTS[PaymentStatus.REVERSED, None]

    assert "belum terbayar" in told.id
    assert "not paid" in told.en
    assert "metode pembayaran lain" in told.id
    assert "another payment method" in told.en


def test_values_fill_the_text_of_the_locale() -> None:
    told = STATUS_TEXTS[AWAITING, InstructionKind.QR]
    values = {"amount": "Rp350.000", "deadline": "14.05 WIB"}

    assert told.text(Locale.ID, values) == (
        "Silakan pindai kode QR dan bayar Rp350.000 sebelum 14.05 WIB."
    )
    assert told.text(Locale.EN, values) == (
        "Please scan the QR code and pay Rp350.000 before 14.05 WIB."
    )
