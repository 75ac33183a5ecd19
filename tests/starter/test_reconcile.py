"""Reconciliation from the command line, on PostgreSQL and Temporal."""

import csv
import hashlib
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from adapters.postgres.reconciliation_tables import finance_exports
from tests.payments.samples import after
from tests.starter.books import CARD, HEADER, Books, row_of

pytestmark = [pytest.mark.postgres, pytest.mark.temporal]


async def test_a_file_that_says_what_we_hold_has_no_differences(books: Books) -> None:
    rows = [await books.paid(f"SKT-{n}", n) for n in range(1, 6)]

    summary = await books.reconcile(*rows)

    assert summary["exit_code"] == 0
    assert (summary["checked"], summary["found"], summary["unread"]) == (5, {}, 0)
    assert summary["captured"] == {"bca_va": 5 * 350_000}
    assert summary["fees"] == {"bca_va": 5 * 4000}
    assert await books.differences() == []


@pytest.mark.parametrize(
    ("changed", "kind", "ours", "theirs"),
    [
        ({"Transaction status": "chargeback"}, "state_differs", "paid", "charged_back"),
        ({"Amount": "Rp349.999"}, "amount_differs", "350000", "349999"),
        ({"Refund amount": "50000"}, "refund_differs", "0", "50000"),
        ({"MDR amount": "4500"}, "fee_unexpected", "4000", "4500"),
        ({"Transaction ID": "trx-other"}, "ours_missing", "none", "paid"),
        ({"Order ID": "SKT-1~2"}, "ours_missing", "none", "paid"),
    ],
)
async def test_a_row_that_differs_is_found(
    books: Books, changed: dict[str, str], kind: str, ours: str, theirs: str
) -> None:
    row = await books.paid("SKT-1")

    summary = await books.reconcile({**row, **changed})

    found = [each for each in await books.differences() if each["kind"] != "theirs_missing"]
    assert summary["exit_code"] == 1
    assert [(each["kind"], each["ours"], each["theirs"]) for each in found] == [
        (kind, ours, theirs)
    ]


async def test_an_order_that_we_do_not_know_is_found(books: Books) -> None:
    row = await books.paid("SKT-1")

    await books.reconcile(row, row_of("SKT-9", after(minutes=1)))

    [found] = await books.differences()
    assert (found["kind"], found["gateway_order_id"]) == ("ours_missing", "SKT-9~1")


async def test_an_order_id_that_is_not_of_our_form_is_found_and_nobody_is_told(
    books: Books,
) -> None:
    row = await books.paid("SKT-1")

    await books.reconcile(row, {**row, "Order ID": "link-7", "Transaction ID": "trx-7"})

    [found] = await books.differences()
    assert (found["kind"], found["order_id"]) == ("ours_missing", None)


async def test_money_in_the_files_time_that_it_lacks_is_found(books: Books) -> None:
    rows = [await books.paid(f"SKT-{n}", n) for n in range(1, 4)]

    await books.reconcile(rows[0], rows[2])

    [found] = await books.differences()
    assert (found["kind"], found["gateway_order_id"]) == ("theirs_missing", "SKT-2~1")


async def test_money_outside_of_the_files_time_is_not_missed(books: Books) -> None:
    rows = [await books.paid(f"SKT-{n}", n) for n in range(1, 4)]

    assert (await books.reconcile(rows[1]))["found"] == {}


async def test_only_money_that_came_is_summed(books: Books) -> None:
    row = await books.paid("SKT-1")
    failed = {**row_of("SKT-2", after(minutes=1)), "Transaction status": "deny"}

    summary = await books.reconcile(row, failed)

    assert summary["captured"] == {"bca_va": 350_000}
    assert summary["fees"] == {"bca_va": 4000}


async def test_a_card_that_settled_later_does_not_widen_the_files_time(books: Books) -> None:
    first = await books.paid("SKT-1", 1)
    card = await books.paid("SKT-2", 2, **CARD)
    await books.paid("SKT-3", 60)
    next_day = row_of("SKT-2", after(days=1))["Settlement time"]
    settled = {"Payment type": "credit_card", "Channel": "", "Settlement time": next_day}

    assert (await books.reconcile(first, {**card, **settled, "MDR amount": "0"}))["found"] == {}


@pytest.mark.parametrize(
    ("hours", "found"),
    [(-15, {}), (-3, {"theirs_missing": 1}), (9, {"theirs_missing": 1}), (11, {})],
)
async def test_a_file_that_names_only_days_covers_its_last_day_to_the_end(
    books: Books, hours: int, found: dict[str, int]
) -> None:
    row = await books.paid("SKT-1", 1)
    await books.paid("SKT-2", hours * 60)

    summary = await books.reconcile({**row, "Settlement time": row["Settlement time"][:10]})

    assert summary["found"] == found


