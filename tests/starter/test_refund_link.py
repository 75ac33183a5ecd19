"""The customer's link of a manual refund, on real parts: told once, shown to nobody again."""

import asyncio
import logging
from datetime import UTC, datetime
from urllib.parse import urljoin

import httpx
import pytest
from sqlalchemy import select

from adapters.postgres.tables import audit_events
from payments.bank_details import BankDetails
from payments.cases import Resolution
from payments.commands import ForgottenDetails
from starter.exchange import BODY_BYTES_MAX, FORM
from tests.starter.conftest import REFUND_KEY, Shop
from tests.starter.test_pay_link import is_page
from tests.starter.test_problems import api_over
from tests.starter.test_refunds import paid_order
from workflows.messages import ResolveCase

pytestmark = [pytest.mark.postgres, pytest.mark.temporal]

UNKNOWN = "/refund/" + 43 * "A"
TYPED = {"bank": " BCA ", "account_number": "123-456 7890", "account_holder": "Sari Dewi"}
GIVEN = BankDetails(bank="BCA", account_number="1234567890", account_holder="Sari Dewi")
OTHER = {"bank": "Mandiri", "account_number": "99999", "account_holder": "Somebody else"}


@pytest.fixture
async def path(http: httpx.AsyncClient, shop: Shop, order_id: str) -> str:
    return await asked_back(http, shop, order_id)


async def asked_back(http: httpx.AsyncClient, shop: Shop, order_id: str) -> str:
    """Where the customer of a manual refund says where the money goes."""
    await paid_order(http, shop, order_id, "bca_va")
    async with shop.http(key=REFUND_KEY) as desk:
        await desk.post(
            f"/v1/payments/{order_id}/refunds", json={"refund_key": "K-1", "reason": "too small"}
        )
    payment = await shop.store.payment(order_id)
    assert payment is not None
    return f"/refund/{payment.refunds[0].link_token}"


async def stored(shop: Shop, order_id: str) -> BankDetails | None:
    return await shop.bank_details.read(order_id, "K-1", "test", datetime.now(UTC))


async def test_looking_consumes_nothing(
    customer: httpx.AsyncClient, shop: Shop, path: str, order_id: str
) -> None:
    scanned = await customer.head(path)
    pages = [await customer.get(path) for _ in range(3)]

    assert scanned.status_code == 200
    assert all(is_page(page) and page.status_code == 200 for page in pages)
    assert "Rp350.000" in pages[0].text
    assert pages[0].text.count("<input") == 3
    assert await stored(shop, order_id) is None


async def test_what_the_customer_says_is_kept_and_thanked_for(
    customer: httpx.AsyncClient, shop: Shop, path: str, order_id: str
) -> None:
    sent = await customer.post(path, data=TYPED)
    page = await customer.get(urljoin(path, sent.headers["location"]))

    assert sent.status_code == 303
    assert sent.headers["cache-control"] == "no-store"
    assert urljoin(path, sent.headers["location"]) == f"{path}?lang=id"
    assert "Terima kasih" in page.text
    assert "•••• 7890" in page.text
    for hidden in ("1234567890", "123-456 7890", "Sari"):
        assert hidden not in page.text
    assert "<form" not in page.text
    assert await stored(shop, order_id) == GIVEN
    query = select(audit_events.c.actor).where(
        audit_events.c.order_id == order_id, audit_events.c.event == "bank_details.given"
    )
    async with shop.engine.connect() as connection:
        assert list((await connection.execute(query)).scalars()) == ["customer"]


async def test_what_was_said_first_stands(
    customer: httpx.AsyncClient, shop: Shop, path: str, order_id: str
) -> None:
    await customer.post(path, data=TYPED)

    again = await asyncio.gather(*(customer.post(path, data=OTHER) for _ in range(3)))

    assert {answer.status_code for answer in again} == {303}
    assert await stored(shop, order_id) == GIVEN


async def test_a_double_click_is_kept_once(
    customer: httpx.AsyncClient, shop: Shop, path: str, order_id: str
) -> None:
    clicks = await asyncio.gather(*(customer.post(path, data=TYPED) for _ in range(5)))

    assert {click.status_code for click in clicks} == {303}
    assert await stored(shop, order_id) == GIVEN


