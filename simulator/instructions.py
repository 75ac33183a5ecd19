"""How the customer is told to pay: numbers, codes, links; per payment method."""

from collections.abc import Callable
from dataclasses import dataclass, field

from simulator.answers import GatewayError, invalid
from simulator.body import Body
from simulator.identifiers import Identifiers
from simulator.ledger import Ledger
from simulator.merchants import Merchant
from simulator.methods import Method
from simulator.qris import qr_string

BILLER_CODE = "70012"
_VA_LENGTH = {"bca": 11, "permata": 10, "bni": 8, "bri": 13, "cimb": 12, "danamon": 12, "bsi": 12}
_SEABANK_LENGTH = 19
_VA_PREFIX = {
    "bca": "81278",
    "permata": "850003",
    "bni": "98810",
    "bri": "12708",
    "cimb": "51901",
    "danamon": "8922",
    "bsi": "9001",
}
_BILL_KEY_LENGTH = 12
_PAYMENT_CODE_LENGTH = {"indomaret": 12, "alfamart": 16}
_STORE_TEXTS = {
    "message": 20,
    "alfamart_free_text_1": 40,
    "alfamart_free_text_2": 40,
    "alfamart_free_text_3": 40,
}
# The sandbox knows one OVO customer who is not there.
_UNKNOWN_OVO_PHONE = "0810000000"


@dataclass(slots=True)
class Instructions:
    shown: dict[str, object] = field(default_factory=dict)
    links: dict[str, object] = field(default_factory=dict)
    facts_when_paid: dict[str, object] = field(default_factory=dict)
    payment_code: str = ""
    merchant_chose: bool = False


@dataclass(frozen=True, slots=True)
class Subject:
    """What instructions are made from."""

    transaction_id: str
    merchant: Merchant
    method: Method
    amount: int
    options: Body
    base_url: str


