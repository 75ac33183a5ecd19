"""Midtrans' documents in our words (fact sheet §2.6, §3, §5.2, §6)."""

from datetime import UTC, datetime

import pytest

from adapters.midtrans.reports import instructions, status_report
from payments.errors import GatewayUnknownError
from payments.gateway import InstructionKind, Instructions
from payments.methods import PaymentMethod
from payments.money import Currency, Money
from payments.refunds import ReportedRefund
from payments.status import AttemptStatus


@pytest.fixture
def document() -> dict[str, object]:
    """A settled virtual account, as the fact sheet's §7.2 shows it."""
    return {
        "va_numbers": [{"va_number": "333333333333333", "bank": "bca"}],
        "transaction_time": "2021-06-23 11:27:20",
        "transaction_status": "settlement",
        "transaction_id": "9aed5972-5b6a-401e-894b-a32c91ed1a3a",
        "status_code": "200",
        "settlement_time": "2021-06-23 11:27:50",
        "payment_type": "bank_transfer",
        "order_id": "SKT-1~1",
        "merchant_id": "G141532850",
        "gross_amount": "100000.00",
        "fraud_status": "accept",
        "currency": "IDR",
        "custom_field1": "nonce-1",
        "a_new_member": {"added": "any time"},
    }


def rupiah(value: int) -> Money:
    return Money(value, Currency.IDR)


def test_a_settlement_is_reported_with_all_that_is_to_be_checked(
    document: dict[str, object],
) -> None:
    report = status_report(document, "SKT-1~1")

    assert report.gateway_order_id == "SKT-1~1"
    assert report.transaction_id == "9aed5972-5b6a-401e-894b-a32c91ed1a3a"
    assert (report.status, report.settled) == (AttemptStatus.PAID, True)
    assert (report.payment_type, report.method) == ("bank_transfer", PaymentMethod.BCA_VA)
    assert (report.amount, report.fee) == (rupiah(100_000), rupiah(0))
    assert (report.merchant_id, report.nonce) == ("G141532850", "nonce-1")
    assert report.paid_at == datetime(2021, 6, 23, 4, 27, 50, tzinfo=UTC)


def test_a_card_in_capture_is_paid_but_not_settled(document: dict[str, object]) -> None:
    del document["settlement_time"], document["va_numbers"]
    document |= {"transaction_status": "capture", "payment_type": "credit_card", "bank": "bni"}

    report = status_report(document, "SKT-1~1")

    assert (report.status, report.settled) == (AttemptStatus.PAID, False)
    assert report.method is PaymentMethod.CREDIT_CARD
    assert report.paid_at == datetime(2021, 6, 23, 4, 27, 20, tzinfo=UTC)


@pytest.mark.parametrize(
    ("change", "method"),
    [
        pytest.param(
            {"va_numbers": [], "permata_va_number": "850003072869607"},
            PaymentMethod.PERMATA_VA,
            id="permata",
        ),
        pytest.param(
            {"payment_type": "cstore", "store": "indomaret", "va_numbers": []},
            PaymentMethod.INDOMARET,
            id="store",
        ),
        pytest.param(
            {"payment_type": "qris", "va_numbers": []}, PaymentMethod.QRIS, id="gopay by QR"
        ),
        pytest.param({"payment_type": "uob_ezpay", "va_numbers": []}, None, id="none of ours"),
    ],
)
def test_the_method_is_read_from_type_bank_and_store(
    document: dict[str, object], change: dict[str, object], method: PaymentMethod | None
) -> None:
    assert status_report(document | change, "SKT-1~1").method is method


