"""A browser without JavaScript, for the pages that a customer sees."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx


@dataclass
class Form:
    action: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Page:
    """What one address shows, and the forms that can be sent from it."""

    http: httpx.AsyncClient
    answer: httpx.Response
    forms: list[Form]

    @property
    def status(self) -> int:
        return self.answer.status_code

    @property
    def text(self) -> str:
        return self.answer.text

    @property
    def offers(self) -> list[str]:
        """The values that can be chosen, on all forms."""
        return [value for form in self.forms for _, value in form.choices]

    async def choose(self, wanted: str) -> "Page":
        """Press the button, or choose and send the form, whose value this is."""
        form, name = next(
            (form, name) for form in self.forms for name, value in form.choices if value == wanted
        )
        url = urljoin(str(self.answer.url), form.action)
        answer = await self.http.post(
            url, data={**form.fields, name: wanted}, follow_redirects=True
        )
        return _page(self.http, answer)


async def open_page(http: httpx.AsyncClient, url: str) -> Page:
    return _page(http, await http.get(url, follow_redirects=True))


def _page(http: httpx.AsyncClient, answer: httpx.Response) -> Page:
    reader = _Reader()
    reader.feed(answer.text)
    return Page(http, answer, reader.forms)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", "")))
        elif tag in {"input", "button"} and self.forms and given.get("name"):
            form, name, value = self.forms[-1], given["name"], given.get("value", "")
            if given.get("type") == "hidden":
                form.fields[name] = value
            else:
                form.choices.append((name, value))
