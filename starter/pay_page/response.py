"""Pages as answers: never stored, never indexed, told to nobody else, and without scripts."""

from collections.abc import Mapping
from http import HTTPStatus

from fastapi.responses import HTMLResponse

from payments.request import Locale

PAY_PATH = "/pay/"
REFUND_PATH = "/refund/"
# Whoever comes here sees pages, also when something goes wrong.
PAGE_PATHS = (PAY_PATH, REFUND_PATH)
# No script, and nothing from anywhere else.
_POLICY = (
    "default-src 'none'; "
    "style-src 'unsafe-inline'; "
    "img-src data:; "
    "form-action 'self'; "
    "base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "X-Robots-Tag": "noindex, nofollow",
}


def page_response(
    html: str, status: int = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> HTMLResponse:
    return HTMLResponse(html, status, {**(headers or {}), **HEADERS})


def locale_of(text: str | None, otherwise: Locale) -> Locale:
    """The language that was asked for, if it is one of ours."""
    return next((locale for locale in Locale if locale == text), otherwise)
