"""What the checkout API is made of, and how its routes come by it."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Protocol

from fastapi import Depends, Request

from adapters.health import Check
from adapters.postgres.bank_details_store import BankDetailsPage
from adapters.postgres.feed import EventPage
from adapters.postgres.payment_reads import PaymentPage
from payments.bank_details import BankDetails
from payments.links import PaymentLink
from payments.payment import Payment
from payments.status import PaymentStatus
from starter.bodies import PaymentBody
from starter.client import PaymentClient, utc_now
from starter.keys import ApiKeys
from starter.limits import RequestLimits
from starter.pay_page.pages import PayPages
from starter.views import payment_body


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


class PaymentLinks(Protocol):
    async def link(self, token: str) -> PaymentLink | None:
        """Which attempt the customer's one-time link belongs to; looking consumes nothing."""
        ...


class InvoicePdfs(Protocol):
    async def pdf(self, order_id: str) -> bytes | None: ...


class CreditNotePdfs(Protocol):
    async def pdf(self, order_id: str, credit_note_number: str) -> bytes | None: ...


class RefundForms(Protocol):
    async def page(self, token: str) -> BankDetailsPage | None:
        """The manual refund that the customer's link belongs to; looking consumes nothing."""
        ...

    async def give(self, token: str, details: BankDetails, at: datetime) -> bool:
        """Keep where the money goes, once; False when that is settled otherwise."""
        ...


# A sender who takes longer is not waited for.
BODY_WITHIN = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiParts:
    """`pay_url` begins every one-time link; `checks` name what a ready process must reach, `stop`
    is set once it has been told to end.
    """

    client: PaymentClient
    lists: PaymentLists
    links: PaymentLinks
    invoices: InvoicePdfs
    credit_notes: CreditNotePdfs
    refund_forms: RefundForms
    keys: ApiKeys
    limits: RequestLimits
    pages: PayPages
    pay_url: str
    livemode: bool
    checks: Mapping[str, Check] = field(default_factory=dict)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    now: Callable[[], datetime] = utc_now
    body_within: timedelta = BODY_WITHIN

    def body(self, payment: Payment) -> PaymentBody:
        """The payment as checkout sees it now."""
        return payment_body(payment, self.now(), livemode=self.livemode, pay_url=self.pay_url)


async def _parts(request: Request) -> ApiParts:
    parts = request.app.state.parts
    assert isinstance(parts, ApiParts), "create_api puts them there"
    return parts


Parts = Annotated[ApiParts, Depends(_parts)]


def address_of(request: Request) -> str | None:
    """Who sent the request, as far as whoever handed it to us is trusted to say."""
    return request.client.host if request.client else None


def order_url(payment: Payment) -> str:
    return f"/v1/payments/{payment.order_id}"
