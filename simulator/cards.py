"""Cards: the sandbox's test numbers, single-use tokens, and how a bank answers."""

from dataclasses import dataclass
from enum import StrEnum

from simulator.identifiers import Identifiers

_FUNDS_LIMIT = 30_000
_VISA_AMEX_FIRST = frozenset("34")


class Verdict(StrEnum):
    ACCEPT = "accept"
    DENIED_BY_BANK = "denied by bank"
    DENIED_BY_FDS = "denied by FDS"
    CHALLENGE = "challenge"
    NO_FUNDS = "insufficient funds"


@dataclass(frozen=True, slots=True)
class SandboxCard:
    verdict: Verdict
    slow: bool = False
    attempted: bool = False
    bank: str = "BNI"
    points: int = 0


SANDBOX_CARDS = {
    "4811111111111114": SandboxCard(Verdict.ACCEPT),
    "4911111111111113": SandboxCard(Verdict.DENIED_BY_BANK),
    "4411111111111118": SandboxCard(Verdict.ACCEPT, attempted=True),
    "4611111111111116": SandboxCard(Verdict.DENIED_BY_FDS),
    "4711111111111115": SandboxCard(Verdict.DENIED_BY_BANK),
    "5211111111111117": SandboxCard(Verdict.ACCEPT),
    "5410111111111116": SandboxCard(Verdict.ACCEPT, attempted=True),
    "5111111111111118": SandboxCard(Verdict.DENIED_BY_BANK),
    "5511111111111114": SandboxCard(Verdict.DENIED_BY_BANK),
    "5411111111111115": SandboxCard(Verdict.DENIED_BY_FDS),
    "4511111111111117": SandboxCard(Verdict.CHALLENGE),
    "5510111111111115": SandboxCard(Verdict.CHALLENGE),
    "4024007176265022": SandboxCard(Verdict.ACCEPT, slow=True),
    "5487971631330522": SandboxCard(Verdict.ACCEPT, slow=True),
    "345197761649926": SandboxCard(Verdict.ACCEPT, slow=True),
    "4472429869996670": SandboxCard(Verdict.NO_FUNDS),
    "4806000000000081": SandboxCard(Verdict.NO_FUNDS),
    "4105058689481467": SandboxCard(Verdict.ACCEPT, points=500_000),
    "5264221038874659": SandboxCard(Verdict.ACCEPT, points=500_000),
    "4617006959746656": SandboxCard(Verdict.ACCEPT, bank="MANDIRI", points=500_000),
}
# Any other number is a real card, which the sandbox's bank does not take.
_REAL_CARD = SandboxCard(Verdict.DENIED_BY_BANK)
_BANK_NAMES = {"BNI": "BANK NEGARA INDONESIA", "MANDIRI": "BANK MANDIRI"}
_BRANDS = {"3": "AMEX", "4": "VISA", "5": "MASTERCARD", "2": "MASTERCARD"}


class CardVault:
    """Holds numbers behind tokens: a token charges once, a saved one as often as wanted."""

    def __init__(self, identifiers: Identifiers) -> None:
        self._identifiers = identifiers
        self._tokens: dict[str, str] = {}
        self._saved: dict[str, str] = {}

    def tokenize(self, number: str) -> str:
        token = f"{masked(number)}-{self._identifiers.unique()}"
        self._tokens[token] = number
        return token

    def take(self, token: str) -> str | None:
        """Return the number and void the token; a saved token stays good."""
        return self._tokens.pop(token, None) or self._saved.get(token)

    def behind(self, token: str) -> str | None:
        """Return the number behind either kind of token, and leave the token good."""
        return self._tokens.get(token) or self._saved.get(token)

    def saved_number(self, saved_token: str) -> str | None:
        return self._saved.get(saved_token)

    def save(self, number: str) -> str:
        saved_token = self._identifiers.saved_token(number)
        self._saved[saved_token] = number
        return saved_token


def sandbox_card(number: str) -> SandboxCard:
    return SANDBOX_CARDS.get(number, _REAL_CARD)


def verdict(number: str, amount: int) -> Verdict:
    judged = sandbox_card(number).verdict
    if judged is Verdict.NO_FUNDS and amount <= _FUNDS_LIMIT:
        return Verdict.ACCEPT
    return judged


def masked(number: str) -> str:
    return f"{number[:8]}-{number[-4:]}"


def eci(number: str) -> str:
    """Return the code of a passed authentication, which differs by scheme."""
    authenticated, attempted = ("05", "06") if number[0] in _VISA_AMEX_FIRST else ("02", "01")
    return attempted if sandbox_card(number).attempted else authenticated


def points(number: str) -> int:
    return sandbox_card(number).points


def issuer(digits: str) -> dict[str, object]:
    """Say who issues cards that begin with these digits; every one not known is of one bank."""
    known = [card for number, card in SANDBOX_CARDS.items() if number.startswith(digits)]
    bank = known[0].bank if known else "BCA"
    return {
        "registration_required": False,
        "country_name": "INDONESIA",
        "country_code": "ID",
        "channel": "online_offline",
        "brand": _BRANDS.get(digits[0], "JCB"),
        "bin_type": "CREDIT",
        "bin_class": "GOLD",
        "bin": digits,
        "bank_code": bank,
        "bank": _BANK_NAMES.get(bank, "BANK CENTRAL ASIA"),
    }


def passes_luhn(number: str) -> bool:
    digits = [int(each) for each in reversed(number)]
    doubled = [sum(divmod(2 * each, 10)) for each in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0
