import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from adapters.postgres.audit_verdict import verify
from adapters.postgres.bank_details_store import BankDetailsStore
from adapters.postgres.payment_store import PaymentStore
from adapters.postgres.tables import bank_details
from payments.bank_details import BankDetails
from payments.cases import Resolution
from payments.commands import ForgottenDetails
from payments.errors import OrderUnknownError
from payments.progress import Progress
from payments.request import PaymentRequest
from tests.adapters.postgres.rows import (
    audit_details,
    audited,
    cases_of,
    decision_on,
    rows_of,
    transfer_back,
    wanted_of,
)
from tests.payments.samples import after

Paying = Callable[[PaymentRequest], Awaitable[Progress]]
ACCOUNT = BankDetails(bank="BCA", account_number="1234567890", account_holder="Sari Dewi")
OTHER = replace(ACCOUNT, account_number="9999999999")
AT = after(hours=2)


async def token_of(store: PaymentStore, order: PaymentRequest) -> str | None:
    payment = await store.payment(order.order_id)
    assert payment is not None
    return payment.refunds[0].link_token


async def forget(store: PaymentStore, order: PaymentRequest) -> None:
    await store.forget_bank_details(
        ForgottenDetails(order_id=order.order_id, refund_key="r-1", at=after(days=31))
    )


@pytest.fixture
async def token(store: PaymentStore, paid_by_transfer: PaymentRequest) -> str:
    """Opens the page of a manual refund."""
    await store.request_refund(wanted_of(paid_by_transfer, "r-1"))
    token = await token_of(store, paid_by_transfer)
    assert token is not None
    return token


async def test_the_page_shows_what_it_is_about(
    store: PaymentStore, details: BankDetailsStore, paid_by_transfer: PaymentRequest, token: str
) -> None:
    pages = [await details.page(token) for _ in range(3)]

    page = pages[0]
    assert pages == [page] * 3, "looking changes nothing"
    assert page is not None
    assert page.payment == await store.payment(paid_by_transfer.order_id)
    assert (page.refund.refund_key, page.refund.amount) == ("r-1", paid_by_transfer.amount)
    assert (page.given_at, page.given, page.is_open) == (None, None, True)


async def test_a_link_cannot_be_guessed(details: BankDetailsStore, token: str) -> None:
    assert len(token) == len(secrets.token_urlsafe(32))
    for guess in ("", token[:-1], token.swapcase(), secrets.token_urlsafe(32), "é", "x" * 10_000):
        assert await details.page(guess) is None
        assert not await details.give(guess, ACCOUNT, AT)


async def test_an_account_is_given_once_however_many_try_at_once(
    details: BankDetailsStore, engine: AsyncEngine, paid_by_transfer: PaymentRequest, token: str
) -> None:
    wishes = [replace(ACCOUNT, account_number=f"{10_000 + number}") for number in range(10)]

    given = await asyncio.gather(*(details.give(token, wish, AT) for wish in wishes))

    assert given.count(True) == 1
    kept = await details.read(paid_by_transfer.order_id, "r-1", "ani", AT)
    assert kept == wishes[given.index(True)]
    page = await details.page(token)
    assert page is not None
    assert (page.given_at, page.given, page.is_open) == (AT, kept, False)
    assert (await audited(engine, paid_by_transfer.order_id))[-2:] == [
        ("bank_details.given", "customer", "give_bank_details"),
        ("bank_details.read", "ani", "read_bank_details"),
    ]
    assert (await audit_details(engine, paid_by_transfer.order_id))[-1] == {"refund": "r-1"}
    assert (await verify(engine)).broken is None


async def test_reading_what_is_not_there_is_not_audited(
    details: BankDetailsStore, engine: AsyncEngine, paid_by_transfer: PaymentRequest, token: str
) -> None:
    before = await audited(engine, paid_by_transfer.order_id)

    assert await details.read(paid_by_transfer.order_id, "r-1", "ani", AT) is None
    assert await details.read(paid_by_transfer.order_id, "r-9", "ani", AT) is None
    with pytest.raises(OrderUnknownError):
        await details.read("SKT-none", "r-1", "ani", AT)

    assert await audited(engine, paid_by_transfer.order_id) == before


async def test_after_the_transfer_they_are_kept_until_they_are_forgotten(
    store: PaymentStore,
    details: BankDetailsStore,
    engine: AsyncEngine,
    paid_by_transfer: PaymentRequest,
    token: str,
) -> None:
    await details.give(token, ACCOUNT, AT)
    await transfer_back(store, paid_by_transfer, "r-1")
    assert await details.read(paid_by_transfer.order_id, "r-1", "ani", AT) == ACCOUNT
    assert await details.page(token) is not None

    await forget(store, paid_by_transfer)

    (row,) = await rows_of(engine, bank_details, paid_by_transfer.order_id)
    assert (row["sealed_details"], row["sealed_token"], row["token_lookup"]) == (None, None, None)
    assert (row["given_at"], row["deleted_at"]) == (AT, after(days=31))
    assert await details.page(token) is None
    assert await details.read(paid_by_transfer.order_id, "r-1", "ani", AT) is None


async def test_nothing_is_taken_once_the_money_was_transferred(
    store: PaymentStore, details: BankDetailsStore, paid_by_transfer: PaymentRequest, token: str
) -> None:
    await transfer_back(store, paid_by_transfer, "r-1")

    assert not await details.give(token, ACCOUNT, AT)

    page = await details.page(token)
    assert page is not None
    assert not page.is_open


async def test_a_refund_that_is_not_made_after_all_is_forgotten_at_once(
    store: PaymentStore,
    details: BankDetailsStore,
    engine: AsyncEngine,
    paid_by_transfer: PaymentRequest,
    token: str,
) -> None:
    await details.give(token, ACCOUNT, AT)
    (case,) = await cases_of(store, paid_by_transfer.order_id)

    await store.resolve_case(decision_on(case, Resolution.REJECTED))

    (row,) = await rows_of(engine, bank_details, paid_by_transfer.order_id)
    assert (row["sealed_details"], row["sealed_token"]) == (None, None)
    assert await details.page(token) is None
    assert not await details.give(token, OTHER, AT)


async def test_each_manual_refund_has_a_link_of_its_own(
    store: PaymentStore, engine: AsyncEngine, paid_by_transfer: PaymentRequest
) -> None:
    for key in ("r-1", "r-2"):
        await store.request_refund(wanted_of(paid_by_transfer, key, 1_000))

    payment = await store.payment(paid_by_transfer.order_id)
    assert payment is not None
    tokens = {refund.link_token for refund in payment.refunds}
    assert None not in tokens
    assert len(tokens) == 2
    first, second = await rows_of(engine, bank_details, paid_by_transfer.order_id)
    with pytest.raises(IntegrityError, match="uq_bank_details_token_lookup"):
        async with engine.begin() as connection:
            await connection.execute(
                update(bank_details)
                .where(
                    bank_details.c.order_id == paid_by_transfer.order_id,
                    bank_details.c.refund_key == second["refund_key"],
                )
                .values(token_lookup=first["token_lookup"])
            )


async def test_a_refund_by_the_gateway_has_no_link(
    store: PaymentStore, paid_by_gopay: PaymentRequest
) -> None:
    await store.request_refund(wanted_of(paid_by_gopay, "r-1"))

    assert await token_of(store, paid_by_gopay) is None
