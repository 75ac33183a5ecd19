"""Midtrans' transaction documents (charge, GET status) in our words."""

from collections.abc import Iterator
from datetime import UTC, datetime

from adapters.midtrans.documents import Document, member, members, text
from adapters.midtrans.words import attempt_status, payment_method
from payments.errors import GatewayUnknownError
from payments.gateway import InstructionKind, Instructions, StatusReport
from payments.invoice import WIB
from payments.money import Currency, Money
from payments.refunds import ReportedRefund
from payments.status import MONEY_CAME, AttemptStatus


def status_report(document: Document, asked_about: str) -> StatusReport:
    """What a document says of the gateway order id `asked_about`.

    Raise GatewayUnknownError where it leaves open what it must say.
    """
    status = status_of(document)
    amount = _amount(document)
    payment_type = _required(document, "payment_type")
    word = _required(document, "transaction_status").lower()
    has_money = status in MONEY_CAME
    return StatusReport(
        gateway_order_id=_order_id(document, asked_about),
        transaction_id=_required(document, "transaction_id"),
        status=status,
        payment_type=payment_type,
        method=payment_method(payment_type, _variant(document)),
        amount=amount,
        fee=_fee(document, amount),
        merchant_id=text(document, "merchant_id"),
        nonce=text(document, "custom_field1"),
        settled=has_money and word != "capture",
        paid_at=_paid_at(document) if has_money else None,
        refunds=tuple(_refunds(document, amount.currency)),
        refunded=_refund_amount(document, amount.currency),
        is_partial=word == "partial_chargeback",
    )


def status_of(document: Document) -> AttemptStatus:
    """Translate the status words; a word not known is never guessed at."""
    word = _required(document, "transaction_status")
    fraud = text(document, "fraud_status")
    status = attempt_status(word, fraud)
    if status is None:
        raise GatewayUnknownError(f"transaction_status {word!r} with fraud_status {fraud!r}")
    return status


def money_of(document: Document, name: str, currency: Currency) -> Money:
    """A member that must be an amount; GatewayUnknownError when it is none."""
    try:
        return Money.parse(_required(document, name), currency)
    except ValueError:
        raise GatewayUnknownError(f"the answer's {name} is no amount") from None


def instructions(kind: InstructionKind, document: Document) -> Instructions | None:
    """What the customer needs to pay; None when the document does not hold it (fact sheet §3.2)."""
    match kind:
        case InstructionKind.VIRTUAL_ACCOUNT:
            return _virtual_account(document)
        case InstructionKind.QR:
            return _qr(document)
        case InstructionKind.DEEPLINK:
            return _deeplink(document)
        case InstructionKind.BILL:
            return _complete(
                Instructions(
                    kind=kind,
                    bill_key=text(document, "bill_key"),
                    biller_code=text(document, "biller_code"),
                ),
                "bill_key",
                "biller_code",
            )
        case InstructionKind.PAYMENT_CODE:
            return _complete(
                Instructions(
                    kind=kind,
                    payment_code=text(document, "payment_code"),
                    store=text(document, "store"),
                ),
                "payment_code",
            )
        case InstructionKind.REDIRECT:
            return _complete(
                Instructions(
                    kind=kind,
                    token=text(document, "token"),
                    redirect_url=text(document, "redirect_url"),
                ),
                "token",
                "redirect_url",
            )


def _virtual_account(document: Document) -> Instructions | None:
    number = text(_first_account(document), "va_number") or text(document, "permata_va_number")
    bank = _variant(document)
    found = Instructions(
        kind=InstructionKind.VIRTUAL_ACCOUNT, va_number=number, bank=bank.lower() or None
    )
    return _complete(found, "va_number", "bank")


def _qr(document: Document) -> Instructions | None:
    url = _qr_url(document)
    code = text(document, "qr_string")
    if url is None and code is None:
        return None
    return Instructions(kind=InstructionKind.QR, qr_string=code, qr_url=url)


