"""Settlement files as Midtrans, a spreadsheet or a colleague may have written them."""

import io
import json
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

import pytest

from adapters.midtrans.gateway import MidtransGateway
from adapters.midtrans.settlement_cells import Unread
from adapters.midtrans.settlement_columns import Column, SettlementFileError
from adapters.midtrans.settlement_file import read_settlements
from adapters.midtrans.settlement_mapping import SettlementMapping, read_mapping
from adapters.midtrans.words import METHOD_WORDS
from payments.errors import InvalidRequestError
from payments.gateway import AttemptRef, Charge
from payments.methods import PaymentMethod
from payments.money import Currency, Money
from payments.settlements import ExpectedFee, SettlementRow
from payments.status import AttemptStatus
from tests.adapters.midtrans.simulator_process import SimulatorProcess

ROOT = Path(__file__).parents[3]
ENGLISH = (
    "Order ID,Transaction ID,Payment type,Channel,Currency,Amount,MDR amount,Refund amount,"
    "Net amount,Transaction status,Settlement time"
)
LINE = "SKT-1~1,trx-1,bank_transfer,bca,IDR,350000,4000,0,346000,settlement,2026-11-23 14:00:00"
ROW = SettlementRow(
    line=2,
    gateway_order_id="SKT-1~1",
    transaction_id="trx-1",
    status=AttemptStatus.PAID,
    method=PaymentMethod.BCA_VA,
    amount=Money(350_000, Currency.IDR),
    fee=Money(4000, Currency.IDR),
    refunded=Money(0, Currency.IDR),
    settled_at=datetime(2026, 11, 23, 7, tzinfo=UTC),
)


def read(
    *lines: str, encoding: str = "utf-8", mapping: SettlementMapping | None = None
) -> list[SettlementRow | Unread]:
    content = "\n".join((*lines, "")).encode(encoding)
    return list(read_settlements(io.BytesIO(content), mapping or SettlementMapping()))


def amount_of(*texts: str) -> SettlementRow | Unread:
    """The first that is read of a file whose last amount is the last text."""
    lines = (f'SKT-1~1;"{text}"' for text in texts)
    return read("Order ID;Amount", *lines)[len(texts) - 1]


