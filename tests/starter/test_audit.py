"""What the audit log tells people, and what an export of it proves later."""

import csv
import hashlib
import hmac
import json
import stat
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from adapters.postgres.audit_tables import operator_events
from adapters.postgres.audit_verdict import ExportedEntry
from adapters.postgres.chain_walk import Link, Problem
from adapters.postgres.chains import ChainEnd
from payments.errors import InvalidRequestError, PermanentError
from payments.invoice import WIB
from starter.audit import AuditExport, Form, Wanted, read_export
from starter.audit_words import PROBLEMS, who
from starter.commands.audit import span
from tests.payments.samples import NOW, after
from tests.starter.books import Books

ENDS = {"operator_events": ChainEnd(2, b"o"), "finance_exports": ChainEnd(0, b"f")}


def link(order_id: str, seq: int, at: datetime = NOW) -> Link:
    entry = {
        "order_id": order_id,
        "seq": seq,
        "at": at,
        "actor": "cli:ani",
        "cause": "cancel",
        "event": "order.cancelled",
        "details": {"attempt": "1"},
    }
    digest = f"{order_id}{seq}".encode()
    return Link(chain=order_id, seq=seq, hash=digest, entry=entry, recorded=None)


class Trail:
    """A log in memory, signed under a key of its own; and what operators noted."""

    def __init__(self, *links: Link, key: bytes = b"key") -> None:
        self._links = links
        self._key = key
        self.noted: list[tuple[str, str, Mapping[str, str]]] = []

    async def entries(self, order_id: str | None = None) -> AsyncIterator[Link]:
        for each in self._links:
            if order_id in (None, each.chain):
                yield each

    async def log_ends(self) -> Mapping[str, ChainEnd]:
        return ENDS

    def sign(self, statement: str) -> bytes:
        return hmac.digest(self._key, statement.encode(), "sha256")

    def is_signed(self, statement: str, signature: bytes) -> bool:
        return hmac.compare_digest(self.sign(statement), signature)

    async def note(self, actor: str, event: str, details: Mapping[str, str], at: datetime) -> None:
        assert at.tzinfo is UTC
        self.noted.append((actor, event, details))

    async def export(self, wanted: Wanted = Wanted()) -> bytes:  # noqa: B008 - it is frozen
        written = bytearray()
        exported = AuditExport(self, self, lambda: NOW, lambda _: None)
        await exported.write("cli:ani", wanted, written.extend)
        return bytes(written)


TRAIL = (link("SKT-1", 1), link("SKT-1", 2, after(hours=10)), link("SKT-2", 1, after(hours=40)))


@pytest.fixture
async def file(tmp_path: Path) -> Path:
    path = tmp_path / "audit.jsonl"
    path.write_bytes(await Trail(*TRAIL).export())
    return path


