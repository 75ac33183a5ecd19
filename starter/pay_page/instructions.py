"""How to pay, as the page shows it: codes in large type, a QR code, or a button."""

from dataclasses import dataclass

from markupsafe import Markup

from adapters.display import method_name
from payments.gateway import Instructions
from payments.methods import PaymentMethod
from payments.request import Locale
from starter.pay_page.qr import qr_svg
from starter.pay_page.words import HINTS, LABELS

_GROUP = 4
# Whatever the kind, what is given is shown: a wallet may give an app's address and a QR code.
_CODES = ("biller_code", "bill_key", "va_number", "payment_code")
_BUTTONS = {"redirect_url": "go_on", "deeplink_url": "open_app"}


@dataclass(frozen=True, slots=True)
class Code:
    """A number to be typed in; its groups stand apart but are copied as one."""

    label: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Button:
    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HowToPay:
    method: str
    codes: tuple[Code, ...]
    qr: Markup | None
    buttons: tuple[Button, ...]
    hint: str


def how_to_pay(shown: Instructions, method: PaymentMethod, locale: Locale) -> HowToPay:
    def label(name: str) -> str:
        return LABELS[name].text(locale, {})

    codes = [(name, getattr(shown, name)) for name in _CODES]
    buttons = [(name, getattr(shown, name)) for name in _BUTTONS]
    # An address of a picture is a way out where the text of the code is missing.
    picture = None if shown.qr_string else shown.qr_url
    return HowToPay(
        method=method_name(method, locale),
        codes=tuple(Code(label(name), _groups(code)) for name, code in codes if code),
        qr=qr_svg(shown.qr_string, label("qr_code")) if shown.qr_string else None,
        buttons=(
            *(Button(label(_BUTTONS[name]), url) for name, url in buttons if url),
            *([Button(label("open_qr"), picture)] if picture else []),
        ),
        hint=HINTS[shown.kind].text(locale, {}),
    )


def _groups(code: str) -> tuple[str, ...]:
    """Groups of four; a digit that would be left alone joins the last one."""
    starts = range(0, max(len(code) - 1, 1), _GROUP)
    ends = (*starts[1:], len(code))
    return tuple(code[start:end] for start, end in zip(starts, ends, strict=True))