@pytest.mark.parametrize(
    ("named", "reported"),
    [
        pytest.param("9aed5972-5b6a-401e-894b-a32c91ed1a3a", "SKT-1~1", id="transaction id"),
        pytest.param(None, "SKT-1~1", id="silent"),
        pytest.param("SKT-2~1", "SKT-2~1", id="another order"),
        pytest.param("A120240830074017NP16XMU4JTID", "A120240830074017NP16XMU4JTID", id="foreign"),
    ],
)
def test_an_answer_is_about_the_order_it_names_or_if_it_names_none_about_ours(
    document: dict[str, object], named: str | None, reported: str
) -> None:
    report = status_report(document | {"order_id": named}, "SKT-1~1")

    assert report.gateway_order_id == reported


@pytest.mark.parametrize("in_metadata", [True, False])
@pytest.mark.parametrize(
    ("declared", "fee"),
    [
        pytest.param({"original_amount": "99300.00"}, 700, id="original amount"),
        pytest.param({"customer_imposed_payment_fee": "700"}, 700, id="fee alone"),
        pytest.param({"original_amount": "100700"}, 0, id="less paid than ordered"),
    ],
)
def test_a_declared_fee_is_told_apart_from_the_order(
    document: dict[str, object], declared: dict[str, str], fee: int, *, in_metadata: bool
) -> None:
    block: dict[str, object] = {"extra_info": {"gross_amount_info": declared}}

    report = status_report(document | ({"metadata": block} if in_metadata else block), "SKT-1~1")

    assert report.fee == rupiah(fee)


def test_of_another_currency_no_rupiah_were_asked_for(document: dict[str, object]) -> None:
    assert status_report(document | {"currency": "USD"}, "SKT-1~1").amount == rupiah(0)


def test_what_the_gateway_leaves_out_is_none(document: dict[str, object]) -> None:
    for silent in ("merchant_id", "custom_field1", "currency", "fraud_status", "settlement_time"):
        del document[silent]

    report = status_report(document | {"transaction_time": "soon"}, "SKT-1~1")

    assert (report.merchant_id, report.nonce, report.paid_at) == (None, None, None)


def test_refunds_are_listed_with_the_banks_word(document: dict[str, object]) -> None:
    document |= {"transaction_status": "partial_refund", "refund_amount": "30000.00"}
    document["refunds"] = [
        {"refund_key": "a", "refund_amount": "10000.00", "bank_confirmed_at": None},
        {
            "refund_key": "b",
            "refund_amount": "20000.00",
            "bank_confirmed_at": "2021-06-24 09:00:00",
        },
    ]

    report = status_report(document, "SKT-1~1")

    assert (report.status, report.refunded) == (AttemptStatus.PARTIALLY_REFUNDED, rupiah(30_000))
    assert report.refunds == (
        ReportedRefund(key="a", amount=rupiah(10_000)),
        ReportedRefund(
            key="b", amount=rupiah(20_000), confirmed_at=datetime(2021, 6, 24, 2, tzinfo=UTC)
        ),
    )


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"refund_amount": "10000.00"}, id="no key"),
        pytest.param({"refund_key": "a"}, id="no amount"),
        pytest.param({"refund_key": "a", "refund_amount": "much"}, id="unreadable"),
        pytest.param({"refund_key": "a", "refund_amount": "0.00"}, id="nothing"),
    ],
)
def test_a_refund_that_is_not_understood_hides_no_other(
    document: dict[str, object], given: dict[str, object]
) -> None:
    other = {"refund_key": "b", "refund_amount": "20000.00", "bank_confirmed_at": "soon"}

    report = status_report(document | {"refunds": [given, "b", other]}, "SKT-1~1")

    assert report.refunds == (ReportedRefund(key="b", amount=rupiah(20_000)),)


def test_a_refund_that_the_document_itself_names_is_listed(document: dict[str, object]) -> None:
    document |= {"transaction_status": "refund", "refund_key": "a", "refund_amount": "100000.00"}

    report = status_report(document, "SKT-1~1")

    assert report.refunds == (ReportedRefund(key="a", amount=rupiah(100_000)),)


@pytest.mark.parametrize("silence", [{}, {"refund_amount": "much"}, {"refunds": None}])
def test_of_refunds_that_the_gateway_does_not_tell_nothing_is_made_up(
    document: dict[str, object], silence: dict[str, object]
) -> None:
    report = status_report(document | silence, "SKT-1~1")

    assert (report.refunds, report.refunded) == ((), None)


