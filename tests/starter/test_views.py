"""What checkout sees of a payment: the members of the contract, and nothing that misleads."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from payments.believing import closed
from payments.cases import Case, CaseCode, CaseKey
from payments.charging import charge_refused, closing_begun
from payments.gateway import ClosingCause, InstructionKind, Instructions
from payments.messages import SWITCHED, SWITCHING
from payments.methods import METHODS, PaymentMethod
from payments.money import Currency, Money
from payments.payment import ENDED_UNPAID, Payment
from payments.request import Locale
from payments.status import AttemptStatus, PaymentStatus
from starter.views import message, methods_body, payment_body
from tests.starter.orders import (
    NOW,
    TERMS,
    awaiting,
    paid,
    paid_too_late,
    prepared,
    refunding,
    reported,
)

MEMBERS = [
    "order_id",
    "status",
    "version",
    "livemode",
    "attempt",
    "method",
    "paid_with",
    "amount",
    "refunded_amount",
    "created_at",
    "expires_at",
    "paid_at",
    "retry_until",
    "methods",
    "fulfillable",
    "fulfil_after",
    "payment_url",
    "instructions",
    "message",
    "invoice_number",
    "attempts",
    "refunds",
    "attention",
]
INSTRUCTION_MEMBERS = [
    "kind",
    "token",
    "redirect_url",
    "va_number",
    "bank",
    "bill_key",
    "biller_code",
    "qr_string",
    "qr_url",
    "deeplink_url",
    "payment_code",
    "store",
]


def seen(payment: Payment, seconds: float = 0) -> dict[str, Any]:
    body = payment_body(
        payment, NOW + timedelta(seconds=seconds), livemode=False, pay_url="https://pay"
    )
    document: dict[str, Any] = json.loads(body.model_dump_json())
    return document


def test_the_members_are_those_of_the_contract_in_their_order() -> None:
    body = seen(awaiting("SKT-1"))

    assert list(body) == MEMBERS
    assert list(body["instructions"]) == INSTRUCTION_MEMBERS
    assert list(body["attempts"][0]) == [
        "attempt",
        "method",
        "gateway",
        "gateway_order_id",
        "status",
        "transactions",
    ]


def test_an_awaited_payment_shows_how_to_pay_until_when() -> None:
    body = seen(awaiting("SKT-1"))

    assert body["status"] == "awaiting_payment"
    assert body["amount"] == {"value": 350000, "currency": "IDR"}
    assert body["refunded_amount"] == {"value": 0, "currency": "IDR"}
    assert body["instructions"]["kind"] == "virtual_account"
    assert body["attempts"][0]["gateway_order_id"] == "SKT-1~1"
    assert body["message"]["id"] == (
        "Silakan transfer Rp350.000 ke BCA Virtual Account nomor 81278500253 sebelum"
        " 23 November 2026 14.05 WIB. Jumlahnya harus sama persis."
    )
    assert body["methods"][-1] == "bca_va"
    assert body["retry_until"] is None


def test_every_instant_is_utc_to_the_second() -> None:
    body = seen(paid("SKT-1", PaymentMethod.PERMATA_VA))

    assert body["created_at"] == "2026-11-23T07:00:00Z"
    assert body["expires_at"] == "2026-11-23T07:05:00Z"
    assert body["paid_at"] == "2026-11-23T07:00:00Z"
    assert body["fulfil_after"] == "2026-11-23T07:15:00Z"


def test_nobody_is_told_how_to_pay_when_it_would_be_in_vain() -> None:
    closing = closing_begun(awaiting("SKT-1"), 1, ClosingCause.DEADLINE, TERMS, NOW).payment
    expired = closed(closing, 1, TERMS, NOW).payment

    for payment in (prepared("SKT-1"), closing, expired):
        assert seen(payment)["instructions"] is None
        assert "81278500253" not in json.dumps(seen(payment))


def test_after_a_failure_other_methods_are_offered_until_the_window_ends() -> None:
    failed = charge_refused(prepared("SKT-1"), 1, "402", TERMS, NOW).payment

    assert seen(failed)["retry_until"] == "2026-11-24T07:00:00Z"
    assert "qris" in seen(failed)["methods"]
    assert seen(failed)["methods"][-1] == "bca_va"
    assert seen(failed, seconds=86_400)["methods"] == []


def with_link(payment: Payment) -> Payment:
    attempt = replace(payment.latest_attempt, link_token="one-time token")
    return replace(payment, attempts=(*payment.attempts[:-1], attempt))


def switched(payment: Payment, status: PaymentStatus) -> Payment:
    second = replace(payment.latest_attempt, number=2, closing=ClosingCause.OTHER_METHOD)
    return replace(payment, status=status, attempts=(*payment.attempts, second))


@pytest.mark.parametrize("status", list(PaymentStatus))
def test_the_customer_s_link_is_given_out_while_it_is_of_use(status: PaymentStatus) -> None:
    ended = status in ENDED_UNPAID | {PaymentStatus.CANCELLED}
    payment = replace(with_link(awaiting("SKT-1")), status=status, retry_until=NOW)

    assert (seen(payment)["payment_url"] is None) == ended


def test_the_customer_s_link_lasts_until_no_method_may_be_tried_any_more() -> None:
    failed = with_link(charge_refused(prepared("SKT-1"), 1, "402", TERMS, NOW).payment)

    assert seen(failed)["payment_url"] == "https://pay/pay/one-time%20token"
    assert seen(failed, seconds=86_400)["payment_url"] is None


def test_what_is_told_for_ever_holds_no_link() -> None:
    assert seen(awaiting("SKT-1"))["payment_url"] is None


@pytest.mark.parametrize("locale", list(Locale))
def test_who_switches_is_told_not_to_pay_to_the_old_number(locale: Locale) -> None:
    waiting = switched(awaiting("SKT-1"), PaymentStatus.CHECKING)
    done = switched(awaiting("SKT-1"), PaymentStatus.AWAITING_PAYMENT)

    assert message(waiting, locale) == SWITCHING.text(locale, {})
    assert message(done, locale).endswith(SWITCHED.text(locale, {}))
    assert "81278500253" in message(done, locale)


def test_goods_wait_while_a_settlement_may_still_be_reversed() -> None:
    payment = paid("SKT-1", PaymentMethod.PERMATA_VA)

    assert seen(payment, seconds=899)["fulfillable"] is False
    assert seen(payment, seconds=900)["fulfillable"] is True


def test_a_case_for_a_human_shows() -> None:
    case = Case(key=CaseKey(code=CaseCode.MISMATCH, transaction_id="T-1"), attempt=1)
    payment = replace(awaiting("SKT-1"), cases=(case,))

    assert seen(payment)["attention"] == "mismatch"


@pytest.mark.parametrize("kind", list(InstructionKind))
@pytest.mark.parametrize("locale", list(Locale))
def test_every_kind_of_instructions_can_be_told(kind: InstructionKind, locale: Locale) -> None:
    shown = Instructions(
        kind=kind, va_number="812", bill_key="7788", biller_code="70012", payment_code="4455"
    )

    assert "{" not in message(awaiting("SKT-1", shown), locale)


@pytest.mark.parametrize("status", list(PaymentStatus))
@pytest.mark.parametrize("locale", list(Locale))
def test_every_status_can_be_told(status: PaymentStatus, locale: Locale) -> None:
    payment = replace(awaiting("SKT-1", None), status=status)

    assert "{" not in message(payment, locale)


def test_all_methods_are_listed_when_no_amount_is_named() -> None:
    assert {each.method for each in methods_body(None).methods} == set(METHODS)


REFUND_MEMBERS = [
    "refund_key",
    "amount",
    "status",
    "reason",
    "created_at",
    "confirmed_at",
    "credit_note_number",
    "transaction_id",
    "cause",
]


def test_every_refund_is_shown_the_oldest_first() -> None:
    first = refunding(paid("SKT-1"), refund_key="K-2", amount=Money(50_000, Currency.IDR))
    both = refunding(first, refund_key="K-1")

    body = seen(both)

    assert [refund["refund_key"] for refund in body["refunds"]] == ["K-2", "K-1"]
    assert list(body["refunds"][0]) == REFUND_MEMBERS
    assert body["refunds"][0] == {
        "refund_key": "K-2",
        "amount": {"value": 50_000, "currency": "IDR"},
        "status": "manual",
        "reason": "too small",
        "created_at": "2026-11-23T07:00:00Z",
        "confirmed_at": None,
        "credit_note_number": None,
        "transaction_id": "T-SKT-1",
        "cause": "requested",
    }
    assert body["refunds"][1]["amount"]["value"] == 300_000
    assert body["attention"] == "manual_refund"


def test_a_credit_note_that_was_not_needed_is_none() -> None:
    payment = refunding(paid("SKT-1"))
    settled = replace(payment.refunds[0], credit_note_number="")

    assert seen(replace(payment, refunds=(settled,)))["refunds"][0]["credit_note_number"] is None


def test_what_goes_back_because_it_came_too_late_is_told() -> None:
    body = seen(paid_too_late("SKT-1"))

    assert body["status"] == "cancelled"
    assert [refund["cause"] for refund in body["refunds"]] == ["late_money"]
    assert "akan kami kembalikan" in body["message"]["id"]


def test_the_link_of_a_reversed_payment_leads_to_other_methods() -> None:
    by_transfer = paid("SKT-1", PaymentMethod.PERMATA_VA)
    reversed_payment = with_link(reported(by_transfer, AttemptStatus.REVERSED))

    assert seen(reversed_payment)["payment_url"] is not None
    assert "qris" in seen(reversed_payment)["methods"]
    assert seen(reversed_payment, seconds=86_400)["payment_url"] is None