class InstructionDesk:
    def __init__(self, identifiers: Identifiers, ledger: Ledger) -> None:
        self._identifiers = identifiers
        self._ledger = ledger
        self._writers: dict[str, Callable[[Subject], Instructions]] = {
            "bank_transfer": self._virtual_account,
            "echannel": self._bill,
            "cstore": self._payment_code,
            "gopay": self._gopay,
            "qris": self._qris,
            "shopeepay": self._shopeepay,
            "dana": self._dana,
            "ovo": self._ovo,
        }

    def write(self, subject: Subject) -> Instructions:
        writer = self._writers.get(subject.method.payment_type, self._redirect)
        return writer(subject)

    def _virtual_account(self, subject: Subject) -> Instructions:
        bank = subject.method.variant
        number = self._number(
            _VA_PREFIX.get(bank, "7007"),
            _VA_LENGTH.get(bank, _SEABANK_LENGTH),
            subject.options.text("va_number"),
        )
        if bank == "permata":
            return Instructions(
                {"permata_va_number": number},
                payment_code=number,
                merchant_chose=subject.options.has("va_number"),
            )
        shown: dict[str, object] = {"va_numbers": [{"bank": bank, "va_number": number}]}
        return Instructions(shown, facts_when_paid={"payment_amounts": []}, payment_code=number)

    def _bill(self, subject: Subject) -> Instructions:
        key = self._number("", _BILL_KEY_LENGTH, subject.options.text("bill_key"))
        return Instructions(
            {"bill_key": key, "biller_code": BILLER_CODE},
            payment_code=key,
            merchant_chose=subject.options.has("bill_key"),
        )

    def _payment_code(self, subject: Subject) -> Instructions:
        store = subject.method.variant
        for name, longest in _STORE_TEXTS.items():
            if len(subject.options.text(name) or "") > longest:
                raise invalid(f"cstore.{name} is too long (maximum is {longest} characters)")
        code = self._number("", _PAYMENT_CODE_LENGTH[store], None)
        approval = {"approval_code": self._identifiers.digits(20)} if store == "indomaret" else {}
        return Instructions(
            {"payment_code": code, "store": store},
            facts_when_paid=dict(approval),
            payment_code=code,
        )

    def _gopay(self, subject: Subject) -> Instructions:
        url = f"{subject.base_url}/v2/{subject.transaction_id}"
        actions = [
            *_qr_actions(subject),
            _action("deeplink-redirect", "GET", _wallet_url(subject)),
            _action("get-status", "GET", f"{url}/status"),
            _action("cancel", "POST", f"{url}/cancel"),
        ]
        links: dict[str, object] = {
            "actions": actions,
            "channel_response_code": "200",
            "channel_response_message": "Success",
        }
        return Instructions(
            links=links,
            facts_when_paid={"payment_option_type": "GOPAY_WALLET"},
            payment_code=subject.transaction_id,
        )

    def _qris(self, subject: Subject) -> Instructions:
        acquirer = subject.options.text("acquirer") or "gopay"
        if acquirer not in {"gopay", "airpay shopee"}:
            raise invalid("qris.acquirer is not supported")
        text = qr_string(subject.merchant.merchant_id, subject.amount, subject.transaction_id[-12:])
        facts: dict[str, object] = {
            "transaction_type": "on-us",
            "issuer": acquirer,
            "merchant_cross_reference_id": self._identifiers.unique(),
        }
        if acquirer == "airpay shopee":
            facts["shopeepay_reference_number"] = self._identifiers.digits(18)
            facts["reference_id"] = self._identifiers.letters(20)
        links: dict[str, object] = {"actions": _qr_actions(subject), "qr_string": text}
        return Instructions({"acquirer": acquirer}, links, facts, subject.transaction_id)

    def _shopeepay(self, subject: Subject) -> Instructions:
        links: dict[str, object] = {
            "actions": [_action("deeplink-redirect", "GET", _wallet_url(subject))],
            "channel_response_code": "0",
            "channel_response_message": "success",
        }
        facts: dict[str, object] = {
            "shopeepay_reference_number": self._identifiers.digits(18),
            "reference_id": self._identifiers.letters(20),
        }
        return Instructions(links=links, facts_when_paid=facts, payment_code=subject.transaction_id)

    def _dana(self, subject: Subject) -> Instructions:
        links: dict[str, object] = {
            "actions": [_action("deeplink-redirect", "GET", _wallet_url(subject))]
        }
        return Instructions(links=links, payment_code=subject.transaction_id)

    def _ovo(self, subject: Subject) -> Instructions:
        phone = subject.options.text("payer_phone_number")
        if phone is None:
            raise invalid("ovo.payer_phone_number is required")
        if phone.startswith(_UNKNOWN_OVO_PHONE):
            raise GatewayError(404, "User with requested phone number doesn't exist")
        shown: dict[str, object] = {
            "payer_phone_number": phone,
            "merchant_invoice": self._identifiers.digits(10),
        }
        return Instructions(shown, payment_code=subject.transaction_id)

    def _redirect(self, subject: Subject) -> Instructions:
        kind = subject.method.payment_type
        url = f"{subject.base_url}/v2/{kind}/redirect/{subject.transaction_id}"
        links: dict[str, object] = {"redirect_url": url}
        if kind == "kredivo":
            links["channel_response_code"] = "OK"
        return Instructions(links=links, payment_code=subject.transaction_id)

    def _number(self, prefix: str, length: int, wanted: str | None) -> str:
        """Take the wanted digits, cut or padded; what another order uses is not given again."""
        if wanted is not None and wanted.isascii() and wanted.isdigit():
            number = prefix + wanted[:length].rjust(length, "0")
            if not self._ledger.payment_code_is_active(number):
                return number
        while True:
            number = prefix + self._identifiers.digits(length)
            if not self._ledger.payment_code_is_active(number):
                return number


def _action(name: str, verb: str, url: str) -> dict[str, str]:
    return {"name": name, "method": verb, "url": url}


def _qr_actions(subject: Subject) -> list[dict[str, str]]:
    kind, transaction_id = subject.method.payment_type, subject.transaction_id
    return [
        _action(
            "generate-qr-code", "GET", f"{subject.base_url}/v2/{kind}/{transaction_id}/qr-code"
        ),
        _action(
            "generate-qr-code-v2", "GET", f"{subject.base_url}/v4/{kind}/{transaction_id}/qr-code"
        ),
    ]


def _wallet_url(subject: Subject) -> str:
    return f"{subject.base_url}/wallet/{subject.transaction_id}"
