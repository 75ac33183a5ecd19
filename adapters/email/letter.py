"""The wording of mails: one pair of templates, text and HTML, per kind of mail and language."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context, select_autoescape
from jinja2.runtime import Context

from adapters.display import count, instant_wib, method_name, money
from payments.methods import PaymentMethod
from payments.money import Money
from payments.request import Locale

_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True, slots=True)
class Letter:
    """`html` is empty where text is enough."""

    subject: str
    text: str
    html: str = ""


class Letters:
    """`render("receipt", Locale.ID, …)` reads `receipt.id.txt.j2` and `receipt.id.html.j2`.

    The text template sets the `subject`. A new kind of mail is a new pair of files per language.
    """

    def __init__(self) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(_TEMPLATES),
            autoescape=select_autoescape(enabled_extensions=("html.j2",)),
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )
        self._environment.filters.update(
            money=_money, count=_count, instant=_instant, method=_method
        )

    def render(self, kind: str, locale: Locale, facts: dict[str, Any]) -> Letter:
        words = {"locale": locale, **facts}
        text = self._environment.get_template(f"{kind}.{locale}.txt.j2").make_module(words)
        subject = " ".join(vars(text)["subject"].split())
        html = self._environment.get_template(f"{kind}.{locale}.html.j2")
        return Letter(subject, str(text), html.render(words, subject=subject))


@pass_context
def _money(context: Context, amount: Money) -> str:
    return money(amount, context["locale"])


@pass_context
def _count(context: Context, number: int) -> str:
    return count(number, context["locale"])


@pass_context
def _instant(context: Context, instant: datetime) -> str:
    return instant_wib(instant, context["locale"])


@pass_context
def _method(context: Context, method: PaymentMethod) -> str:
    return method_name(method, context["locale"])
