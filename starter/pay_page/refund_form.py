"""The form on which a customer says where a manual refund goes, as the page shows it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from adapters.display import money
from payments.bank_details import NAME_LENGTH_MAX, BankDetails
from payments.errors import FieldProblem
from payments.refunds import Refund
from payments.request import Locale
from starter.pay_page.refund_words import BANKS, LABELS, REASONS, RULES

# Longer than any account number written in groups.
_ACCOUNT_LENGTH_MAX = 30
_SHOWN_DIGITS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundLook:
    """One look at a manual refund: `given` once the customer has said where it goes.

    `typed` and `problems` are of a form that could not be taken.
    """

    order_id: str
    refund: Refund
    locale: Locale
    given: BankDetails | None = None
    typed: Mapping[str, str] = field(default_factory=dict)
    problems: tuple[FieldProblem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    name: str
    label: str
    value: str
    problem: str | None
    length_max: int
    is_number: bool
    choices: tuple[str, ...]


def refund_facts(look: RefundLook) -> dict[str, Any]:
    refund, locale = look.refund, look.locale
    amount = money(refund.amount, locale)
    return {
        "amount": amount,
        "order_id": look.order_id,
        "reason": REASONS[refund.cause].text(locale, {"order_id": look.order_id}),
        "given": _given(look.given) if look.given else None,
        "fields": tuple(_field(look, name) for name in RULES),
    }


def _given(details: BankDetails) -> dict[str, str]:
    """Enough to know it again, and no more: whoever holds the link may read it."""
    return {"bank": details.bank, "ending_in": f"•••• {details.account_number[-_SHOWN_DIGITS:]}"}


def _field(look: RefundLook, name: str) -> Field:
    is_broken = any(problem.field == name for problem in look.problems)
    is_number = name == "account_number"
    return Field(
        name=name,
        label=LABELS[name].text(look.locale, {}),
        value=look.typed.get(name, ""),
        problem=RULES[name].text(look.locale, {}) if is_broken else None,
        length_max=_ACCOUNT_LENGTH_MAX if is_number else NAME_LENGTH_MAX,
        is_number=is_number,
        choices=BANKS if name == "bank" else (),
    )
