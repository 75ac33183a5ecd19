"""The bank takes a settled payment back: the order is not paid any more, and may be paid again."""

from functools import partial

import pytest

from tests.e2e.browser import open_page
from tests.e2e.evidence import Shown, expect
from tests.e2e.letters import alerted, document_in, link_in, mail_about
from tests.e2e.operators import decide, open_case, shown
from tests.e2e.refunds import ask_back, credit_note, paid
from tests.e2e.shop import Shop, until

pytestmark = pytest.mark.e2e

TOLD = "The bank has taken your payment back"
REVERSED = Shown(
    status="reversed",
    told=TOLD,
    audit=("order.paid", "order.reversed", "invoice.cancelled"),
    gateway=("1 deny",),
    mails=("receipt", "reversal"),
    alerts=("settlement_reversed",),
)


async def receipted(shop: Shop, method: str) -> str:
    """An order whose customer has paid, and been told so."""
    order_id = await paid(shop, method=method)
    await shop.mail(order_id)
    return order_id


async def test_a_reversed_payment_cancels_the_invoice_and_another_method_gets_a_new_one(
    shop: Shop,
) -> None:
    order_id = await receipted(shop, "permata_va")
    before = await shop.payment(order_id)

    await shop.customer(f"{order_id}~1", "reverse")

    unpaid = await expect(shop, order_id, REVERSED)
    assert (unpaid["invoice_number"], unpaid["paid_at"]) == (None, None)
    assert "gopay" in unpaid["methods"]
    receipt, reversal = await shop.mails(order_id)
    note = document_in(reversal)
    assert document_in(receipt).number == before["invoice_number"]
    assert note.number.startswith("CN-")
    assert (await credit_note(shop, order_id, note.number)).content == note.pdf
    await (await open_page(shop.http, link_in(reversal, "/pay/"))).choose("qris")
    await shop.payment_when(order_id, status="awaiting_payment", attempt=2)
    await shop.customer(f"{order_id}~2", "pay")
    again = await expect(
        shop,
        order_id,
        Shown(
            status="paid",
            told="We have received your payment",
            audit=("order.paid", "order.reversed", "order.paid"),
            gateway=("1 deny", "2 settlement"),
            mails=("receipt", "reversal", "receipt"),
            alerts=("settlement_reversed",),
        ),
    )
    *_, receipt = await shop.mails(order_id)
    assert again["invoice_number"] not in {None, before["invoice_number"]}
    assert document_in(receipt).number == again["invoice_number"]
    assert again["paid_with"] == "qris"
    assert (await shop.get(f"/v1/payments/{order_id}/invoice.pdf")).is_success


@pytest.mark.parametrize("method", ["mandiri_bill", "indomaret"])
async def test_goods_are_held_back_while_the_bank_may_still_take_the_money_back(
    shop: Shop, method: str
) -> None:
    order_id = await receipted(shop, method)

    held = await shop.payment(order_id)
    await shop.customer(f"{order_id}~1", "reverse")

    assert held["fulfillable"] is False
    assert held["fulfil_after"] > held["paid_at"]
    unpaid = await expect(shop, order_id, REVERSED)
    assert (unpaid["fulfillable"], unpaid["fulfil_after"]) == (False, None)


async def test_a_reversal_that_follows_the_payment_at_once_leaves_no_invoice_behind(
    shop: Shop,
) -> None:
    orders = [(await shop.checkout(method="permata_va"))["order_id"] for _ in range(3)]

    for order_id in orders:
        await shop.customer(f"{order_id}~1", "pay")
        await shop.customer(f"{order_id}~1", "reverse")

    for order_id in orders:
        await until(partial(is_left_unpaid, shop, order_id))
        unpaid = await shop.payment(order_id)
        assert (unpaid["fulfillable"], unpaid["attention"]) == (False, None)
        assert "gopay" in unpaid["methods"]


async def is_left_unpaid(shop: Shop, order_id: str) -> bool | None:
    """Whether the customer was told so, and every invoice that was issued is cancelled."""
    status = (await shop.payment(order_id))["status"]
    # Whoever asks only after the reversal hears of a denial, and of no payment before.
    word = {"reversed": "ditarik kembali", "failed": "tidak berhasil"}.get(status)
    audit = await shop.audit(order_id)
    mails = [str(mail["Subject"]) for mail in await shop.mails(order_id)]
    assert audit.count("mail.sent") <= len(mails)
    is_even = audit.count("invoice.issued") == audit.count("invoice.cancelled")
    return (word is not None and any(word in each for each in mails) and is_even) or None


async def test_a_reversal_ends_a_manual_refund_that_nobody_has_transferred_yet(
    shop: Shop,
) -> None:
    order_id = await receipted(shop, "permata_va")
    await ask_back(shop, order_id)
    case = await open_case(shop, order_id, "manual_refund")
    await decide(shop, case, "approved", operator="budi")
    asking = await mail_about(shop, order_id, "sampaikan rekening")
    await alerted(shop, order_id, "manual_refund")

    await shop.customer(f"{order_id}~1", "reverse")

    unpaid = await expect(
        shop,
        order_id,
        Shown(
            status="reversed",
            told=TOLD,
            audit=(
                *("order.paid", "case.manual_refund", "refund.approved", "refund.refused"),
                *("case.superseded", "order.reversed"),
            ),
            gateway=("1 deny",),
            mails=("receipt", "bank_details", "reversal"),
            alerts=("manual_refund", "settlement_reversed"),
        ),
    )
    assert [each["status"] for each in unpaid["refunds"]] == ["refused"]
    over = await open_page(shop.http, link_in(asking, "/refund/"))
    assert over.status == 410


async def test_a_transfer_made_just_before_the_reversal_was_heard_of_is_booked_and_a_case(
    shop: Shop,
) -> None:
    order_id = await receipted(shop, "permata_va")
    await ask_back(shop, order_id)
    case = await open_case(shop, order_id, "manual_refund")
    approved = await decide(shop, case, "approved", operator="budi")
    assert approved.exit_code == 0, approved.err
    await shop.customer(f"{order_id}~1", "reverse")
    await shop.payment_when(order_id, status="reversed")

    booked = await decide(shop, case, "transferred", "--reference", "TRX-9", operator="citra")

    assert booked.exit_code == 0, booked.err
    payment = await shop.payment_when(order_id, status="reversed", attention="contradiction")
    assert [each["status"] for each in payment["refunds"]] == ["confirmed"]


async def test_a_reversal_after_the_money_was_transferred_back_is_a_case(shop: Shop) -> None:
    order_id = await receipted(shop, "permata_va")
    await ask_back(shop, order_id)
    case = await open_case(shop, order_id, "manual_refund")
    await decide(shop, case, "approved", operator="budi")
    await decide(shop, case, "transferred", "--reference", "TRX-9", operator="citra")
    await shop.payment_when(order_id, status="refunded")

    await shop.customer(f"{order_id}~1", "reverse")

    await shop.payment_when(order_id, status="reversed", attention="contradiction")
    await alerted(shop, order_id, "manual_refund", "settlement_reversed", "contradiction")
    lost = await shown(shop, await open_case(shop, order_id, "contradiction"))
    assert lost["amount"] == {"value": 350_000, "currency": "IDR"}
    assert len(await shop.cases(order_id)) == 1
