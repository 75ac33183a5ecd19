"""Start, read, list, retry and cancel payments."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from payments.gateway import ChargeFailure
from payments.status import PaymentStatus
from starter.access import Reader, Starter
from starter.answers import Started
from starter.bodies import PaymentBody, PaymentsBody
from starter.documents import AttemptDocument, CancelDocument, PaymentDocument
from starter.exchange import answer, pdf, read
from starter.openapi import body_of, problems
from starter.parts import ApiParts, Parts, order_url
from starter.problems import ProblemCode, ProblemError

router = APIRouter(prefix="/v1/payments", tags=["payments"])

PAGE_MAX = 100
_UNANSWERED = frozenset({PaymentStatus.PREPARING, PaymentStatus.CHECKING})
# Why a charge opened nothing, where that is certain. What is not certain is being checked: 202.
_FAILED = {
    ChargeFailure.REFUSED: (
        ProblemCode.GATEWAY_REFUSED,
        "the gateway refused to open the payment by this method",
    ),
    ChargeFailure.UNREACHABLE: (
        ProblemCode.GATEWAY_UNREACHABLE,
        "the gateway could not be reached, so nothing was sent to it",
    ),
}
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2200, 1, 1, tzinfo=UTC)
Bound = Annotated[AwareDatetime, Field(ge=_EARLIEST, lt=_LATEST)]


class PaymentQuery(BaseModel):
    """Which payments to list, newest first."""

    model_config = ConfigDict(extra="forbid")

    status: PaymentStatus | None = None
    created_from: Bound | None = Field(None, alias="from", description="created at or after")
    created_to: Bound | None = Field(None, alias="to", description="created before")
    cursor: str | None = Field(None, max_length=200)
    limit: int = Field(50, ge=1, le=PAGE_MAX)


@router.post(
    "",
    status_code=201,
    response_model=PaymentBody,
    responses={
        200: {"description": "This very request was made before", "model": PaymentBody},
        202: {"description": "The gateway has not answered yet", "model": PaymentBody},
        **problems(
            ProblemCode.ORDER_CONFLICT,
            ProblemCode.GATEWAY_REFUSED,
            ProblemCode.GATEWAY_UNREACHABLE,
            ProblemCode.NO_ANSWER,
            reads=True,
        ),
    },
    openapi_extra=body_of(PaymentDocument),
)
async def start_payment(request: Request, caller: Starter, parts: Parts) -> Response:
    """Start paying an order, or hear how it stands: repeating the request never charges again."""
    document = await read(request, PaymentDocument)
    started = await parts.client.start(document.request(), caller.actor)
    return _started(parts, started)


@router.get("", response_model=PaymentsBody, responses=problems(ProblemCode.INVALID_REQUEST))
async def list_payments(
    _caller: Reader, parts: Parts, query: Annotated[PaymentQuery, Query()]
) -> Response:
    """List payments, newest first."""
    page = await parts.lists.payments(
        status=query.status,
        created_from=query.created_from,
        created_to=query.created_to,
        cursor=query.cursor,
        limit=query.limit,
    )
    listed = tuple(parts.body(payment) for payment in page.payments)
    return answer(PaymentsBody(payments=listed, next_cursor=page.next_cursor))


@router.get(
    "/{order_id}",
    response_model=PaymentBody,
    responses=problems(ProblemCode.ORDER_UNKNOWN, ProblemCode.INVALID_REQUEST),
)
async def read_payment(order_id: str, _caller: Reader, parts: Parts) -> Response:
    """How an order's payment stands."""
    return answer(parts.body(await parts.client.payment(order_id)))


@router.post(
    "/{order_id}/attempts",
    status_code=201,
    response_model=PaymentBody,
    responses={
        200: {"description": "This very request was made before", "model": PaymentBody},
        202: {"description": "The gateway has not answered yet", "model": PaymentBody},
        **problems(
            ProblemCode.ORDER_UNKNOWN,
            ProblemCode.ALREADY_PAID,
            ProblemCode.ATTEMPT_CONFLICT,
            ProblemCode.NOT_RETRYABLE,
            ProblemCode.GATEWAY_REFUSED,
            ProblemCode.GATEWAY_UNREACHABLE,
            reads=True,
        ),
    },
    openapi_extra=body_of(AttemptDocument),
)
async def try_another_method(
    order_id: str, request: Request, caller: Starter, parts: Parts
) -> Response:
    """Pay by another method: the last attempt is closed first, then the next one is opened."""
    document = await read(request, AttemptDocument)
    started = await parts.client.try_another(
        order_id, document.after_attempt, document.method, document.integration, caller.actor
    )
    return _started(parts, started)


@router.post(
    "/{order_id}/cancel",
    response_model=PaymentBody,
    responses={
        202: {"description": "The gateway has not closed it yet", "model": PaymentBody},
        **problems(ProblemCode.ORDER_UNKNOWN, ProblemCode.ALREADY_PAID, reads=True),
    },
    openapi_extra=body_of(CancelDocument),
)
async def cancel_payment(
    order_id: str, request: Request, caller: Starter, parts: Parts
) -> Response:
    """Cancel the payment, unless the money was faster: then `already_paid`."""
    document = await read(request, CancelDocument)
    cancelled = await parts.client.cancel(order_id, caller.actor, document.reason)
    is_done = cancelled.payment.status is PaymentStatus.CANCELLED
    return answer(parts.body(cancelled.payment), 200 if is_done else 202)


@router.get(
    "/{order_id}/invoice.pdf",
    response_class=Response,
    responses={
        200: {"description": "The invoice", "content": {"application/pdf": {}}},
        **problems(
            ProblemCode.ORDER_UNKNOWN, ProblemCode.INVOICE_UNKNOWN, ProblemCode.INVALID_REQUEST
        ),
    },
)
async def read_invoice(order_id: str, _caller: Reader, parts: Parts) -> Response:
    """The invoice of a paid order."""
    payment = await parts.client.payment(order_id)
    content = await parts.invoices.pdf(payment.order_id)
    if content is None:
        raise ProblemError(
            ProblemCode.INVOICE_UNKNOWN, f"order {order_id} is {payment.status}, without invoice"
        )
    return pdf(content, payment.invoice_number or "invoice")


def _started(parts: ApiParts, started: Started) -> Response:
    if started.failure in _FAILED:
        code, detail = _FAILED[started.failure]
        members = {"payment": parts.body(started.payment).model_dump(mode="json")}
        raise ProblemError(code, detail, members=members)
    headers = {"Location": order_url(started.payment)}
    return answer(parts.body(started.payment), _status_of(started), headers)


def _status_of(started: Started) -> int:
    if not started.is_answered or started.payment.status in _UNANSWERED:
        return 202
    return 201 if started.is_new else 200