async def test_a_file_without_times_misses_nothing(books: Books) -> None:
    rows = [await books.paid(f"SKT-{n}", n) for n in range(1, 4)]
    del rows[0]["Settlement time"]

    assert (await books.reconcile(rows[0]))["found"] == {}


@pytest.mark.parametrize(("days", "found"), [(1, {}), (4, {"theirs_missing": 1})])
async def test_a_card_is_missed_only_once_it_must_have_settled(
    books: Books, days: int, found: dict[str, int]
) -> None:
    first = await books.paid("SKT-1", 1)
    await books.paid("SKT-2", 2, **CARD)
    last = await books.paid("SKT-3", timedelta(days=days) / timedelta(minutes=1))

    assert (await books.reconcile(first, last))["found"] == found


async def test_a_transaction_that_is_there_twice_is_found_and_counted_once(books: Books) -> None:
    row = await books.paid("SKT-1")

    summary = await books.reconcile(row, row)

    [found] = await books.differences()
    assert (found["kind"], found["ours"], found["theirs"]) == ("duplicate_row", "line 2", "line 3")
    assert summary["captured"] == {"bca_va": 350_000}


async def test_running_again_finds_the_same_difference_once(books: Books) -> None:
    row = await books.paid("SKT-1")
    wrong = {**row, "Amount": "1"}

    first = await books.reconcile(wrong)
    again = await books.reconcile(wrong)

    [found] = await books.differences()
    assert (first["found"], again["found"]) == ({"amount_differs": 1}, {"amount_differs": 1})
    assert (found["first_run_id"], found["last_run_id"]) == (first["run_id"], again["run_id"])
    assert first["run_id"] != again["run_id"]


async def test_what_an_orders_run_can_repair_is_told_to_it(books: Books) -> None:
    told = await books.paid("SKT-1", 1)
    not_told = await books.paid("SKT-2", 2)

    await books.reconcile(
        {**told, "Transaction status": "chargeback", "Refund amount": "1"},
        {**not_told, "Amount": "1"},
    )

    [signal] = await books.told("SKT-1")
    assert await books.told("SKT-2") == []
    assert (signal["gateway_order_id"], signal["transaction_id"]) == ("SKT-1~1", "trx-SKT-1")
    assert signal["status"] == "charged_back"
    assert list(json.loads(signal["raw"])) == ["reconciliation"]


async def test_what_cannot_be_read_is_named_and_fails_the_command(books: Books) -> None:
    row = await books.paid("SKT-1")
    books.write({**row, "Amount": "350000.50"}, dict.fromkeys(HEADER, "") | {"Amount": "1"})

    result = await books.starter("reconcile", "--file", str(books.file))

    assert result.exit_code == 1
    assert "line 2, amount: '350000.50' is finer than a rupiah\n" in result.stderr
    assert "line 3, order_id: no order id (line skipped)\n" in result.stderr
    assert await books.differences() == []


async def test_without_a_terminal_one_line_says_what_is_done(books: Books) -> None:
    books.write(await books.paid("SKT-1"))

    people = await books.starter("reconcile", "--file", str(books.file))
    scripts = await books.starter("reconcile", "--file", str(books.file), "--json")

    assert people.stderr == "comparing export.csv\n"
    assert scripts.stderr == ""


async def test_a_totals_line_is_told_without_failing_the_command(books: Books) -> None:
    row = await books.paid("SKT-1")
    books.write(row, dict.fromkeys(HEADER, "") | {"Order ID": "Total", "Amount": "350000"})

    result = await books.starter("reconcile", "--file", str(books.file))

    assert result.exit_code == 0, result.stderr
    assert "line 3, order_id: no order id (line skipped)" in result.stderr


async def test_a_summary_counts_and_sums_for_people(books: Books) -> None:
    row = await books.paid("SKT-1")
    books.write({**row, "MDR amount": "4500"}, row)

    result = await books.starter("reconcile", "--file", str(books.file))

    assert result.exit_code == 1
    assert "Row twice in the file" in result.stdout
    assert "BCA Virtual Account" in result.stdout
    assert "Rp350.000" in result.stdout
    assert "Rp4.500" in result.stdout
    assert "Rp345.500" in result.stdout
    assert "1 difference is open" in result.stdout


async def test_a_difference_is_resolved_with_a_note(books: Books) -> None:
    row = await books.paid("SKT-1")
    await books.reconcile({**row, "Amount": "1"})
    [found] = await books.differences()
    number = str(found["discrepancy_id"])

    result = await books.starter("reconcile", "resolve", number, "--note", "typo at the bank")

    [resolved] = await books.differences("--all")
    assert result.exit_code == 0, result.stderr
    assert await books.differences() == []
    assert resolved["resolved"]["resolution"] == "resolved"
    assert resolved["resolved"]["note"] == "typo at the bank"
    assert resolved["resolved"]["actor"].startswith("cli:")