@pytest.mark.parametrize(("word", "partial"), [("partial_chargeback", True), ("CHARGEBACK", False)])
def test_a_chargeback_of_a_part_is_told_from_one_of_all(
    document: dict[str, object], word: str, *, partial: bool
) -> None:
    report = status_report(document | {"transaction_status": word}, "SKT-1~1")

    assert (report.status, report.is_partial) == (AttemptStatus.CHARGED_BACK, partial)


@pytest.mark.parametrize(
    "name", ["transaction_id", "transaction_status", "payment_type", "gross_amount"]
)
def test_without_the_essentials_nothing_is_known(document: dict[str, object], name: str) -> None:
    del document[name]

    with pytest.raises(GatewayUnknownError, match=f"lacks {name}"):
        status_report(document, "SKT-1~1")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"transaction_status": "teleported"}, id="status"),
        pytest.param({"fraud_status": "maybe"}, id="fraud"),
        pytest.param({"gross_amount": "a lot"}, id="amount"),
        pytest.param({"gross_amount": "100000.50"}, id="sen"),
    ],
)
def test_what_is_not_understood_is_never_guessed(
    document: dict[str, object], change: dict[str, object]
) -> None:
    with pytest.raises(GatewayUnknownError):
        status_report(document | change, "SKT-1~1")


@pytest.mark.parametrize(
    ("kind", "answer", "shown"),
    [
        (
            InstructionKind.VIRTUAL_ACCOUNT,
            {"va_numbers": [{"bank": "bni", "va_number": "98810"}]},
            Instructions(kind=InstructionKind.VIRTUAL_ACCOUNT, va_number="98810", bank="bni"),
        ),
        (
            InstructionKind.VIRTUAL_ACCOUNT,
            {"permata_va_number": "8500"},
            Instructions(kind=InstructionKind.VIRTUAL_ACCOUNT, va_number="8500", bank="permata"),
        ),
        (
            InstructionKind.BILL,
            {"bill_key": "123", "biller_code": "70012"},
            Instructions(kind=InstructionKind.BILL, bill_key="123", biller_code="70012"),
        ),
        (
            InstructionKind.QR,
            {
                "qr_string": "000201",
                "actions": [
                    {"name": "generate-qr-code", "url": "https://m/v2"},
                    {"name": "generate-qr-code-v2", "url": "https://m/v4"},
                ],
            },
            Instructions(kind=InstructionKind.QR, qr_string="000201", qr_url="https://m/v4"),
        ),
        (
            InstructionKind.DEEPLINK,
            {
                "actions": [
                    {"name": "generate-qr-code", "url": "https://m/v2"},
                    {"name": "deeplink-redirect", "url": "gojek://pay"},
                ],
            },
            Instructions(
                kind=InstructionKind.DEEPLINK, deeplink_url="gojek://pay", qr_url="https://m/v2"
            ),
        ),
        (
            InstructionKind.PAYMENT_CODE,
            {"payment_code": "578", "store": "indomaret"},
            Instructions(kind=InstructionKind.PAYMENT_CODE, payment_code="578", store="indomaret"),
        ),
        (
            InstructionKind.REDIRECT,
            {"token": "t", "redirect_url": "https://m/t"},
            Instructions(kind=InstructionKind.REDIRECT, token="t", redirect_url="https://m/t"),
        ),
    ],
)
def test_instructions_hold_what_the_customer_needs(
    kind: InstructionKind, answer: dict[str, object], shown: Instructions
) -> None:
    assert instructions(kind, answer) == shown


@pytest.mark.parametrize("kind", InstructionKind)
def test_instructions_that_lack_the_essential_are_none(kind: InstructionKind) -> None:
    assert instructions(kind, {"va_numbers": [None], "actions": "none"}) is None