async def test_the_gateways_own_export_says_what_its_answer_says(
    gateway: MidtransGateway, simulator: SimulatorProcess, charge: Charge, attempt: AttemptRef
) -> None:
    await gateway.open_charge(charge)
    simulator.happen(charge.gateway_order_id, "pay")
    report = await gateway.ask(attempt)

    read_rows = list(read_settlements(io.BytesIO(simulator.settlements()), SettlementMapping()))

    assert report is not None
    assert all(isinstance(each, SettlementRow) for each in read_rows)
    [row] = [
        each
        for each in read_rows
        if isinstance(each, SettlementRow) and each.gateway_order_id == charge.gateway_order_id
    ]
    assert row == SettlementRow(
        line=row.line,
        gateway_order_id=charge.gateway_order_id,
        transaction_id=report.transaction_id,
        status=report.status,
        method=report.method,
        amount=report.amount,
        fee=Money(4000, Currency.IDR),
        refunded=Money(0, Currency.IDR),
        settled_at=report.paid_at,
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    "headers",
    [
        ENGLISH,
        (
            "ID Pesanan,ID Transaksi,Tipe Pembayaran,Kanal,Mata Uang,Jumlah,Biaya MDR,"
            "Jumlah Pengembalian,Bersih,Status Transaksi,Waktu Settlement"
        ),
        (
            "Nomor Pesanan,ID Transaksi,Metode Pembayaran,Channel,Mata Uang,Nominal,Biaya,"
            "Jumlah Pengembalian,Bersih,Status,Waktu Penyelesaian"
        ),
        (
            "order_id,TRANSACTION ID, Payment  Type ,channel,currency,Gross Amount (IDR),mdr,"
            "refund_amount,net,status,settlement_time"
        ),
        (
            "OrderID,TransactionID,PaymentType,Channel,Currency,Amount,Fee,RefundAmount,"
            "Net,TransactionStatus,SettlementTime"
        ),
    ],
)
def test_headers_are_known_in_both_languages_behind_every_delimiter(
    headers: str, delimiter: str
) -> None:
    lines = (line.replace(",", delimiter) for line in (headers, LINE))

    assert read(*lines) == [ROW]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "latin-1"]
)
def test_every_usual_encoding_is_read(encoding: str) -> None:
    lines = (f"Catatan,{ENGLISH}", f"café,{LINE}")

    assert read(*lines, encoding=encoding) == [ROW]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10000", 10_000),
        ("10000.00", 10_000),
        ("10000,0", 10_000),
        ("10.000", 10_000),
        ("10,000", 10_000),
        ("10,000.00", 10_000),
        ("10.000,00", 10_000),
        ("1.250.000", 1_250_000),
        ("1,250,000.00", 1_250_000),
        ("Rp10.000", 10_000),
        ("Rp 10.000,00", 10_000),
        ("Rp. 10.000", 10_000),
        ("rp\N{NO-BREAK SPACE}10.000", 10_000),
        ("IDR 10000", 10_000),
        ("10000 IDR", 10_000),
        ("0", 0),
        ("-10.000", -10_000),
        ("-Rp10.000", -10_000),
        ("Rp -10.000", -10_000),
        ("(10.000)", -10_000),
        ("(Rp10.000,00)", -10_000),
    ],
)
def test_amounts_are_read_exactly_however_they_are_written(text: str, value: int) -> None:
    row = amount_of(text)

    assert isinstance(row, SettlementRow)
    assert row.amount == Money(value, Currency.IDR)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("10000.50", "'10000.50' is finer than a rupiah"),
        ("10.000,01", "'10.000,01' is finer than a rupiah"),
        ("10000.000", "'10000.000' can be read in more than one way, or in none"),
        ("0.500", "'0.500' can be read in more than one way, or in none"),
        ("1.000,000", "'1.000,000' can be read in more than one way, or in none"),
        ("1.000.00", "'1.000.00' can be read in more than one way, or in none"),
        ("1E+05", "'1E+05' is not an amount"),
        ("USD 100", "'USD 100' is not an amount"),
        ("--5", "'--5' is not an amount"),
        ("(-5)", "'(-5)' is not an amount"),
        ("- Rp -5", "'- Rp -5' is not an amount"),
        ("gratis", "'gratis' is not an amount"),
    ],
)
def test_an_amount_that_is_not_plain_is_refused_with_its_line_and_column(
    text: str, says: str
) -> None:
    assert amount_of(text) == Unread(line=2, column=Column.AMOUNT, text=says)


@pytest.mark.parametrize(("first", "then"), [("10000.00", "10.500"), ("10.500", "10000.00")])
def test_a_mark_between_thousands_cannot_also_begin_decimals(first: str, then: str) -> None:
    says = f"{then!r} is ambiguous: elsewhere in the file "

    unread = amount_of(first, then)

    assert isinstance(unread, Unread)
    assert (unread.line, unread.column) == (3, Column.AMOUNT)
    assert unread.text.startswith(says)


@pytest.mark.parametrize(
    ("header", "text", "column", "says"),
    [
        ("Status", "lunas", Column.STATUS, "'lunas' is no status that we know"),
        ("Payment type", "paypal", Column.PAYMENT_TYPE, "'paypal' '' is no method that we know"),
        ("Settlement time", "kemarin", Column.SETTLED_AT, "'kemarin' is not a time"),
        ("Settlement time", "11/23/2026", Column.SETTLED_AT, "'11/23/2026' is not a time"),
        ("MDR", "1,5", Column.FEE, "'1,5' is finer than a rupiah"),
        ("Refund amount", "x", Column.REFUNDED, "'x' is not an amount"),
    ],
)
def test_what_is_not_known_is_told_and_the_rest_of_the_row_is_read(
    header: str, text: str, column: Column, says: str
) -> None:
    found = read(f"Order ID;{header}", f"SKT-1~1;{text}")

    assert found == [
        Unread(line=2, column=column, text=says),
        SettlementRow(line=2, gateway_order_id="SKT-1~1"),
    ]


def test_amounts_of_a_currency_that_is_not_ours_are_told() -> None:
    told, row = read("Order ID,Amount,Currency", "SKT-1~1,100,USD")

    assert told == Unread(line=2, column=Column.AMOUNT, text="an amount in 'USD'")
    assert row == SettlementRow(line=2, gateway_order_id="SKT-1~1")