async def test_resolving_needs_a_note_and_a_difference(books: Books) -> None:
    empty = await books.starter("reconcile", "resolve", "7", "--note", " ")
    unknown = await books.starter("reconcile", "resolve", "7", "--note", "typo")

    assert (empty.exit_code, unknown.exit_code) == (1, 1)
    assert unknown.stderr == "error: no difference 7 is stored\n"


async def test_differences_are_listed_for_people_and_for_spreadsheets(
    books: Books, tmp_path: Path
) -> None:
    row = await books.paid("SKT-1")
    await books.reconcile({**row, "Amount": "1"})
    file = tmp_path / "differences.csv"

    table = await books.starter("reconcile", "differences")
    written = await books.starter("reconcile", "differences", "--csv", str(file))

    [line] = csv.DictReader(file.read_text().splitlines())
    assert (table.exit_code, written.exit_code) == (0, 0)
    assert written.stdout == ""
    assert "Amount differs" in table.stdout
    assert (line["kind"], line["ours"], line["theirs"]) == ("amount_differs", "350000", "1")


async def test_every_file_with_differences_is_written_down_with_its_digest(
    books: Books, tmp_path: Path
) -> None:
    row = await books.paid("SKT-1")
    run_id = (await books.reconcile({**row, "Amount": "1"}))["run_id"]
    files = [tmp_path / name for name in ("differences.csv", "run.csv", "run.pdf")]

    await books.starter("reconcile", "differences", "--csv", str(files[0]))
    await books.starter("reconcile", "report", run_id, "--csv", str(files[1]))
    await books.starter("reconcile", "report", run_id, "--pdf", str(files[2]))

    async with books.engine.connect() as connection:
        query = select(finance_exports).order_by(finance_exports.c.seq)
        noted = (await connection.execute(query)).all()
    assert [each.digest for each in noted] == [
        hashlib.sha256(file.read_bytes()).digest() for file in files
    ]
    assert [each.rows for each in noted] == [1, 1, 0]
    assert all(each.actor.startswith("cli:") for each in noted)


async def test_a_run_leaves_its_report_as_pdf_and_csv(books: Books, tmp_path: Path) -> None:
    row = await books.paid("SKT-1")
    summary = await books.reconcile({**row, "Amount": "1"})
    run_id, pdf, table = summary["run_id"], tmp_path / "run.pdf", tmp_path / "run.csv"

    listed = await books.starter("reconcile", "runs", "--json")
    drawn = await books.starter("reconcile", "report", run_id, "--pdf", str(pdf))
    written = await books.starter("reconcile", "report", run_id, "--csv", str(table))

    [run] = json.loads(listed.stdout)
    assert (drawn.exit_code, written.exit_code) == (0, 0)
    assert (run["run_id"], run["kind"], run["report"]["checked"]) == (run_id, "file", 1)
    assert pdf.read_bytes().startswith(b"%PDF-")
    assert "amount_differs" in table.read_text()
    assert run_id in (await books.starter("reconcile", "runs")).stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("report", "r-1"), "give either --pdf or --csv"),
        (("report", "r-1", "--pdf", "x.pdf"), "no run r-1 is stored"),
        (("--file", "nowhere.csv"), "cannot read nowhere.csv: No such file"),
        (("--file", "x", "--mapping", "nowhere.json"), "cannot read nowhere.json: No such file"),
    ],
)
async def test_what_cannot_be_done_is_one_line(
    books: Books, arguments: tuple[str, ...], says: str
) -> None:
    result = await books.starter("reconcile", *arguments)

    assert result.exit_code == 1
    assert result.stderr.startswith(f"error: {says}")
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ('{"columns": {"order": "x"}}', "error: mapping.columns.order: "),
        (
            '{"columns": {"fee": "Potongan"}}',
            "comparing export.csv\nerror: fee: the mapping names the header 'Potongan'",
        ),
    ],
)
async def test_a_mistake_in_the_mapping_is_one_line(
    books: Books, tmp_path: Path, mapping: str, says: str
) -> None:
    named = tmp_path / "mapping.json"
    named.write_text(mapping)
    books.write(row_of("SKT-1", after(minutes=1)))

    result = await books.starter("reconcile", "--file", str(books.file), "--mapping", str(named))

    assert result.exit_code == 1
    assert result.stderr.startswith(says)


async def test_a_file_of_many_pages_is_compared_to_its_end(books: Books) -> None:
    rows: list[dict[str, Any]] = [row_of(f"SKT-{n}", after(minutes=n)) for n in range(450)]

    summary = await books.reconcile(
        *({**row, "Order ID": f"link-{n}"} for n, row in enumerate(rows))
    )

    assert summary["found"] == {"ours_missing": 450}
    assert len(await books.differences()) == 450
