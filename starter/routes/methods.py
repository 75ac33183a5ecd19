"""Which payment methods there are, and what each allows."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from payments.money import Currency, Money
from starter.access import Reader
from starter.bodies import MethodsBody
from starter.documents import INTEGER_MAX
from starter.exchange import answer
from starter.openapi import problems
from starter.problems import ProblemCode
from starter.views import methods_body

router = APIRouter(tags=["payment methods"])


class MethodQuery(BaseModel):
    model_config = ConfigDict(extra="forbid")

    amount: int | None = Field(
        None, ge=1, le=INTEGER_MAX, description="in whole rupiah: only methods that take it"
    )


@router.get(
    "/v1/payment-methods",
    response_model=MethodsBody,
    responses=problems(ProblemCode.INVALID_REQUEST),
)
async def list_methods(_caller: Reader, query: Annotated[MethodQuery, Query()]) -> Response:
    """The payment methods that take an amount, with their limits."""
    amount = None if query.amount is None else Money(query.amount, Currency.IDR)
    return answer(methods_body(amount))
