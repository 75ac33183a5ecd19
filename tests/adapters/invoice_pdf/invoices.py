"""Documents to draw; also run as a program, to draw them in another process."""

import asyncio
import sys
from datetime import UTC, datetime

from adapters.invoice_pdf.drawer import InvoicePdfDrawer
from payments.credit_note import CreditNote, CreditReason
from payments.invoice import Invoice, Merchant, ppn_in
from payments.methods import PaymentMethod
from payments.money import Currency, Money
from payments.request import Customer, LineItem, Locale

SKATERS = Merchant(
    name="Skaters",
    address=("Jl. Kemang Raya No. 12", "Jakarta Selatan 12730"),
    email="halo@skaters.example",
    phone="+62 21 555 0101",
    website="skaters.example",
    npwp="01.234.567.8-901.000",
    is_pkp=True,
)
PAID_AT = datetime(2026, 11, 23, 7, 5, tzinfo=UTC)
DECK = LineItem("DECK-8", "Skate deck 8.0", 400_000, 1)
DISCOUNT = LineItem("PROMO", "Diskon", -100_000, 1)
SHIPPING = LineItem("SHIP", "Ongkos kirim", 50_000, 1)
TOTAL = Money(350_000, Currency.IDR)

INVOICE = Invoice(
    number="INV-2026-000001",
    order_id="SKT-1001",
    issued_at=PAID_AT,
    paid_at=PAID_AT,
    paid_with=PaymentMethod.BCA_VA,
    locale=Locale.ID,
    merchant=SKATERS,
    customer=Customer("Sari Dewi", "sari@example.com", "+628123456789"),
    items=(DECK, DISCOUNT, SHIPPING),
    total=TOTAL,
    tax=ppn_in(TOTAL, PAID_AT.date()),
)

REFUNDED_AT = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)
PART = Money(111_000, Currency.IDR)
CREDIT_NOTE = CreditNote(
    number="CN-2026-000001",
    invoice_number=INVOICE.number,
    invoice_issued_at=INVOICE.issued_at,
    order_id=INVOICE.order_id,
    refund_key="wheels-back",
    reason=CreditReason.REFUND,
    issued_at=REFUNDED_AT,
    locale=Locale.ID,
    merchant=SKATERS,
    customer=INVOICE.customer,
    amount=PART,
    tax=ppn_in(PART, PAID_AT.date()),
)


async def drawn() -> bytes:
    """Every kind of document, one after the other."""
    drawer = InvoicePdfDrawer()
    return await drawer.draw(INVOICE) + await drawer.draw_credit_note(CREDIT_NOTE)


if __name__ == "__main__":
    sys.stdout.buffer.write(asyncio.run(drawn()))
