"""The main success scenario, through the public doors, on real parts."""

from io import BytesIO

import pytest
from pypdf import PdfReader

from tests.e2e.shop import Shop

pytestmark = pytest.mark.e2e


async def test_a_paid_order_is_invoiced_and_its_receipt_mailed(shop: Shop) -> None:
    payment = await shop.checkout(method="bca_va")
    order_id = payment["order_id"]
    assert payment["status"] == "awaiting_payment"
    assert payment["instructions"]["va_number"]

    await shop.customer(f"{order_id}~1", "pay")
    paid = await shop.payment_when(order_id, status="paid", invoice_number=...)
    mail = await shop.mail(order_id)

    assert paid["paid_with"] == "bca_va"
    assert paid["fulfillable"] is True
    pdf = await shop.get(f"/v1/payments/{order_id}/invoice.pdf")
    assert pdf.headers["content-type"] == "application/pdf"
    text = PdfReader(BytesIO(pdf.content)).pages[0].extract_text()
    assert paid["invoice_number"] in text
    assert "Rp350.000" in text
    [attachment] = list(mail.iter_attachments())
    assert attachment.get_content() == pdf.content
    assert mail["To"].addresses[0].addr_spec == "sari@example.com"


async def test_the_feed_tells_every_change_of_status_in_order(shop: Shop) -> None:
    payment = await shop.checkout()
    order_id = payment["order_id"]
    await shop.customer(f"{order_id}~1", "pay")
    await shop.payment_when(order_id, status="paid")

    assert await shop.feed(order_id) == [
        "payment.preparing",
        "payment.awaiting_payment",
        "payment.paid",
    ]
