"""Every error has one shape, says nothing of our insides, and never becomes a 500 by an outage."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx
import pytest
from sqlalchemy.exc import OperationalError, ProgrammingError
from temporalio.client import Client

from adapters.postgres.bank_details_store import BankDetailsPage
from adapters.postgres.engine import create_engine
from adapters.postgres.feed import EventPage
from adapters.postgres.payment_reads import PaymentPage, PaymentReads
from adapters.postgres.sealing import Sealer
from payments.bank_details import BankDetails
from payments.errors import PaymentError
from payments.links import PaymentLink
from payments.messages import PROBLEM_TEXTS
from payments.payment import Payment
from payments.status import PaymentStatus
from starter.api import create_api
from starter.client import PaymentClient
from starter.errors import NoAnswerError, UnavailableError
from starter.keys import ApiKeys
from starter.parts import ApiParts
from starter.problems import MEDIA_TYPE, PROBLEMS, ProblemCode
from tests.starter.conftest import KEY, KEYS, PAGES, PAY_URL, REFUND_KEY, generous, http_of
from tests.starter.orders import order

REFUND = {"refund_key": "K-1", "reason": "x"}
REFUNDER = {"Authorization": f"Bearer {REFUND_KEY}"}
ANOTHER = {"after_attempt": 1, "method": "qris"}
SECRET = "postgresql://payments:hunter2@db.internal"


@dataclass(frozen=True)
class BrokenStore:
    """Implements every reading part of the API; every answer is the same error."""

    error: Exception

    async def payment(self, order_id: str) -> Payment | None:
        raise self.error

    async def payments(
        self,
        *,
        status: PaymentStatus | None = None,
        created_from: datetime | None = None,
        created_to: datetime | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> PaymentPage:
        raise self.error

    async def events(self, after: str | None, limit: int) -> EventPage:
        raise self.error

    async def pdf(self, order_id: str, credit_note_number: str = "") -> bytes | None:
        raise self.error

    async def link(self, token: str) -> PaymentLink | None:
        raise self.error

    async def page(self, token: str) -> BankDetailsPage | None:
        raise self.error

    async def give(self, token: str, details: BankDetails, at: datetime) -> bool:
        raise self.error


@dataclass
class Silence:
    """A check that fails, or not."""

    failing: bool = True
    asked: list[str] = field(default_factory=list)

    async def __call__(self) -> None:
        self.asked.append("once")
        if self.failing:
            raise UnavailableError("the database")


async def api_over(error: Exception, **parts: Any) -> httpx.AsyncClient:
    nobody = await Client.connect("127.0.0.1:9", lazy=True)
    store = BrokenStore(error)
    client = PaymentClient(nobody, store, return_hosts=("skaters.example",))
    everything = ApiParts(
        client=client,
        lists=store,
        links=store,
        invoices=store,
        credit_notes=store,
        refund_forms=store,
        pages=PAGES,
        pay_url=PAY_URL,
        livemode=False,
        **{"keys": KEYS, "limits": generous(), **parts},
    )
    return http_of(create_api(everything))


def test_every_problem_code_has_status_title_and_a_text_for_the_customer() -> None:
    assert set(PROBLEMS) == set(ProblemCode)
    assert set(PROBLEM_TEXTS) == {code.value for code in ProblemCode}


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (ConnectionRefusedError(SECRET), 503, ProblemCode.TEMPORARILY_UNAVAILABLE),
        (TimeoutError(SECRET), 503, ProblemCode.TEMPORARILY_UNAVAILABLE),
        (
            OperationalError(SECRET, None, Exception(SECRET)),
            503,
            ProblemCode.TEMPORARILY_UNAVAILABLE,
        ),
        (UnavailableError("Temporal"), 503, ProblemCode.TEMPORARILY_UNAVAILABLE),
        (NoAnswerError("SKT-1"), 504, ProblemCode.NO_ANSWER),
        (ProgrammingError(SECRET, None, Exception(SECRET)), 500, ProblemCode.INTERNAL_ERROR),
        (RuntimeError(SECRET), 500, ProblemCode.INTERNAL_ERROR),
        (PaymentError(SECRET), 500, ProblemCode.INTERNAL_ERROR),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
async def test_an_error_becomes_a_problem_that_tells_no_secret(
    error: Exception, status: int, code: ProblemCode
) -> None:
    async with await api_over(error) as http:
        answers = [
            await http.get("/v1/payments/SKT-1"),
            await http.get("/v1/payments"),
            await http.get("/v1/events"),
            await http.post("/v1/payments", json=order("SKT-1")),
            await http.post("/v1/payments/SKT-1/attempts", json=ANOTHER),
            await http.post("/v1/payments/SKT-1/cancel", json={"reason": "x"}),
            await http.get("/v1/payments/SKT-1/invoice.pdf"),
            await http.post("/v1/payments/SKT-1/refunds", json=REFUND, headers=REFUNDER),
            await http.get("/v1/payments/SKT-1/refunds/K-1"),
            await http.get("/v1/payments/SKT-1/credit-notes/CN-1.pdf"),
        ]

    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        assert answer.headers["content-type"] == MEDIA_TYPE
        assert answer.headers["cache-control"] == "no-store"
        assert set(answer.json()) == {"type", "title", "status", "detail", "code", "message"}
        assert answer.json()["status"] == status
        assert set(answer.json()["message"]) == {"id", "en"}
        assert "hunter2" not in answer.text


async def test_a_database_that_is_away_makes_the_service_unavailable(sealer: Sealer) -> None:
    engine = create_engine(
        "postgresql://payments:hunter2@127.0.0.1:9/payments", application_name="tests"
    )
    reads = PaymentReads(engine, sealer)
    nobody = await Client.connect("127.0.0.1:9", lazy=True)
    parts = ApiParts(
        client=PaymentClient(nobody, reads, return_hosts=("skaters.example",)),
        lists=reads,
        links=reads,
        invoices=BrokenStore(RuntimeError()),
        credit_notes=BrokenStore(RuntimeError()),
        refund_forms=BrokenStore(RuntimeError()),
        keys=KEYS,
        limits=generous(),
        pages=PAGES,
        pay_url=PAY_URL,
        livemode=False,
    )

    async with http_of(create_api(parts)) as http:
        started = await http.post("/v1/payments", json=order("SKT-1"))
        listed = await http.get("/v1/payments")

    assert (started.status_code, listed.status_code) == (503, 503)
    assert "hunter2" not in started.text
    await engine.dispose()


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, ProblemCode.NOT_FOUND),
        ("GET", "/docs", 404, ProblemCode.NOT_FOUND),
        ("GET", "/v1/payments/", 404, ProblemCode.NOT_FOUND),
        ("DELETE", "/v1/payments/SKT-1", 405, ProblemCode.METHOD_NOT_ALLOWED),
        ("PUT", "/v1/payments", 405, ProblemCode.METHOD_NOT_ALLOWED),
        ("TRACE", "/livez", 405, ProblemCode.METHOD_NOT_ALLOWED),
    ],
)
async def test_a_wrong_address_is_a_problem_too(
    method: str, path: str, status: int, code: ProblemCode
) -> None:
    async with await api_over(RuntimeError()) as http:
        answer = await http.request(method, path)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == MEDIA_TYPE


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Basic Y2hlY2tvdXQ6eA==", "Bearer", "Bearer ", "Bearer wrong", "Bearer ké"],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/payments"),
        ("GET", "/v1/payments"),
        ("GET", "/v1/payments/SKT-1"),
        ("POST", "/v1/payments/SKT-1/attempts"),
        ("POST", "/v1/payments/SKT-1/cancel"),
        ("GET", "/v1/payments/SKT-1/invoice.pdf"),
        ("POST", "/v1/payments/SKT-1/refunds"),
        ("GET", "/v1/payments/SKT-1/refunds/K-1"),
        ("GET", "/v1/payments/SKT-1/credit-notes/CN-1.pdf"),
        ("GET", "/v1/events"),
        ("GET", "/v1/payment-methods"),
    ],
)
async def test_without_a_known_key_nothing_is_told(
    authorization: str | None, method: str, path: str
) -> None:
    given = [] if authorization is None else [authorization]
    headers = [(b"Authorization", each.encode("latin-1")) for each in given]
    async with await api_over(RuntimeError()) as http:
        del http.headers["authorization"]
        # Whatever else is wrong with it, a request without a key hears of nothing else.
        answer = await http.request(method, path, headers=headers, content=b"{")

    assert answer.status_code == 401
    assert answer.json()["code"] == ProblemCode.UNAUTHENTICATED
    assert answer.headers["www-authenticate"].startswith("Bearer")


async def test_without_any_key_configured_nobody_is_let_in() -> None:
    async with await api_over(RuntimeError(), keys=ApiKeys.parse(())) as http:
        answer = await http.get("/v1/payments/SKT-1", headers={"Authorization": f"Bearer {KEY}"})

    assert answer.status_code == 401


async def test_the_process_lives_whatever_else_is_down() -> None:
    silence = Silence()
    async with await api_over(RuntimeError(), checks={"database": silence}) as http:
        del http.headers["authorization"]
        live, ready = await http.get("/livez"), await http.get("/readyz")

    assert (live.status_code, ready.status_code) == (200, 503)
    assert ready.json()["code"] == ProblemCode.TEMPORARILY_UNAVAILABLE
    assert ready.json()["detail"] == "no answer from: database"


async def test_the_process_is_ready_when_every_part_answers() -> None:
    parts = {"database": Silence(failing=False), "temporal": Silence(failing=False)}
    async with await api_over(RuntimeError(), checks=parts) as http:
        answer = await http.get("/readyz")

    assert answer.status_code == 200
    assert all(check.asked for check in parts.values())
