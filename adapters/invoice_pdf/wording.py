"""The words printed on invoices and credit notes, in both languages."""

from dataclasses import dataclass

from payments.request import Locale


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    # Never "Faktur Pajak": that is the tax office's own document, made in its own system.
    title: str
    issued: str
    order: str
    buyer: str
    item: str
    quantity: str
    unit_price: str
    line_total: str
    total: str
    paid: str
    tax_base: str
    tax_included: str
    contact: str


WORDING = {
    Locale.ID: Wording(
        title="Faktur",
        issued="Tanggal terbit",
        order="Nomor pesanan",
        buyer="Pembeli",
        item="Barang",
        quantity="Jumlah",
        unit_price="Harga satuan",
        line_total="Total harga",
        total="Total",
        paid="LUNAS",
        tax_base="Dasar pengenaan pajak (DPP)",
        tax_included="Harga termasuk PPN",
        contact="Ada pertanyaan tentang faktur ini? Hubungi",
    ),
    Locale.EN: Wording(
        title="Invoice",
        issued="Issue date",
        order="Order number",
        buyer="Bill to",
        item="Item",
        quantity="Quantity",
        unit_price="Unit price",
        line_total="Amount",
        total="Total",
        paid="PAID",
        tax_base="Tax base (DPP)",
        tax_included="Prices include VAT (PPN)",
        contact="Questions about this invoice? Contact",
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditWording:
    """What a credit note says differently; `refund` is filled with the refund's key."""

    title: str
    invoice: str
    invoice_issued: str
    reason: str
    refund: str
    reversal: str
    total: str
    contact: str


CREDIT_WORDING = {
    Locale.ID: CreditWording(
        title="Nota Kredit",
        invoice="Mengurangi faktur",
        invoice_issued="Tanggal faktur",
        reason="Alasan",
        refund="Pengembalian dana {refund_key}",
        reversal="Pembayaran ditarik kembali oleh bank",
        total="Jumlah dikreditkan",
        contact="Ada pertanyaan tentang nota kredit ini? Hubungi",
    ),
    Locale.EN: CreditWording(
        title="Credit note",
        invoice="Reduces invoice",
        invoice_issued="Invoice date",
        reason="Reason",
        refund="Refund {refund_key}",
        reversal="The payment was taken back by the bank",
        total="Amount credited",
        contact="Questions about this credit note? Contact",
    ),
}
