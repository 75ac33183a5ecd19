"""The look of every page a customer sees: plain HTML, phone first, no script."""

from html import escape
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse

from simulator.transactions import Status, Transaction

_STYLE = """
:root{color-scheme:light dark;--line:#8884;--brand:#0a4fa3}
body{font:16px/1.5 system-ui,sans-serif;max-width:30rem;margin:0 auto;padding:1rem}
header{border-bottom:3px solid var(--brand);margin-bottom:1rem}
h1{font-size:1.1rem;margin:.3rem 0}h2{font-size:1rem;margin:1.2rem 0 .4rem}
.amount{font-size:1.7rem;font-weight:700}
.code{font:600 1.3rem/1.6 ui-monospace,monospace;overflow-wrap:anywhere}
.note{opacity:.75;font-size:.9rem}
table{width:100%;border-collapse:collapse}td{padding:.2rem 0;border-bottom:1px solid var(--line)}
td:last-child{text-align:right}
form{margin:.4rem 0}label{display:block;margin:.5rem 0}
input{font:inherit;width:100%;box-sizing:border-box;padding:.55rem;border:1px solid var(--line);
border-radius:.4rem}
button{font:inherit;width:100%;padding:.7rem;border:1px solid var(--line);border-radius:.4rem;
cursor:pointer;text-align:left;background:transparent;color:inherit}
button.do{background:var(--brand);color:#fff;text-align:center;font-weight:600}
button.undo{text-align:center}
a{color:var(--brand)}
"""

_OUTCOMES = {
    Status.CAPTURE: "Pembayaran berhasil · Payment successful",
    Status.SETTLEMENT: "Pembayaran berhasil · Payment successful",
    Status.AUTHORIZE: "Dana ditahan · Amount authorised",
    Status.PENDING: "Menunggu pembayaran · Waiting for payment",
    Status.DENY: "Pembayaran ditolak · Payment declined",
    Status.EXPIRE: "Waktu pembayaran habis · Payment expired",
    Status.CANCEL: "Pembayaran dibatalkan · Payment cancelled",
}


def page(title: str, *parts: str, status: int = 200) -> HTMLResponse:
    body = "".join(parts)
    return HTMLResponse(
        f'<!doctype html><html lang="id"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><header><h1>{escape(title)}</h1>"
        '<p class="note">Midtrans simulator &mdash; no real money</p></header>'
        f"<main>{body}</main></body></html>",
        status,
    )


def not_found() -> HTMLResponse:
    return page("Tidak ditemukan · Not found", note("There is nothing here."), status=404)


def heading(text: str) -> str:
    return f"<h2>{escape(text)}</h2>"


def note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def amount(rupiah: int) -> str:
    return f'<p class="amount">{rupiah_text(rupiah)}</p>'


def rupiah_text(rupiah: int) -> str:
    return f"Rp{rupiah:,}".replace(",", ".")


def code(label: str, value: object) -> str:
    return f'<p>{escape(label)}<br><span class="code">{escape(str(value))}</span></p>'


def link(url: str, text: str) -> str:
    return f'<p><a href="{escape(url)}">{escape(text)}</a></p>'


def rows(pairs: list[tuple[str, str]]) -> str:
    cells = "".join(f"<tr><td>{escape(a)}</td><td>{escape(b)}</td></tr>" for a, b in pairs)
    return f"<table>{cells}</table>"


def button(action: str, text: str, *, kind: str = "", **hidden: str) -> str:
    """Draw a form of one button, which posts the action back to the page it stands on."""
    fields = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
        for name, value in hidden.items()
    )
    return (
        f'<form method="post">{fields}<button class="{kind}" name="action" '
        f'value="{escape(action)}">{escape(text)}</button></form>'
    )


def form(action: str, text: str, fields: dict[str, str], values: dict[str, str]) -> str:
    inputs = "".join(
        f'<label>{escape(label)}<input name="{escape(name)}" required autocomplete="off" '
        f'inputmode="numeric" value="{escape(values.get(name, ""))}"></label>'
        for name, label in fields.items()
    )
    return (
        f'<form method="post">{inputs}<button class="do" name="action" '
        f'value="{escape(action)}">{escape(text)}</button></form>'
    )


def outcome(transaction: Transaction) -> str:
    """Say how it stands in the customer's words."""
    text = _OUTCOMES.get(transaction.status, transaction.status.value)
    return heading(text) + (
        note(transaction.status_message) if transaction.status is Status.DENY else ""
    )


async def posted(request: Request) -> dict[str, str]:
    body = (await request.body()).decode(errors="replace")
    return dict(parse_qsl(body, keep_blank_values=True))
