"""What finance takes out: complete, exact, harmless to a spreadsheet, and written down."""

import csv
import hashlib
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from adapters.postgres.audit_verdict import verify
from adapters.postgres.finance_store import ExportRow
from adapters.postgres.reconciliation_tables import finance_exports
from payments.invoice import WIB
from payments.methods import PaymentMethod
from starter.finance import FinanceExport
from tests.payments.samples import NOW
from tests.starter.books import Books, rupiah
from tests.starter.terminal import invoke

HEADER = "order,transaction id,paid at,method,gross,fee,net,tax,refunded\n"
ROW = ExportRow(
    order_id="SKT-1",
    transaction_id="trx-1",
    paid_at=NOW,
    method=PaymentMethod.QRIS,
    gross=rupiah(350_000),
    fee=None,
    net=None,
    tax=None,
    refunded=rupiah(0),
)
DAY = ("--from", "2026-11-23", "--to", "2026-11-23")


class Rows:
    """Rows in memory, and what was noted of an export."""

    def __init__(self, *rows: ExportRow) -> None:
        self._rows = rows
        self.noted: list[tuple[object, ...]] = []

    async def rows(self, start: datetime, end: datetime) -> AsyncIterator[ExportRow]:
        for row in self._rows:
            yield row

    async def note_export(
        self, actor: str, start: datetime, end: datetime, rows: int, digest: bytes, at: datetime
    ) -> None:
        self.noted.append((actor, start, end, rows, digest, at))


@pytest.mark.postgres
@pytest.mark.temporal
async def test_every_rupiah_of_the_days_is_exported(books: Books, tmp_path: Path) -> None:
    row = await books.paid("SKT-1", 1)
    await books.paid("SKT-2", 2)
    await books.paid("SKT-3", timedelta(days=1) / timedelta(minutes=1))
    await books.reconcile(row)
    file = tmp_path / "finance.csv"

    result = await books.starter("finance", "export", *DAY, "--output", str(file))

    assert result.exit_code == 0, result.stderr
    assert "2 transactions of 2026-11-23 to 2026-11-23" in result.stderr
    assert file.read_text() == (
        f"{HEADER}"
        "SKT-1,trx-SKT-1,2026-11-23T14:01:00+07:00,bca_va,350000,4000,346000,,0\n"
        "SKT-2,trx-SKT-2,2026-11-23T14:02:00+07:00,bca_va,350000,,,,0\n"
    )


@pytest.mark.postgres
@pytest.mark.temporal
async def test_an_export_is_written_down_with_the_digest_of_the_file(books: Books) -> None:
    await books.paid("SKT-1")

    result = await books.starter("finance", "export", *DAY)

    async with books.engine.connect() as connection:
        [noted] = (await connection.execute(select(finance_exports))).all()
    verdict = await verify(books.engine, books.sealer)
    assert result.exit_code == 0, result.stderr
    assert noted.actor.startswith("cli:")
    assert noted.rows == 1
    assert noted.exported_from == datetime(2026, 11, 23, tzinfo=WIB)
    assert noted.exported_to == datetime(2026, 11, 24, tzinfo=WIB)
    assert noted.digest == hashlib.sha256(result.stdout_bytes).digest()
    assert (verdict.log_entries, verdict.is_sound) == (1, True)


@pytest.mark.postgres
@pytest.mark.temporal
async def test_days_are_jakartas_and_the_last_is_included(books: Books) -> None:
    midnight = datetime(2026, 11, 24, tzinfo=WIB)
    for order_id, paid_at in (
        ("SKT-1", midnight - timedelta(seconds=1)),
        ("SKT-2", midnight),
        ("SKT-3", midnight + timedelta(days=1, seconds=-1)),
        ("SKT-4", midnight + timedelta(days=1)),
    ):
        await books.paid(order_id, paid_at=paid_at)

    result = await books.starter("finance", "export", "--from", "2026-11-24", "--to", "2026-11-24")

    lines = csv.DictReader(result.stdout.splitlines())
    assert [line["order"] for line in lines] == ["SKT-2", "SKT-3"]


async def test_nothing_in_a_cell_is_taken_for_a_formula() -> None:
    written = bytearray()
    rows = Rows(
        ExportRow(
            order_id="SKT-1",
            transaction_id="=HYPERLINK(1)",
            paid_at=NOW,
            method=PaymentMethod.QRIS,
            gross=rupiah(350_000),
            fee=rupiah(351_000),
            net=rupiah(-1000),
            tax=rupiah(34_685),
            refunded=rupiah(0),
        )
    )

    await FinanceExport(rows, lambda: NOW).write(
        "ani", date(2026, 11, 23), date(2026, 11, 23), written.extend
    )

    assert written.decode() == (
        f"{HEADER}SKT-1,'=HYPERLINK(1),2026-11-23T14:00:00+07:00,qris,350000,351000,-1000,34685,0\n"
    )


async def test_a_long_export_is_handed_out_in_parts() -> None:
    parts: list[bytes] = []
    rows = Rows(*[ROW] * 4000)

    count = await FinanceExport(rows, lambda: NOW).write(
        "ani", date(2026, 11, 23), date(2026, 11, 23), parts.append
    )

    [noted] = rows.noted
    assert count == 4000
    assert len(parts) > 2
    assert max(map(len, parts)) <= 65_536
    assert noted[3:5] == (4000, hashlib.sha256(b"".join(parts)).digest())


async def test_nothing_is_handed_out_before_it_is_noted() -> None:
    rows = Rows(ROW)
    noted_before: list[int] = []

    def broken(_: bytes) -> None:
        noted_before.append(len(rows.noted))
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        await FinanceExport(rows, lambda: NOW).write(
            "ani", date(2026, 11, 23), date(2026, 11, 23), broken
        )

    assert noted_before == [1]


@pytest.mark.parametrize(
    ("first", "last", "says"),
    [
        ("yesterday", "2026-11-23", "from: a day such as 2026-11-23"),
        ("2026-11-23", "2026-02-30", "to: a day such as 2026-11-23"),
        ("2026-11-23", "2026-11-22", "to: must not be before from"),
    ],
)
async def test_days_that_are_none_are_refused(first: str, last: str, says: str) -> None:
    result = await invoke("finance", "export", "--from", first, "--to", last)

    assert result.exit_code == 1
    assert result.stderr == f"error: {says}\n"


@pytest.mark.postgres
@pytest.mark.temporal
async def test_a_file_that_cannot_be_written_is_one_line_and_no_export(books: Books) -> None:
    result = await books.starter("finance", "export", *DAY, "--output", "nowhere/x.csv")

    async with books.engine.connect() as connection:
        noted = (await connection.execute(select(finance_exports))).all()
    assert result.exit_code == 1
    assert result.stderr == "error: cannot write nowhere/x.csv: No such file or directory\n"
    assert noted == []