@pytest.mark.parametrize("sign", ["20000", "-20000", "(20000)"])
def test_what_was_given_back_may_be_written_as_less_than_nothing(sign: str) -> None:
    (row,) = read("Order ID,Refund amount", f"SKT-1~1,{sign}")

    assert isinstance(row, SettlementRow)
    assert row.refunded == Money(20_000, Currency.IDR)


@pytest.mark.parametrize("method", sorted(set(PaymentMethod) - {PaymentMethod.ANY}))
def test_a_method_is_known_by_midtrans_words_and_by_its_name(method: PaymentMethod) -> None:
    words = METHOD_WORDS[method]

    rows = read(
        "Order ID,Payment type,Channel",
        f"SKT-1~1,{words.payment_type},{words.variant or method}",
        f"SKT-2~1,{method.value.replace('_', ' ').upper()},",
    )

    assert [row.method for row in rows if isinstance(row, SettlementRow)] == [method, method]


def test_a_type_without_its_bank_leaves_the_method_open() -> None:
    assert read("Order ID,Payment type", "SKT-1~1,bank_transfer") == [
        SettlementRow(line=2, gateway_order_id="SKT-1~1")
    ]


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-23 14:00:00", "2026-11-23 14:00", "2026-11-23T07:00:00Z"),
        *("2026-11-23T14:00:00+07:00", "23/11/2026 14:00:00", "23/11/2026 14:00"),
        *("23-11-2026 14:00:00", "23-11-2026 14:00"),
    ],
)
def test_a_time_without_an_offset_is_jakartas_with_the_day_first(text: str) -> None:
    (row,) = read("Order ID,Settlement time", f"SKT-1~1,{text}")

    assert isinstance(row, SettlementRow)
    assert row.settled_at == ROW.settled_at


@pytest.mark.parametrize("text", ["2026-11-23", "20261123", "23/11/2026", "23-11-2026"])
def test_a_day_without_a_time_is_known_as_one(text: str) -> None:
    (row,) = read("Order ID,Settlement time", f"SKT-1~1,{text}")

    assert isinstance(row, SettlementRow)
    assert row.settled_at == datetime(2026, 11, 22, 17, tzinfo=UTC)
    assert (row.has_time, ROW.has_time) == (False, True)


@pytest.mark.parametrize("text", ["4000", "-4000", "(4.000)", "-Rp4.000"])
def test_a_fee_is_read_with_or_without_a_sign(text: str) -> None:
    (row,) = read("Order ID;Fee", f"SKT-1~1;{text}")

    assert isinstance(row, SettlementRow)
    assert row.fee == Money(4000, Currency.IDR)


def test_only_the_order_id_is_needed_and_other_columns_are_ignored() -> None:
    assert read("Customer,Order ID,Promo", "Sari,SKT-1~1,x") == [
        SettlementRow(line=2, gateway_order_id="SKT-1~1")
    ]


def test_a_file_without_order_ids_is_refused_with_the_headers_it_has() -> None:
    says = "order_id: no header for it, but the file has: Pesanan, Amount$"

    with pytest.raises(SettlementFileError, match=says):
        read("Pesanan,Amount", "SKT-1~1,1")


@pytest.mark.parametrize("content", [b"", b"\n\n", b"PK\x03\x04xlsx", b"7z\xbc\xaf\x27\x1c"])
def test_what_is_no_table_is_refused(content: bytes) -> None:
    with pytest.raises(SettlementFileError):
        read_settlements(io.BytesIO(content), SettlementMapping())


def test_the_same_header_twice_is_refused() -> None:
    with pytest.raises(SettlementFileError, match="amount: 2 columns are called 'Amount'"):
        read("Order ID,Amount,amount", "SKT-1~1,1,2")


def test_a_broken_quote_is_refused_with_its_line() -> None:
    with pytest.raises(SettlementFileError, match="line 3 is no CSV"):
        read("Order ID,Amount", "SKT-1~1,1", 'SKT-2~1,"1"2')


def test_a_text_that_breaks_off_is_refused() -> None:
    content = "Order ID\nSKT-1~1\n".encode("utf-16")[:-1]

    with pytest.raises(SettlementFileError, match="breaks off"):
        list(read_settlements(io.BytesIO(content), SettlementMapping()))


