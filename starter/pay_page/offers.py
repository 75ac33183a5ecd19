"""The methods that a customer may choose on the page, and how each is opened."""

from dataclasses import dataclass
from datetime import datetime

from adapters.display import method_name
from payments.links import LinkState
from payments.messages import Told
from payments.methods import Integration, PaymentMethod
from payments.payment import Payment
from payments.request import Locale
from payments.status import PaymentStatus
from payments.telling import return_text
from starter.pay_page.words import BANKS, CARDS, COUNTERS, WALLETS

_M = PaymentMethod
# Shown on our own page; whatever needs a card, an app or a log-in goes on at Midtrans'.
_ON_OUR_PAGE = frozenset(
    {_M.BCA_VA, _M.BNI_VA, _M.BRI_VA, _M.PERMATA_VA, _M.CIMB_VA, _M.DANAMON_VA, _M.BSI_VA}
    | {_M.MANDIRI_BILL, _M.QRIS, _M.INDOMARET, _M.ALFAMART}
)
# Without `any`: this page is where the customer chooses.
GROUPS: dict[Told, tuple[PaymentMethod, ...]] = {
    WALLETS: (_M.QRIS, _M.GOPAY, _M.SHOPEEPAY, _M.DANA, _M.OVO),
    BANKS: (
        *(_M.BCA_VA, _M.MANDIRI_BILL, _M.BNI_VA, _M.BRI_VA, _M.BSI_VA),
        *(_M.PERMATA_VA, _M.CIMB_VA, _M.DANAMON_VA),
    ),
    COUNTERS: (_M.INDOMARET, _M.ALFAMART),
    CARDS: (_M.CREDIT_CARD, _M.AKULAKU, _M.KREDIVO),
}


@dataclass(frozen=True, slots=True)
class Choice:
    method: PaymentMethod
    name: str


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """`again` is the method that did not succeed, offered after all others."""

    groups: tuple[Group, ...]
    again: Choice | None


def integration_for(method: PaymentMethod) -> Integration:
    return Integration.CORE if method in _ON_OUR_PAGE else Integration.SNAP


def offer_of(payment: Payment, state: LinkState, now: datetime, locale: Locale) -> Offer | None:
    """None when nothing can be tried from this link now, or paying could be paying twice."""
    left = frozenset(payment.methods_to_try(now))
    money_is_here = return_text(payment) is not None
    if state is not LinkState.OPEN or not left or money_is_here:
        return None
    last = payment.latest_attempt.method
    groups = (
        Group(title.text(locale, {}), _choices(methods, left - {last}, locale))
        for title, methods in GROUPS.items()
    )
    may_be_again = payment.status is not PaymentStatus.AWAITING_PAYMENT
    is_again = may_be_again and last in left and last is not PaymentMethod.ANY
    return Offer(
        groups=tuple(group for group in groups if group.choices),
        again=Choice(last, method_name(last, locale)) if is_again else None,
    )


def _choices(
    methods: tuple[PaymentMethod, ...], left: frozenset[PaymentMethod], locale: Locale
) -> tuple[Choice, ...]:
    return tuple(
        Choice(method, method_name(method, locale)) for method in methods if method in left
    )
