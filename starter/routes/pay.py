"""The customer's one-time link: a page to look at, and a choice that opens the next attempt."""

import re
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from payments.errors import FieldProblem, InvalidRequestError
from payments.links import LinkState, PaymentLink, link_state
from payments.methods import PaymentMethod
from payments.payment import Payment
from payments.request import Locale
from starter.errors import StandsOtherwiseError
from starter.exchange import form_body, read_form
from starter.parts import ApiParts, Parts, address_of
from starter.pay_page.offers import integration_for
from starter.pay_page.pages import Look
from starter.pay_page.response import HEADERS, locale_of, page_response

router = APIRouter(tags=["customer's page"])

CUSTOMER = "customer"
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,200}")
Responses = dict[int | str, dict[str, Any]]

_PAGE: dict[str, Any] = {"content": {"text/html": {}}}
_DEAD: Responses = {
    410: {"description": "The link is unknown, or good for nothing any more", **_PAGE},
    429: {"description": "Too many such links were asked for from one address", **_PAGE},
}
_TROUBLE: Responses = {
    422: {"description": "What was sent breaks a rule", **_PAGE},
    503: {"description": "Not available at the moment", **_PAGE},
    500: {"description": "Something went wrong here", **_PAGE},
}
Language = Annotated[str | None, Query(description="id or en; the order's own otherwise")]


@router.get(
    "/pay/{token}",
    response_class=HTMLResponse,
    responses={200: {"description": "How the payment stands"}, **_DEAD, **_TROUBLE},
)
@router.head("/pay/{token}", include_in_schema=False)
async def show_payment(
    token: str, request: Request, parts: Parts, lang: Language = None, change: str | None = None
) -> Response:
    """How the payment stands and how to pay; looking consumes nothing."""
    found = await _linked(parts, token)
    if found is None:
        return _dead(request, parts, lang)
    link, payment = found
    look = Look(
        payment=payment,
        attempt=link.attempt,
        now=parts.now(),
        locale=locale_of(lang, payment.request.locale),
        is_choosing=change is not None,
    )
    return page_response(parts.pages.payment(look))


@router.post(
    "/pay/{token}",
    status_code=303,
    response_class=Response,
    responses={
        303: {"description": "To the same page, whatever became of the choice"},
        **_DEAD,
        408: {"description": "The form did not arrive in time", **_PAGE},
        413: {"description": "The form is too large", **_PAGE},
        415: {"description": "It is no form", **_PAGE},
        **_TROUBLE,
    },
    openapi_extra=form_body(method={"type": "string", "enum": list(PaymentMethod)}),
)
async def choose_method(
    token: str, request: Request, parts: Parts, lang: Language = None
) -> Response:
    """Pay by this method: opens the attempt after the link's own, once however often it is sent."""
    method = await _chosen_method(request)
    found = await _linked(parts, token)
    if found is None:
        return _dead(request, parts, lang)
    link, payment = found
    # Where the payment stands otherwise, the page tells how.
    with suppress(StandsOtherwiseError, InvalidRequestError):
        await parts.client.try_another(
            link.order_id, link.attempt, method, integration_for(method), CUSTOMER
        )
    locale = locale_of(lang, payment.request.locale)
    return Response(status_code=303, headers={**HEADERS, "Location": f"{token}?lang={locale}"})


async def _linked(parts: ApiParts, token: str) -> tuple[PaymentLink, Payment] | None:
    """What the link opens; None alike for one that never was and one that is dead."""
    link = await parts.links.link(token) if _TOKEN.fullmatch(token) else None
    if link is None:
        return None
    payment = await parts.client.payment(link.order_id)
    if link_state(payment, link.attempt) is LinkState.DEAD:
        return None
    return link, payment


def _dead(request: Request, parts: ApiParts, lang: str | None) -> Response:
    parts.limits.count_guess(address_of(request))
    return page_response(parts.pages.dead(locale_of(lang, Locale.ID)), 410)


async def _chosen_method(request: Request) -> PaymentMethod:
    chosen = (await read_form(request)).get("method", "")
    try:
        return PaymentMethod(chosen)
    except ValueError:
        raise InvalidRequestError((FieldProblem("method", "is none of ours"),)) from None
