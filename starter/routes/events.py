"""The feed of status changes: how a shop learns for sure what became of its orders."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from starter.access import Reader
from starter.bodies import EventsBody
from starter.exchange import answer
from starter.openapi import problems
from starter.parts import Parts
from starter.problems import ProblemCode
from starter.views import events_body

router = APIRouter(tags=["events"])


class EventQuery(BaseModel):
    """From where on to read: the beginning when `after` is absent."""

    model_config = ConfigDict(extra="forbid")

    after: str | None = Field(None, max_length=200, description="`next_cursor` of the last page")
    limit: int = Field(100, ge=1, le=500)


@router.get(
    "/v1/events", response_model=EventsBody, responses=problems(ProblemCode.INVALID_REQUEST)
)
async def list_events(
    _caller: Reader, parts: Parts, query: Annotated[EventQuery, Query()]
) -> Response:
    """Every change of status, kept, in order per order id."""
    page = await parts.lists.events(query.after, query.limit)
    body = events_body(page, parts.now(), livemode=parts.livemode, pay_url=parts.pay_url)
    return answer(body)
