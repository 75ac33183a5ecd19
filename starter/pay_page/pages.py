"""The customer's pages behind one-time links, as HTML: phone first, without any script."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from adapters.display import instant_wib, method_name, money
from payments.invoice import Merchant
from payments.links import LinkState, link_state
from payments.messages import PROBLEM_TEXTS
from payments.payment import Payment, PaymentAttempt
from payments.request import Locale
from payments.status import OPEN, PaymentStatus
from starter.pay_page.instructions import how_to_pay
from starter.pay_page.offers import offer_of
from starter.pay_page.refund_form import RefundLook, refund_facts
from starter.pay_page.refund_words import refund_labels
from starter.pay_page.words import TITLES, labels
from starter.views import instructions_of, message

_TEMPLATES = Path(__file__).parent / "templates"
_REFRESH_SECONDS = 10
_MOVES_BY_ITSELF = frozenset(
    {PaymentStatus.PREPARING, PaymentStatus.AWAITING_PAYMENT}
    | {PaymentStatus.IN_REVIEW, PaymentStatus.CHECKING}
)
_GOOD = frozenset({PaymentStatus.PAID, PaymentStatus.PARTIALLY_REFUNDED, PaymentStatus.REFUNDED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a payment through the link of its attempt `attempt`.

    `is_choosing`: the customer, who could pay as it is, wants to see the other methods.
    """

    payment: Payment
    attempt: int
    now: datetime
    locale: Locale
    is_choosing: bool = False


class PayPages:
    """Nothing on a page is personal: whoever holds the link may read it."""

    def __init__(self, merchant: Merchant, *, livemode: bool) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.globals.update(merchant=merchant, livemode=livemode)

    def payment(self, look: Look) -> str:
        """How the payment stands, and what the customer can do about it now."""
        return self._render("payment", look.locale, _facts(look))

    def dead(self, locale: Locale) -> str:
        """The same for every link that is not, or is no longer, good for anything."""
        say = labels(locale)
        return self._render("dead", locale, {"title": say["dead_title"], "text": say["dead_text"]})

    def refund(self, look: RefundLook) -> str:
        """Where a manual refund is to go: the form, or the thanks for it."""
        facts = {"words": refund_labels(look.locale), **refund_facts(look)}
        return self._render("refund", look.locale, facts)

    def refund_over(self, locale: Locale) -> str:
        """The same for every refund link that is not, or is no longer, good for anything."""
        words = refund_labels(locale)
        facts = {"title": words["over_title"], "text": words["over_text"]}
        return self._render("dead", locale, facts)

    def sorry(self, code: str, locale: Locale) -> str:
        """What went wrong, by problem code."""
        return self._render("sorry", locale, {"text": PROBLEM_TEXTS[code].text(locale, {})})

    def _render(self, name: str, locale: Locale, facts: dict[str, Any]) -> str:
        template = self._environment.get_template(f"{name}.html.j2")
        other = Locale.EN if locale is Locale.ID else Locale.ID
        return template.render(say=labels(locale), locale=locale, other=other, **facts)


def _facts(look: Look) -> dict[str, Any]:
    payment, locale = look.payment, look.locale
    latest, shown = payment.latest_attempt, instructions_of(payment)
    state = link_state(payment, look.attempt)
    offer = offer_of(payment, state, look.now, locale)
    is_awaiting = payment.status is PaymentStatus.AWAITING_PAYMENT
    is_choosing = is_awaiting and look.is_choosing and offer is not None
    is_closing = payment.status is PaymentStatus.FAILED and _is_being_closed(latest)
    moves = payment.status in _MOVES_BY_ITSELF or is_closing
    return {
        "title": TITLES[payment.status].text(locale, {}),
        "tone": _tone(payment.status),
        "order_id": payment.order_id,
        "amount": money(payment.request.amount, locale),
        "text": message(payment, locale),
        "refresh": _REFRESH_SECONDS if moves and not is_choosing else None,
        "deadline": instant_wib(latest.expires_at, locale) if is_awaiting else None,
        "how": how_to_pay(shown, latest.method, locale) if shown and not is_choosing else None,
        "offer": offer if is_choosing or not is_awaiting else None,
        "may_change": is_awaiting and not is_choosing and offer is not None,
        "is_choosing": is_choosing,
        "is_closing": is_closing,
        "until": _until(payment, state, locale),
        "paid": _paid(payment, locale) if payment.status is PaymentStatus.PAID else None,
        "return_url": payment.request.return_url,
    }


def _is_being_closed(attempt: PaymentAttempt) -> bool:
    return attempt.closing is not None and attempt.status in OPEN


def _tone(status: PaymentStatus) -> str:
    if status in _MOVES_BY_ITSELF:
        return "wait"
    return "good" if status in _GOOD else "bad"


def _until(payment: Payment, state: LinkState, locale: Locale) -> str | None:
    if payment.retry_until is None or state is not LinkState.OPEN:
        return None
    return instant_wib(payment.retry_until, locale)


def _paid(payment: Payment, locale: Locale) -> dict[str, str]:
    method = payment.paid_with or payment.decisive_attempt.method
    return {
        "paid_at": instant_wib(payment.paid_at, locale) if payment.paid_at else "",
        "paid_with": method_name(method, locale),
        "invoice": payment.invoice_number or "",
    }