class TestExport:
    async def test_each_entry_is_a_line_of_json_and_the_last_says_how_many(self) -> None:
        lines = (await Trail(*TRAIL).export()).splitlines(keepends=True)

        first, *_, last = (json.loads(line) for line in lines)
        assert first == {
            "order_id": "SKT-1",
            "seq": 1,
            "at": "2026-11-23T07:00:00.123456+00:00",
            "actor": "cli:ani",
            "cause": "cancel",
            "event": "order.cancelled",
            "details": {"attempt": "1"},
            "hash": b"SKT-11".hex(),
        }
        assert len(lines) == 4
        assert (last["end"]["orders"], last["end"]["entries"]) == (2, 3)
        assert last["end"]["sha256"] == hashlib.sha256(b"".join(lines[:-1])).hexdigest()
        assert last["end"]["log_ends"]["operator_events"] == {"seq": 2, "hash": b"o".hex()}

    async def test_as_csv_it_has_the_same_columns(self) -> None:
        written = await Trail(*TRAIL).export(Wanted(form=Form.CSV))

        first, *_, last = csv.DictReader(written.decode().splitlines())
        assert first == {
            "order_id": "SKT-1",
            "seq": "1",
            "at": "2026-11-23T07:00:00.123456+00:00",
            "actor": "cli:ani",
            "cause": "cancel",
            "event": "order.cancelled",
            "details": '{"attempt":"1"}',
            "hash": b"SKT-11".hex(),
        }
        assert (last["event"], json.loads(last["details"])["entries"]) == ("export.ended", 3)

    @pytest.mark.parametrize(
        ("wanted", "entries"),
        [
            (Wanted(first=date(2026, 11, 24)), ["SKT-1 2", "SKT-2 1"]),
            (Wanted(last=date(2026, 11, 23)), ["SKT-1 1"]),
            (Wanted(first=date(2026, 11, 24), last=date(2026, 11, 24)), ["SKT-1 2"]),
            (Wanted(order_id="SKT-2"), ["SKT-2 1"]),
        ],
    )
    async def test_days_are_jakartas_and_the_last_is_included(
        self, wanted: Wanted, entries: list[str]
    ) -> None:
        *lines, _ = map(json.loads, (await Trail(*TRAIL).export(wanted)).splitlines())

        assert [f"{line['order_id']} {line['seq']}" for line in lines] == entries

    async def test_days_that_end_before_they_begin_are_refused(self) -> None:
        wanted = Wanted(first=date(2026, 11, 24), last=date(2026, 11, 23))

        with pytest.raises(InvalidRequestError, match="to: must not be before from"):
            await Trail().export(wanted)

    async def test_nothing_is_handed_out_before_it_is_noted(self) -> None:
        trail, noted_before = Trail(*TRAIL), list[Any]()

        def broken(_: bytes) -> None:
            noted_before.extend(trail.noted)
            raise BrokenPipeError

        with pytest.raises(BrokenPipeError):
            await AuditExport(trail, trail, lambda: NOW, lambda _: None).write(
                "cli:ani", Wanted(order_id="SKT-1"), broken
            )

        [(actor, event, details)] = noted_before
        assert (actor, event) == ("cli:ani", "audit.exported")
        assert details["entries"] == "2"
        assert (details["order_id"], details["form"]) == ("SKT-1", "jsonl")