def test_a_title_blank_lines_and_totals_are_passed_over() -> None:
    found = read(
        "Laporan Transaksi", "", ENGLISH, "", LINE, ",,,", "TOTAL,,,,,350000", ",,,,,350000"
    )

    assert [each.line for each in found] == [5, 7, 8]
    assert isinstance(found[0], SettlementRow)
    assert found[1:] == [
        Unread(
            line=line, column=Column.ORDER_ID, text="no order id", is_skipped=True, is_harmless=True
        )
        for line in (7, 8)
    ]


def test_a_transaction_without_an_order_id_is_not_harmless() -> None:
    (unread,) = read("Order ID,Transaction ID", ",trx-1")

    assert isinstance(unread, Unread)
    assert (unread.is_skipped, unread.is_harmless) == (True, False)


@pytest.mark.parametrize("text", ["SKT-1\x00", "S" * 101])
def test_an_id_that_no_gateway_writes_is_skipped(text: str) -> None:
    for line in (f"{text},trx-1", f"SKT-1~1,{text}"):
        (unread,) = read("Order ID,Transaction ID", line)

        assert isinstance(unread, Unread)
        assert unread.is_skipped


def test_a_line_whose_cells_are_shifted_is_not_read_as_if_they_were_not() -> None:
    (unread,) = read("Order ID,Amount,Status", "SKT-1~1,10,000,settlement")

    assert unread == Unread(
        line=2,
        column=None,
        text="4 cells under 3 headers",
        gateway_order_id="SKT-1~1",
        is_skipped=True,
    )


def test_the_file_is_read_line_by_line() -> None:
    class Counting(io.BytesIO):
        size = 0

        def read1(self, size: int | None = -1, /) -> bytes:
            chunk = super().read1(size)
            self.size += len(chunk)
            return chunk

    content = "\n".join((ENGLISH, *[LINE] * 20_000)).encode()
    file = Counting(content)

    rows = read_settlements(file, SettlementMapping())
    next(rows)

    assert 0 < file.size < len(content) / 10


def test_a_mapping_names_columns_and_fees() -> None:
    document = {
        "columns": {"order_id": "Referensi", "fee": "Potongan"},
        "fees": {"qris": {"percent": "0.7"}, "bca_va": {"flat": 4000}},
    }
    mapping = read_mapping(json.dumps(document))

    (row,) = read("REFERENSI,MDR,Potongan", "SKT-1~1,1,70", mapping=mapping)

    assert isinstance(row, SettlementRow)
    assert (row.gateway_order_id, row.fee) == ("SKT-1~1", Money(70, Currency.IDR))
    assert mapping.fees.fees == {
        PaymentMethod.QRIS: ExpectedFee(Fraction(7, 10)),
        PaymentMethod.BCA_VA: ExpectedFee(flat=4000),
    }


def test_a_header_that_the_mapping_names_must_be_there() -> None:
    mapping = read_mapping('{"columns": {"fee": "Potongan"}}')

    with pytest.raises(SettlementFileError, match="fee: the mapping names the header 'Potongan'"):
        read(ENGLISH, LINE, mapping=mapping)


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ("{", "mapping"),
        ("[]", "mapping"),
        ('{"colums": {}}', "mapping.colums"),
        ('{"columns": {"order": "x"}}', "mapping.columns.order"),
        ('{"columns": {"order_id": ""}}', "mapping.columns.order_id"),
        ('{"fees": {"paypal": {}}}', "mapping.fees.paypal"),
        ('{"fees": {"qris": {"percent": 0.7}}}', "mapping.fees.qris.percent"),
        ('{"fees": {"qris": {"percent": "0,7"}}}', "mapping.fees.qris.percent"),
        ('{"fees": {"qris": {"flat": -1}}}', "mapping.fees.qris.flat"),
        ('{"tolerance": "1"}', "mapping.tolerance"),
    ],
)
def test_a_mistake_in_the_mapping_names_its_field(document: str, field: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        read_mapping(document)

    assert [problem.field for problem in refused.value.problems] == [field]


def test_the_example_of_a_mapping_is_one() -> None:
    mapping = read_mapping((ROOT / "examples/settlement-mapping.json").read_bytes())

    assert mapping.fees.fees[PaymentMethod.QRIS] == ExpectedFee(Fraction(7, 10))
