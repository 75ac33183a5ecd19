"""The parts that every page of the customer is made of: plain HTML without a script."""

from html import escape
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse

from simulator.style import STYLE
from simulator.transactions import Status, Transaction

_OUTCOMES = {
    Status.CAPTURE: ("good", "Pembayaran berhasil · Payment successful"),
    Status.SETTLEMENT: ("good", "Pembayaran berhasil · Payment successful"),
    Status.AUTHORIZE: ("good", "Dana ditahan · Amount authorised"),
    Status.PENDING: ("wait", "Menunggu pembayaran · Waiting for payment"),
    Status.DENY: ("bad", "Pembayaran ditolak · Payment declined"),
    Status.EXPIRE: ("bad", "Waktu pembayaran habis · Payment expired"),
    Status.CANCEL: ("bad", "Pembayaran dibatalkan · Payment cancelled"),
}
# Banks and wallets are told apart by a coloured mark, for logos are not ours to show.
_COLOURS = ("#0b5cab", "#12805c", "#8a3ffc", "#b3261e", "#9a6700", "#00758f", "#6b4fbb")


def page(title: str, *parts: str, status: int = 200) -> HTMLResponse:
    body = "".join(parts)
    return HTMLResponse(
        f'<!doctype html><html lang="id"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f'<link rel="icon" href="data:,"><style>{STYLE}</style></head><body><div class="sheet">'
        f'<header><h1>{escape(title)}</h1><span class="tag">SIMULATOR</span></header>'
        f"<main>{body}</main></div></body></html>",
        status,
    )


def not_found() -> HTMLResponse:
    return page("Tidak ditemukan · Not found", note("There is nothing here."), status=404)


def heading(text: str) -> str:
    return f"<h2>{escape(text)}</h2>"


def note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def state(kind: str, text: str) -> str:
    return f'<p class="state {kind}" role="status">{escape(text)}</p>'


def order_line(text: str) -> str:
    return f'<p class="order">{escape(text)}</p>'


def amount(rupiah: int) -> str:
    return f'<p class="amount">{rupiah_text(rupiah)}</p>'


def rupiah_text(rupiah: int) -> str:
    text = f"Rp{abs(rupiah):,}".replace(",", ".")
    return f"-{text}" if rupiah < 0 else text


def code(label: str, value: object) -> str:
    return (
        f'<div class="fact"><small>{escape(label)}</small>'
        f'<span class="code">{escape(str(value))}</span></div>'
    )


def picture(url: str, text: str) -> str:
    return f'<img class="qr" src="{escape(url)}" alt="{escape(text)}">'


def link(url: str, text: str, kind: str = "link") -> str:
    return f'<a class="{kind}" href="{escape(url)}">{escape(text)}</a>'


def folded(title: str, *parts: str, unfolded: bool = False) -> str:
    opened = " open" if unfolded else ""
    body = "".join(parts)
    return f"<details{opened}><summary>{escape(title)}</summary><div>{body}</div></details>"


def rows(pairs: list[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><td>{escape(a)}</td><td>{escape(b)}</td></tr>" for a, b in pairs)
    return f"<table>{cells}</table>"


def button(action: str, text: str, *, kind: str = "", **hidden: str) -> str:
    """Draw a form of one button, which posts the action back to the page it stands on."""
    return (
        f'<form method="post">{_hidden(hidden)}<button class="{kind}" name="action" '
        f'value="{escape(action)}">{escape(text)}</button></form>'
    )


def choice(action: str, mark: str, text: str, **hidden: str) -> str:
    """Draw one line of a list of choices, with a mark in a colour that goes by its name."""
    colour = _COLOURS[sum(mark.encode()) % len(_COLOURS)]
    return (
        f'<form method="post">{_hidden(hidden)}<button name="action" value="{escape(action)}">'
        f'<span class="mark" style="background:{colour}" aria-hidden="true">{escape(mark)}</span>'
        f"{escape(text)}</button></form>"
    )


def choices(lines: list[str]) -> str:
    return f'<div class="choices">{"".join(lines)}</div>'


def form(action: str, text: str, *inputs: str) -> str:
    return (
        f'<form method="post">{"".join(inputs)}<button class="do" name="action" '
        f'value="{escape(action)}">{escape(text)}</button></form>'
    )


def text_input(name: str, label: str, value: str = "") -> str:
    return (
        f'<label>{escape(label)}<input name="{escape(name)}" required autocomplete="off" '
        f'inputmode="numeric" value="{escape(value)}"></label>'
    )


def side_by_side(*inputs: str) -> str:
    return f'<div class="pair">{"".join(inputs)}</div>'


def outcome(transaction: Transaction) -> str:
    """Say how it stands in the customer's words."""
    usual = ("wait", transaction.status.value)
    text = state(*_OUTCOMES.get(transaction.status, usual))
    return text + (note(transaction.status_message) if transaction.status is Status.DENY else "")


async def posted(request: Request) -> dict[str, str]:
    body = (await request.body()).decode(errors="replace")
    return dict(parse_qsl(body, keep_blank_values=True))


def _hidden(fields: dict[str, str]) -> str:
    return "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in fields.items()
    )
