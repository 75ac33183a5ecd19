"""Give money back, hear how far it has come, and read the credit note for it."""

from fastapi import APIRouter, Request, Response

from payments.errors import RefundUnknownError
from starter.access import Reader, Refunder
from starter.bodies import RefundBody
from starter.documents import RefundDocument
from starter.exchange import answer, pdf, read
from starter.openapi import body_of, problems
from starter.parts import Parts, order_url
from starter.problems import ProblemCode, ProblemError
from starter.views import refund_body

router = APIRouter(prefix="/v1/payments", tags=["refunds"])


@router.post(
    "/{order_id}/refunds",
    status_code=202,
    response_model=RefundBody,
    responses={
        202: {"description": "The refund is stored, and goes its way"},
        **problems(
            ProblemCode.ORDER_UNKNOWN,
            ProblemCode.REFUND_CONFLICT,
            ProblemCode.NOT_REFUNDABLE,
            ProblemCode.NO_ANSWER,
            reads=True,
        ),
    },
    openapi_extra=body_of(RefundDocument),
)
async def request_refund(
    order_id: str, request: Request, caller: Refunder, parts: Parts
) -> Response:
    """Give money back, or hear how it stands: the same refund key never refunds twice."""
    document = await read(request, RefundDocument)
    refunded = await parts.client.refund(order_id, document.wish(caller.actor))
    location = f"{order_url(refunded.payment)}/refunds/{refunded.refund.refund_key}"
    return answer(refund_body(refunded.refund), 202, {"Location": location})


@router.get(
    "/{order_id}/refunds/{refund_key}",
    response_model=RefundBody,
    responses=problems(
        ProblemCode.ORDER_UNKNOWN, ProblemCode.REFUND_UNKNOWN, ProblemCode.INVALID_REQUEST
    ),
)
async def read_refund(order_id: str, refund_key: str, _caller: Reader, parts: Parts) -> Response:
    """How far a refund has come."""
    refund = (await parts.client.payment(order_id)).refund(refund_key)
    if refund is None:
        raise RefundUnknownError(order_id, refund_key)
    return answer(refund_body(refund))


@router.get(
    "/{order_id}/credit-notes/{number}.pdf",
    response_class=Response,
    responses={
        200: {"description": "The credit note", "content": {"application/pdf": {}}},
        **problems(
            ProblemCode.ORDER_UNKNOWN,
            ProblemCode.CREDIT_NOTE_UNKNOWN,
            ProblemCode.INVALID_REQUEST,
        ),
    },
)
async def read_credit_note(order_id: str, number: str, _caller: Reader, parts: Parts) -> Response:
    """A credit note of the order: it takes an invoice back, or a part of one."""
    payment = await parts.client.payment(order_id)
    content = await parts.credit_notes.pdf(payment.order_id, number) if _may_be(number) else None
    if content is None:
        raise ProblemError(
            ProblemCode.CREDIT_NOTE_UNKNOWN, f"order {order_id} has no such credit note"
        )
    return pdf(content, number)


def _may_be(number: str) -> bool:
    """What PostgreSQL could not even compare is no number of ours."""
    return number.isascii() and number.isprintable()
