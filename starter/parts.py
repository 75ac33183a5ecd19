"""What the checkout API is made of, and how its routes come by it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Protocol

from fastapi import Depends, Request

from adapters.postgres.feed import EventPage
from adapters.postgres.payment_reads import PaymentPage
from payments.payment import Payment
from payments.status import PaymentStatus
from starter.client import PaymentClient
from starter.keys import ApiKeys


class PaymentLists(Protocol):
    async def payments(
        self,
        *,
        status: PaymentStatus | None = None,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> PaymentPage: ...

    async def events(self, after: str | None, limit: int) -> EventPage: ...


class InvoicePdfs(Protocol):
    async def pdf(self, order_id: str) -> bytes | None: ...


# Returns, or raises what is wrong.
Check = Callable[[], Awaitable[object]]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiParts:
    """`checks` name what must answer before the process counts as ready."""

    client: PaymentClient
    lists: PaymentLists
    invoices: InvoicePdfs
    keys: ApiKeys
    livemode: bool
    checks: Mapping[str, Check] = field(default_factory=dict)
    now: Callable[[], datetime] = _now


async def _parts(request: Request) -> ApiParts:
    parts = request.app.state.parts
    assert isinstance(parts, ApiParts), "create_api puts them there"
    return parts


Parts = Annotated[ApiParts, Depends(_parts)]


def order_url(payment: Payment) -> str:
    return f"/v1/payments/{payment.order_id}"
