"""The API's description is complete, and whatever it allows never crashes the API."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.specs.openapi.schemas import OpenApiSchema
from temporalio.client import Client

from adapters.postgres.bank_details_store import BankDetailsPage
from adapters.postgres.feed import EventPage
from adapters.postgres.payment_reads import PaymentPage
from payments.bank_details import BankDetails
from payments.links import PaymentLink
from payments.payment import Payment
from payments.status import PaymentStatus
from starter.api import create_api
from starter.client import PaymentClient
from starter.parts import ApiParts
from starter.pay_page.response import PAGE_PATHS
from starter.problems import MEDIA_TYPE, ProblemCode
from tests.starter.conftest import KEY, KEYS, PAGES, PAY_URL, REFUND_KEY, generous
from tests.starter.orders import awaiting

ROUTES = {
    "POST /v1/payments",
    "GET /v1/payments",
    "GET /v1/payments/{order_id}",
    "POST /v1/payments/{order_id}/attempts",
    "POST /v1/payments/{order_id}/cancel",
    "GET /v1/payments/{order_id}/invoice.pdf",
    "POST /v1/payments/{order_id}/refunds",
    "GET /v1/payments/{order_id}/refunds/{refund_key}",
    "GET /v1/payments/{order_id}/credit-notes/{number}.pdf",
    "GET /v1/events",
    "GET /v1/payment-methods",
    "GET /pay/{token}",
    "POST /pay/{token}",
    "GET /refund/{token}",
    "POST /refund/{token}",
    "GET /livez",
    "GET /readyz",
}
WITHOUT_KEY = {
    *("GET /pay/{token}", "POST /pay/{token}", "GET /refund/{token}", "POST /refund/{token}"),
    *("GET /livez", "GET /readyz"),
}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@dataclass(frozen=True)
class CancelledOrders:
    """Implements every reading part of the API: each order exists, cancelled, and has no link."""

    async def payment(self, order_id: str) -> Payment | None:
        return replace(awaiting(order_id), status=PaymentStatus.CANCELLED)

    async def payments(
        self,
        *,
        status: PaymentStatus | None = None,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> PaymentPage:
        return PaymentPage(payments=(awaiting("SKT-1"),), next_cursor=None)

    async def events(self, after: str | None, limit: int) -> EventPage:
        return EventPage(events=(), next_cursor=after)

    async def pdf(self, order_id: str, credit_note_number: str = "") -> bytes | None:
        return None

    async def link(self, token: str) -> PaymentLink | None:
        return None

    async def page(self, token: str) -> BankDetailsPage | None:
        return None

    async def give(self, token: str, details: BankDetails, at: datetime) -> bool:
        return False


def api() -> Any:
    orders = CancelledOrders()
    nobody = asyncio.run(Client.connect("127.0.0.1:9", lazy=True))
    return create_api(
        ApiParts(
            client=PaymentClient(nobody, orders, return_hosts=("skaters.example",)),
            lists=orders,
            links=orders,
            invoices=orders,
            credit_notes=orders,
            refund_forms=orders,
            keys=KEYS,
            limits=generous(),
            pages=PAGES,
            pay_url=PAY_URL,
            livemode=False,
        )
    )


def key_of(case: schemathesis.Case[Any]) -> str:
    return REFUND_KEY if case.path.endswith("/refunds") else KEY


API = api()
schema: OpenApiSchema = schemathesis.openapi.from_asgi("/openapi.json", API)


@schema.parametrize()
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
def test_nothing_that_the_description_allows_crashes_the_api(case: schemathesis.Case[Any]) -> None:
    answer: Response = case.call(headers={"Authorization": f"Bearer {key_of(case)}"})

    case.validate_response(answer, checks=CHECKS)
    if answer.status_code >= 400 and not case.path.startswith(PAGE_PATHS):
        assert answer.headers["content-type"] == [MEDIA_TYPE]
        assert answer.json()["code"] in set(ProblemCode)


def test_every_route_is_described_with_its_problems() -> None:
    document = API.openapi()
    described = {
        f"{method.upper()} {path}": operation
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    }

    assert set(described) == ROUTES
    for name in ROUTES - WITHOUT_KEY:
        responses = described[name]["responses"]
        assert MEDIA_TYPE in responses["401"]["content"]
        assert MEDIA_TYPE in responses["503"]["content"]
        assert described[name]["security"]
        if "422" in responses:
            assert list(responses["422"]["content"]) == [MEDIA_TYPE]


@pytest.mark.parametrize(
    "name",
    [
        *("PaymentDocument", "PaymentBody", "Problem", "AttemptDocument", "CancelDocument"),
        *("RefundDocument", "RefundBody"),
    ],
)
def test_every_document_that_is_referred_to_is_described(name: str) -> None:
    document = API.openapi()

    assert name in document["components"]["schemas"]
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_requests_and_answers_come_with_examples() -> None:
    schemas = API.openapi()["components"]["schemas"]

    assert schemas["PaymentDocument"]["example"]["order_id"] == "SKT-1001"
    assert schemas["PaymentBody"]["example"]["status"] == "awaiting_payment"
    assert schemas["RefundDocument"]["example"]["refund_key"]
    assert schemas["RefundBody"]["example"]["status"] == "confirmed"
    assert schemas["Problem"]["example"]["errors"]


def test_no_member_of_a_request_may_be_unknown() -> None:
    schemas = API.openapi()["components"]["schemas"]

    for name in (
        "PaymentDocument",
        "AmountDocument",
        "ItemDocument",
        "AttemptDocument",
        "RefundDocument",
    ):
        assert schemas[name]["additionalProperties"] is False