def _deeplink(document: Document) -> Instructions | None:
    found = Instructions(
        kind=InstructionKind.DEEPLINK,
        deeplink_url=_action(document, "deeplink-redirect"),
        qr_url=_qr_url(document),
        qr_string=text(document, "qr_string"),
    )
    return _complete(found, "deeplink_url")


def _complete(found: Instructions, *needed: str) -> Instructions | None:
    return found if all(getattr(found, name) is not None for name in needed) else None


def _action(document: Document, name: str) -> str | None:
    actions = members(document, "actions")
    return next((text(each, "url") for each in actions if each.get("name") == name), None)


def _qr_url(document: Document) -> str | None:
    newer = _action(document, "generate-qr-code-v2")
    return newer or _action(document, "generate-qr-code")


def _first_account(document: Document) -> Document:
    return next(iter(members(document, "va_numbers")), {})


def _variant(document: Document) -> str:
    """The bank or store; `bank` itself is a card's acquirer (fact sheet §3.1)."""
    if "permata_va_number" in document:
        return "permata"
    return text(_first_account(document), "bank") or text(document, "store") or ""


def _fee(document: Document, amount: Money) -> Money:
    """What the customer bears on top of the order: declared in either of two places (§2.6)."""
    in_metadata = member(member(document, "metadata"), "extra_info")
    declared = member(in_metadata, "gross_amount_info") or member(
        member(document, "extra_info"), "gross_amount_info"
    )
    if text(declared, "original_amount") is not None:
        fee = amount - money_of(declared, "original_amount", amount.currency)
    elif text(declared, "customer_imposed_payment_fee") is not None:
        fee = money_of(declared, "customer_imposed_payment_fee", amount.currency)
    else:
        fee = Money.zero(amount.currency)
    # A negative fee would hide that too little was paid.
    return fee if fee.value >= 0 else Money.zero(amount.currency)


def _paid_at(document: Document) -> datetime | None:
    """When the money came: at settlement, for a card at its capture. All times are WIB (§3.5)."""
    named = "settlement_time" if text(document, "settlement_time") else "transaction_time"
    return _moment(document, named)


def _moment(document: Document, name: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text(document, name) or "")
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=WIB)).astimezone(UTC)


def _refunds(document: Document, currency: Currency) -> Iterator[ReportedRefund]:
    """The refunds that are listed; newer notices name one in the document itself (§5.2, §7.2).

    What lacks its key or its amount cannot be told from others, and is left to the sum.
    """
    for given in members(document, "refunds") or [document]:
        key = text(given, "refund_key")
        amount = _refund_amount(given, currency)
        if key is not None and amount is not None and amount.value > 0:
            confirmed_at = _moment(given, "bank_confirmed_at")
            yield ReportedRefund(key=key, amount=amount, confirmed_at=confirmed_at)


def _refund_amount(document: Document, currency: Currency) -> Money | None:
    try:
        return Money.parse(text(document, "refund_amount") or "", currency)
    except ValueError:
        return None


def _amount(document: Document) -> Money:
    """What the customer pays. Some answers leave the currency out (fact sheet §7.2, §10).

    Of a currency that is not ours, no rupiah were asked for: a mismatch (DESIGN §6 row 6).
    """
    currency = text(document, "currency") or Currency.IDR
    if currency.upper() not in set(Currency):
        return Money.zero(Currency.IDR)
    return money_of(document, "gross_amount", Currency(currency.upper()))


def _order_id(document: Document, asked_about: str) -> str:
    """The order id that is named, or `asked_about` where none is.

    DANA and the newer virtual accounts repeat their transaction id in `order_id` (SNAP-Woocommerce
    PR #85), which names no order. Whether such a transaction is the attempt's, its nonce says:
    `mismatches` objects when it differs. Any other id is somebody else's and stays, to be objected
    to as well.
    """
    named = text(document, "order_id")
    if named is None or named == text(document, "transaction_id"):
        return asked_about
    return named


def _required(document: Document, name: str) -> str:
    value = text(document, name)
    if value is None:
        raise GatewayUnknownError(f"the answer lacks {name}")
    return value
