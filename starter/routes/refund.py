"""The customer's link of a manual refund: a form that says, once, where the money goes."""

import re
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from adapters.postgres.bank_details_store import BankDetailsPage
from payments.bank_details import bank_details
from payments.errors import InvalidRequestError
from payments.refunds import RefundStatus
from payments.request import Locale
from starter.exchange import form_body, read_form
from starter.parts import ApiParts, Parts, address_of
from starter.pay_page.refund_form import RefundLook
from starter.pay_page.response import HEADERS, locale_of, page_response

router = APIRouter(tags=["customer's page"])

_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,200}")
_TEXT = {"type": "string"}
_PAGE: dict[str, Any] = {"content": {"text/html": {}}}
_OVER: dict[int | str, dict[str, Any]] = {
    410: {"description": "The link is unknown, or good for nothing any more", **_PAGE},
    429: {"description": "Too many such links were asked for from one address", **_PAGE},
    422: {"description": "What was sent breaks a rule", **_PAGE},
    503: {"description": "Not available at the moment", **_PAGE},
    500: {"description": "Something went wrong here", **_PAGE},
}
Language = Annotated[str | None, Query(description="id or en; the order's own otherwise")]


@router.get(
    "/refund/{token}",
    response_class=HTMLResponse,
    responses={200: {"description": "The form, or thanks for it"}, **_OVER},
)
@router.head("/refund/{token}", include_in_schema=False)
async def show_refund(
    token: str, request: Request, parts: Parts, lang: Language = None
) -> Response:
    """Where the refund goes, or the form to say so; looking consumes nothing."""
    found = await _linked(parts, token)
    if found is None:
        return _over(request, parts, lang)
    return page_response(parts.pages.refund(_look(found, lang)))


@router.post(
    "/refund/{token}",
    status_code=303,
    response_class=Response,
    responses={
        303: {"description": "To the same page, which says what is known"},
        408: {"description": "The form did not arrive in time", **_PAGE},
        413: {"description": "The form is too large", **_PAGE},
        415: {"description": "It is no form", **_PAGE},
        **_OVER,
    },
    openapi_extra=form_body(bank=_TEXT, account_number=_TEXT, account_holder=_TEXT),
)
async def give_bank_details(
    token: str, request: Request, parts: Parts, lang: Language = None
) -> Response:
    """Say where the money goes: what was said first stands, however often it is sent."""
    typed = await read_form(request)
    found = await _linked(parts, token)
    if found is None:
        return _over(request, parts, lang)
    look = _look(found, lang)
    if look.given is None:
        try:
            details = bank_details(*(typed.get(name, "") for name in _FIELDS))
        except InvalidRequestError as error:
            wrong = replace(look, typed=typed, problems=error.problems)
            return page_response(parts.pages.refund(wrong), 422)
        await parts.refund_forms.give(token, details, parts.now())
    headers = {**HEADERS, "Location": f"{token}?lang={look.locale}"}
    return Response(status_code=303, headers=headers)


async def _linked(parts: ApiParts, token: str) -> BankDetailsPage | None:
    """What the link opens; None alike for one that never was and one that is over."""
    found = await parts.refund_forms.page(token) if _TOKEN.fullmatch(token) else None
    return found if found and found.refund.status is RefundStatus.MANUAL else None


def _look(page: BankDetailsPage, lang: str | None) -> RefundLook:
    request = page.payment.request
    return RefundLook(
        order_id=request.order_id,
        refund=page.refund,
        locale=locale_of(lang, request.locale),
        given=page.given,
    )


def _over(request: Request, parts: ApiParts, lang: str | None) -> Response:
    parts.limits.count_guess(address_of(request))
    return page_response(parts.pages.refund_over(locale_of(lang, Locale.ID)), 410)


_FIELDS = ("bank", "account_number", "account_holder")
