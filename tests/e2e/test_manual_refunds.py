"""Money that no gateway gives back: the customer names an account, two operators transfer it."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from payments.cases import Resolution
from tests.e2e.evidence import Shown, expect
from tests.e2e.letters import alerted, document_in, link_in, mail_about
from tests.e2e.operators import decide, open_case, shown
from tests.e2e.refunds import ask_back, credit_note, paid, refund_when
from tests.e2e.shop import OpenCase, Shop
from tests.e2e.skipping import TimeMachine, time_machine
from workflows.messages import ResolveCase

pytestmark = pytest.mark.e2e

TYPED = {"bank": "BCA", "account_number": "123-456 7890", "account_holder": "Sari Dewi"}
GIVEN = {**TYPED, "account_number": "1234567890"}
TO_TRANSFER = Shown(
    status="paid",
    told="We have received your payment",
    audit=("order.paid", "refund.manual", "case.manual_refund"),
    gateway=("1 settlement",),
    mails=("receipt", "bank_details"),
    alerts=("manual_refund",),
    attention="manual_refund",
)
KEPT = timedelta(days=2)


async def to_transfer(shop: Shop) -> tuple[str, OpenCase]:
    """An order paid by virtual account, all of which is to go back, and its case."""
    order_id = await paid(shop, method="bca_va")
    answer = await ask_back(shop, order_id)
    assert (answer.status_code, answer.json()["status"]) == (202, "manual")
    return order_id, await open_case(shop, order_id, "manual_refund")


async def refund_link(shop: Shop, order_id: str) -> str:
    """The one-time link of the mail that asks for an account."""
    return link_in(await mail_about(shop, order_id, "sampaikan rekening"), "/refund/")


async def test_two_operators_transfer_to_the_account_that_the_customer_names(shop: Shop) -> None:
    order_id, case = await to_transfer(shop)
    await expect(shop, order_id, TO_TRANSFER)
    link = await refund_link(shop, order_id)

    thanks = await shop.http.post(link, data=TYPED, follow_redirects=True)
    seen = await shown(shop, case)
    approved = await decide(shop, case, "approved", operator="ani")
    alone = await decide(shop, case, "transferred", "--reference", "TRX-9", operator="ani")
    transferred = await decide(shop, case, "transferred", "--reference", "TRX-9", operator="budi")

    assert (thanks.status_code, "Terima kasih" in thanks.text) == (200, True)
    assert seen["bank_details"] == GIVEN
    assert seen["amount"] == {"value": 350_000, "currency": "IDR"}
    assert (approved.exit_code, alone.exit_code) == (0, 1)
    assert "must be somebody else than cli:ani" in alone.err
    assert transferred.exit_code == 0, transferred.err
    refunded = await expect(
        shop,
        order_id,
        replace(
            TO_TRANSFER,
            status="refunded",
            told="We have returned your money, Rp350.000",
            audit=(
                *TO_TRANSFER.audit,
                *("bank_details.given", "bank_details.read", "refund.approved"),
                *("case.transferred", "refund.confirmed", "credit_note.issued"),
            ),
            mails=("receipt", "bank_details", "refund"),
            attention=None,
        ),
    )
    [refund] = refunded["refunds"]
    note = document_in((await shop.mails(order_id))[-1])
    assert (refund["status"], refund["credit_note_number"]) == ("confirmed", note.number)
    assert (await credit_note(shop, order_id, note.number)).content == note.pdf
    assert (await shop.http.get(link)).status_code == 410


async def test_whoever_asks_for_a_transfer_does_not_approve_it_and_another_may_reject_it(
    shop: Shop,
) -> None:
    order_id = await paid(shop)
    asked = await shop.command(
        *("refund", order_id, "--by-transfer", "--key", "wheel", "--amount", "50000"),
        *("--reason", "the e-wallet is closed"),
        operator="ani",
    )
    case = await open_case(shop, order_id, "manual_refund")
    await alerted(shop, order_id, "manual_refund")
    link = await refund_link(shop, order_id)

    alone = await decide(shop, case, "approved", operator="ani")
    rejected = await decide(shop, case, "rejected", operator="budi")

    assert (asked.exit_code, alone.exit_code) == (0, 1)
    assert "must be somebody else than cli:ani" in alone.err
    assert rejected.exit_code == 0, rejected.err
    kept = await expect(
        shop,
        order_id,
        replace(
            TO_TRANSFER,
            audit=(*TO_TRANSFER.audit, "case.rejected", "refund.refused"),
            attention=None,
        ),
    )
    assert [each["status"] for each in kept["refunds"]] == ["refused"]
    assert kept["refunded_amount"]["value"] == 0
    assert (await shop.http.get(link)).status_code == 410


@pytest.fixture
async def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TimeMachine]:
    monkeypatch.setenv("PAYMENTS_BANK_DETAILS_DAYS", str(KEPT.days))
    async with time_machine(tmp_path) as machine:
        yield machine


async def test_some_days_after_the_transfer_the_bank_details_are_deleted(
    machine: TimeMachine,
) -> None:
    shop = machine.shop
    with machine.temporal.with_time_skipping_disabled():
        order_id, case = await to_transfer(shop)
        await shop.http.post(await refund_link(shop, order_id), data=TYPED)
        for actor, resolution, reference in (
            ("budi", Resolution.APPROVED, None),
            ("citra", Resolution.TRANSFERRED, "TRX-9"),
        ):
            decision = ResolveCase(
                actor=actor,
                reason="done",
                case_id=int(case.case_id),
                resolution=resolution,
                reference=reference,
            )
            await shop.run(order_id).execute_update("resolve_case", decision)
        await refund_when(shop, order_id, "confirmed")

    await machine.pass_run_time(order_id, KEPT - timedelta(minutes=1))
    assert (await shown(shop, case))["bank_details"] == GIVEN
    await machine.pass_run_time(order_id, timedelta(minutes=1))

    assert await shop.run(order_id).result() == "refunded"
    assert (await shown(shop, case))["bank_details"] is None
    assert (await shop.audit(order_id))[-1] == "bank_details.deleted"
    assert (await shop.audit_verdict()).broken is None