class TestReading:
    def test_an_export_says_what_was_there(self, file: Path) -> None:
        exported = read_export(file, Trail())

        assert list(exported.entries) == [
            ExportedEntry(each.chain, each.seq, each.hash) for each in TRAIL
        ]
        assert exported.log_ends == ENDS

    def test_of_one_order_it_says_only_that(self, file: Path) -> None:
        exported = read_export(file, Trail(), "SKT-2")

        assert list(exported.entries) == [ExportedEntry("SKT-2", 1, b"SKT-21")]

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (b'"seq":2', b'"seq":3'),
            (b'"entries":3', b'"entries":2'),
            (b'"exported_by":"cli:ani"', b'"exported_by":"cli:eva"'),
        ],
    )
    def test_one_that_was_changed_is_refused(self, file: Path, old: bytes, new: bytes) -> None:
        content = file.read_bytes()
        assert old in content
        file.write_bytes(content.replace(old, new))

        with pytest.raises(PermanentError, match="was changed, or was not signed"):
            read_export(file, Trail())

    def test_one_without_a_line_is_refused(self, file: Path) -> None:
        file.write_bytes(b"".join(file.read_bytes().splitlines(keepends=True)[1:]))

        with pytest.raises(PermanentError, match="was changed"):
            read_export(file, Trail())

    def test_one_that_others_signed_is_refused(self, file: Path) -> None:
        with pytest.raises(PermanentError, match="was not signed with this service's keys"):
            read_export(file, Trail(key=b"another"))

    @pytest.mark.parametrize("content", [b"", b"order_id,seq\n", b'{"end":{}}\n', b"\xff"])
    def test_what_is_no_export_is_refused(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "other"
        path.write_bytes(content)

        with pytest.raises(PermanentError, match="is no export of the audit log"):
            read_export(path, Trail())

    def test_what_cannot_be_read_is_refused(self) -> None:
        with pytest.raises(PermanentError, match="cannot read nowhere: No such file"):
            read_export(Path("nowhere"), Trail())


class TestWords:
    def test_every_problem_has_words(self) -> None:
        assert set(PROBLEMS) == set(Problem)

    @pytest.mark.parametrize(
        ("actor", "cause", "words"),
        [
            ("api:shop", "await_instructions", "checkout client shop"),
            ("cli:ani", "cancel", "operator ani"),
            ("operator:ani", "decode_payloads", "operator ani"),
            ("unverified:citra", "retry_now", "operator (unverified) citra"),
            ("customer", "give_bank_details", "the customer"),
            ("gateway", "gateway_answer", "the gateway"),
            ("service", "deadline", "the timer"),
            ("service", "issue_invoice", "the service"),
            ("temporal", "cancel", "somebody in Temporal"),
            ("reconciliation", "x", "reconciliation"),
        ],
    )
    def test_who_acted_is_said_in_words(self, actor: str, cause: str, words: str) -> None:
        assert who(actor, cause) == words

    @pytest.mark.parametrize(
        ("passed", "words"),
        [
            (timedelta(), "0 s"),
            (timedelta(seconds=12), "12 s"),
            (timedelta(minutes=4, seconds=12), "4 min 12 s"),
            (timedelta(hours=2), "2 h"),
            (timedelta(days=3, hours=4, minutes=5), "3 d 4 h"),
            (timedelta(seconds=-5), "-5 s"),
        ],
    )
    def test_how_long_it_took_is_told_in_two_units(self, passed: timedelta, words: str) -> None:
        assert span(passed) == words


@pytest.mark.postgres
@pytest.mark.temporal
class TestCommands:
    async def test_an_order_is_told_as_a_timeline(self, books: Books) -> None:
        await books.paid("SKT-1", minutes=4)

        told = await books.starter("audit", "show", "SKT-1")

        assert told.exit_code == 0, told.stderr
        lines = [" ".join(line.split()) for line in told.stdout.splitlines()]
        assert lines[2].startswith("2026-11-23 14:00:00 checkout The order was placed.")
        assert any("14:04:00" in line and "The order is paid." in line for line in lines)
        assert any(
            "the gateway The gateway has the customer's money." in line
            and "attempt 1, transaction id trx-SKT-1" in line
            for line in lines
        )
        assert lines[-1] == "✓ sound and sealed: 5 entries of 1 order"

    async def test_scripts_get_the_same_with_the_hashes(self, books: Books) -> None:
        await books.paid("SKT-1")

        told = json.loads((await books.starter("audit", "show", "SKT-1", "--json")).stdout)

        first = told["entries"][0]
        assert (first["seq"], first["event"], len(first["hash"])) == (1, "order.placed", 64)
        assert first["what"] == "The order was placed."
        assert told["verdict"]["is_sound"]

    @pytest.mark.parametrize("command", ["show", "verify", "export"])
    async def test_an_order_that_nobody_knows_is_an_error(self, books: Books, command: str) -> None:
        option = () if command == "show" else ("--order",)

        result = await books.starter("audit", command, *option, "SKT-9")

        assert result.exit_code == 1
        assert "error: no such order or attempt is stored: SKT-9" in result.stderr

    async def test_a_log_that_was_tampered_with_is_an_exit_code_and_the_row(
        self, books: Books
    ) -> None:
        for order_id in ("SKT-1", "SKT-2"):
            await books.paid(order_id)
        sound = await books.starter("audit", "verify")
        async with books.engine.begin() as connection:
            await connection.execute(text("ALTER TABLE audit_events DISABLE TRIGGER USER"))
            tampering = "UPDATE audit_events SET actor = 'x' WHERE order_id = 'SKT-2' AND seq = 2"
            await connection.execute(text(tampering))

        told = await books.starter("audit", "verify")
        document = await books.starter("audit", "verify", "--order", "SKT-2", "--json")
        other = await books.starter("audit", "verify", "--order", "SKT-1")

        assert (sound.exit_code, other.exit_code) == (0, 0)
        assert "✓" in sound.stdout
        assert (told.exit_code, document.exit_code) == (1, 1)
        assert "entry 2 of order SKT-2 was changed" in told.stdout
        assert json.loads(document.stdout)["broken"] == {
            "log": "audit_events",
            "order_id": "SKT-2",
            "seq": 2,
            "problem": "changed",
            "what": "was changed",
        }

    async def test_an_export_proves_that_an_order_vanished(
        self, books: Books, tmp_path: Path
    ) -> None:
        for order_id in ("SKT-1", "SKT-2"):
            await books.paid(order_id)
        file = tmp_path / "audit.jsonl"
        file.touch(mode=0o644)

        taken = await books.starter("audit", "export", "--output", str(file))
        before = await books.starter("audit", "verify", "--against", str(file))
        async with books.engine.begin() as connection:
            await connection.execute(text("SET LOCAL session_replication_role = replica"))
            for table in ("audit_events", "orders"):
                await connection.execute(text(f"DELETE FROM {table} WHERE order_id = 'SKT-2'"))  # noqa: S608 - no values in it
        unseen = await books.starter("audit", "verify")
        seen = await books.starter("audit", "verify", "--against", str(file))

        assert taken.exit_code == 0, taken.stderr
        assert "entries of 2 orders" in taken.stderr
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert (before.exit_code, unseen.exit_code, seen.exit_code) == (0, 0, 1)
        assert "entry 1 of order SKT-2 was exported, and is not here any more" in seen.stdout

    async def test_an_export_is_written_down_with_the_digest_of_the_file(
        self, books: Books
    ) -> None:
        await books.paid("SKT-1")

        options = ("--from", "2026-11-23", "--to", "2026-11-23", "--format", "csv")
        result = await books.starter("audit", "export", *options)

        async with books.engine.connect() as connection:
            [noted] = (await connection.execute(select(operator_events))).all()
        assert result.exit_code == 0, result.stderr
        assert (noted.event, noted.actor.partition(":")[0]) == ("audit.exported", "cli")
        assert noted.details["sha256"] == hashlib.sha256(result.stdout_bytes).hexdigest()
        assert (noted.details["from"], noted.details["form"]) == ("2026-11-23", "csv")
        assert noted.at.astimezone(WIB) <= datetime.now(WIB)

    async def test_what_operators_did_is_listed_the_oldest_first(self, books: Books) -> None:
        await books.paid("SKT-1")
        await books.starter("finance", "export", "--from", "2026-11-23", "--to", "2026-11-23")
        await books.starter("audit", "export", "--order", "SKT-1")

        told = await books.starter("audit", "operators")
        exported, audited = json.loads((await books.starter("audit", "operators", "--json")).stdout)

        assert (exported["log"], exported["seq"]) == ("finance_exports", 1)
        assert (exported["event"], exported["details"]["rows"]) == ("finance.exported", "1")
        assert (audited["event"], audited["details"]["order_id"]) == ("audit.exported", "SKT-1")
        events = [word for word in told.stdout.split() if word.endswith(".exported")]
        assert events == ["finance.exported", "audit.exported"]

    async def test_what_an_earlier_version_wrote_is_sealed_once(self, books: Books) -> None:
        await books.paid("SKT-1")
        async with books.engine.begin() as connection:
            await connection.execute(text("UPDATE orders SET sealed_audit_end = NULL"))

        unsealed = await books.starter("audit", "verify")
        sealed = await books.starter("audit", "seal")
        verified = await books.starter("audit", "verify")
        async with books.engine.connect() as connection:
            [noted] = (await connection.execute(select(operator_events))).all()

        assert unsealed.exit_code == 1
        assert "not sealed to its end: 1 chain, such as where" in unsealed.stdout
        assert (sealed.exit_code, verified.exit_code) == (0, 0)
        assert "sealed: 1 chain" in sealed.stdout
        assert (noted.event, noted.details) == ("audit.sealed", {"chains": "1"})