@pytest.mark.parametrize("lang", ["id", "en"])
async def test_a_form_with_mistakes_comes_back_as_it_was_typed(
    customer: httpx.AsyncClient, shop: Shop, path: str, order_id: str, lang: str
) -> None:
    typed = {"bank": "", "account_number": "12<b>3", "account_holder": '"><i>Sari'}

    answer = await customer.post(f"{path}?lang={lang}", data=typed)

    assert answer.status_code == 422
    assert is_page(answer)
    assert answer.text.count('aria-invalid="true"') == 2
    assert 'value="12&lt;b&gt;3"' in answer.text
    assert "<i>" not in answer.text
    assert f'lang="{lang}"' in answer.text
    assert await stored(shop, order_id) is None


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"bank=\xff&account_number=12345&account_holder=x",
        b"bank=%FF&account_number=12345&account_holder=x",
        b"bank=a%00b&account_number=12345&account_holder=x",
        b"bank=BCA&account_number=12345&account_holder=x" + 10 * b"&a=b",
        b"bank=BCA&account_number=1234&account_holder=x",
        b"bank=BCA&account_number=12345&account_holder=" + 101 * b"x",
    ],
    ids=["nothing", "no-utf-8", "no-utf-8-escaped", "nul", "many-fields", "short", "long"],
)
async def test_a_form_that_breaks_a_rule_changes_nothing(
    customer: httpx.AsyncClient, shop: Shop, path: str, order_id: str, content: bytes
) -> None:
    answer = await customer.post(path, content=content, headers={"Content-Type": FORM})

    assert answer.status_code == 422
    assert is_page(answer)
    assert await stored(shop, order_id) is None


@pytest.mark.parametrize(
    ("content", "media_type", "status"),
    [
        (b"bank=" + b"x" * BODY_BYTES_MAX, FORM, 413),
        (b'{"bank": "BCA"}', "application/json", 415),
    ],
)
async def test_what_is_no_form_is_answered_by_a_page(
    customer: httpx.AsyncClient, path: str, content: bytes, media_type: str, status: int
) -> None:
    answer = await customer.post(path, content=content, headers={"Content-Type": media_type})

    assert answer.status_code == status
    assert is_page(answer)


@pytest.mark.parametrize("junk", ["A", "%00", "x" * 4000, "%F0%9F%9B%B9", "K-1", UNKNOWN[8:]])
async def test_whatever_is_no_living_link_is_answered_alike(
    customer: httpx.AsyncClient, shop: Shop, path: str, order_id: str, junk: str
) -> None:
    await customer.post(path, data=TYPED)
    forgotten = ForgottenDetails(order_id=order_id, refund_key="K-1", at=datetime.now(UTC))
    await transferred(shop, order_id)
    await shop.store.forget_bank_details(forgotten)

    over, unknown = await customer.get(path), await customer.get(f"/refund/{junk}")
    posted = await customer.post(f"/refund/{junk}", data=TYPED)

    assert over.status_code == unknown.status_code == posted.status_code == 410
    assert is_page(unknown)
    assert over.content == unknown.content == posted.content
    assert over.headers == unknown.headers
    assert "email terbaru" in unknown.text


async def test_once_the_money_is_transferred_the_link_is_over(
    customer: httpx.AsyncClient, shop: Shop, path: str, order_id: str
) -> None:
    await transferred(shop, order_id)

    shown, sent = await customer.get(path), await customer.post(path, data=TYPED)

    assert (shown.status_code, sent.status_code) == (410, 410)
    assert await stored(shop, order_id) is None


async def transferred(shop: Shop, order_id: str) -> None:
    """Two operators have done their part."""
    found = await shop.store.cases()
    case = next(each for each in found if each.order_id == order_id)
    for actor, resolution, reference in (
        ("budi", Resolution.APPROVED, None),
        ("citra", Resolution.TRANSFERRED, "TRX-9"),
    ):
        decision = ResolveCase(
            actor=actor,
            reason="done",
            case_id=case.case_id,
            resolution=resolution,
            reference=reference,
        )
        await shop.operators().resolve_case(order_id, decision)


async def test_a_link_to_pay_is_none_to_be_refunded_by(
    http: httpx.AsyncClient, customer: httpx.AsyncClient, path: str, order_id: str
) -> None:
    payment = (await http.get(f"/v1/payments/{order_id}")).json()
    pay_token = payment["payment_url"].rpartition("/")[2]

    assert (await customer.get(f"/refund/{pay_token}")).status_code == 410
    assert (await customer.get(path.replace("/refund/", "/pay/"))).status_code == 410


async def test_no_log_line_holds_the_token_or_the_account(
    customer: httpx.AsyncClient, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    await customer.get(path)
    await customer.post(path, data={**TYPED, "bank": ""})
    await customer.post(path, data=TYPED)

    ours = [each for each in caplog.records if not each.name.startswith("httpx")]
    said = "\n".join(f"{record.getMessage()} {record.__dict__}" for record in ours)
    assert path.rpartition("/")[2] not in said
    assert "7890" not in said


@pytest.mark.parametrize(
    ("error", "status"), [(ConnectionRefusedError("db.internal"), 503), (RuntimeError("x"), 500)]
)
async def test_what_goes_wrong_here_is_a_page_that_tells_no_secret(
    error: Exception, status: int
) -> None:
    async with await api_over(error) as http:
        shown, sent = await http.get(UNKNOWN), await http.post(UNKNOWN, data=TYPED)

    for answer in (shown, sent):
        assert answer.status_code == status
        assert is_page(answer)
        assert "db.internal" not in answer.text
