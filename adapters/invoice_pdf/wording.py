"""The words printed on an invoice, in both languages."""

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
