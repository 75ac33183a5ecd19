"""The audit log as a file: every entry as it is stored, and at the end how many and which.

The last line is signed with the service's keys. Kept elsewhere, such a file proves later that
nothing that was in the log has been changed since, or has vanished with everything about it.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from adapters.postgres.audit_verdict import Exported, ExportedEntry
from adapters.postgres.chain_walk import Link
from adapters.postgres.chains import ChainEnd, plain
from adapters.postgres.spreadsheets import csv_bytes
from payments.errors import FieldProblem, InvalidRequestError, PermanentError
from payments.invoice import WIB
from starter.finance import take_out

COLUMNS = ("order_id", "seq", "at", "actor", "cause", "event", "details", "hash")
ENDED = "export.ended"
EVENT = "audit.exported"
EXPORTED = "finance.exported"
_OFTEN = 1000
_BEGINNING, _END = datetime(2000, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)


class Form(StrEnum):
    JSONL = "jsonl"
    CSV = "csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which entries: of these days in Jakarta, both included, and of one order only."""

    first: date | None = None
    last: date | None = None
    order_id: str | None = None
    form: Form = Form.JSONL

    def has(self, at: datetime) -> bool:
        start = _BEGINNING if self.first is None else _midnight(self.first)
        end = _END if self.last is None else _midnight(self.last + timedelta(days=1))
        return start <= at < end

    @property
    def details(self) -> dict[str, str]:
        """As the log of operators keeps it; what was not asked for is left out."""
        asked = {"from": self.first, "to": self.last, "order_id": self.order_id}
        return {name: str(value) for name, value in asked.items() if value is not None} | {
            "form": self.form.value
        }

    def require_order(self) -> None:
        if self.first and self.last and self.last < self.first:
            raise InvalidRequestError((FieldProblem("to", "must not be before from"),))


class LogEnd(BaseModel):
    seq: int
    hash: str


class ExportEnd(BaseModel):
    """What the last line says of all lines before it."""

    exported_at: datetime
    exported_by: str
    from_day: date | None
    to_day: date | None
    order_id: str | None
    orders: int
    entries: int
    sha256: str
    log_ends: dict[str, LogEnd]


class SignedEnd(BaseModel):
    end: ExportEnd
    signature: str


class AuditTrail(Protocol):
    def entries(self, order_id: str | None) -> AsyncIterator[Link]:
        """By order and number, page by page."""
        ...

    async def log_ends(self) -> Mapping[str, ChainEnd]:
        """Where the logs end that are one chain each."""
        ...

    def sign(self, statement: str) -> bytes: ...

    def is_signed(self, statement: str, signature: bytes) -> bool: ...


class Operators(Protocol):
    async def note(self, actor: str, event: str, details: Mapping[str, str], at: datetime) -> None:
        """Keep for ever what somebody did."""
        ...


class AuditExport:
    """One export; `moved` is told how many entries were read."""

    def __init__(
        self,
        trail: AuditTrail,
        operators: Operators,
        now: Callable[[], datetime],
        moved: Callable[[int], None],
    ) -> None:
        self._trail = trail
        self._operators = operators
        self._now = now
        self._moved = moved
        self._digest = hashlib.sha256()
        self.orders = 0
        self.entries = 0

    async def write(self, actor: str, wanted: Wanted, write: Callable[[bytes], object]) -> None:
        """Keep who takes what, with its SHA-256, then write it."""
        wanted.require_order()

        async def note(_lines: int, digest: bytes) -> None:
            details = {
                "entries": str(self.entries),
                "orders": str(self.orders),
                "sha256": digest.hex(),
                **wanted.details,
            }
            await self._operators.note(actor, EVENT, details, self._now())

        await take_out(self._file(actor, wanted), note, write)

    async def _file(self, actor: str, wanted: Wanted) -> AsyncIterator[bytes]:
        if wanted.form is Form.CSV:
            yield self._hashed(csv_bytes([COLUMNS]))
        async for line in self._lines(wanted):
            yield self._hashed(line)
        ends = await self._trail.log_ends()
        end = ExportEnd(
            exported_at=self._now(),
            exported_by=actor,
            from_day=wanted.first,
            to_day=wanted.last,
            order_id=wanted.order_id,
            orders=self.orders,
            entries=self.entries,
            sha256=self._digest.hexdigest(),
            log_ends={log: LogEnd(seq=at.seq, hash=at.hash.hex()) for log, at in ends.items()},
        )
        signature = self._trail.sign(end.model_dump_json()).hex()
        yield _last_line(SignedEnd(end=end, signature=signature), wanted.form)

    async def _lines(self, wanted: Wanted) -> AsyncIterator[bytes]:
        read, last = 0, None
        async for link in self._trail.entries(wanted.order_id):
            read += 1
            if read % _OFTEN == 0:
                self._moved(read)
            if wanted.has(link.entry["at"]):
                self.entries += 1
                self.orders += link.chain != last
                last = link.chain
                yield _line(link, wanted.form)

    def _hashed(self, line: bytes) -> bytes:
        self._digest.update(line)
        return line


def read_export(path: Path, trail: AuditTrail, order_id: str | None = None) -> Exported:
    """What an export says; PermanentError unless it is ours, and as it was written.

    The entries are read again from the file as they are compared: there may be millions.
    """
    try:
        end = _proven_end(path, trail)
    except OSError as error:
        raise PermanentError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise PermanentError(f"{path} is no export of the audit log as JSON lines") from error
    if end is None:
        raise PermanentError(f"{path} was changed, or was not signed with this service's keys")
    ends = {log: ChainEnd(at.seq, bytes.fromhex(at.hash)) for log, at in end.log_ends.items()}
    return Exported(entries=_exported(path, order_id), log_ends=ends)


def _proven_end(path: Path, trail: AuditTrail) -> ExportEnd | None:
    """What the last line says, if it is signed and says so of the lines before it."""
    digest, last = hashlib.sha256(), b""
    with path.open("rb") as file:
        for line in file:
            digest.update(last)
            last = line
    signed = SignedEnd.model_validate_json(last)
    signature = bytes.fromhex(signed.signature)
    is_signed = trail.is_signed(signed.end.model_dump_json(), signature)
    return signed.end if is_signed and signed.end.sha256 == digest.hexdigest() else None


def _exported(path: Path, order_id: str | None) -> Iterator[ExportedEntry]:
    with path.open("rb") as file:
        for line in file:
            document = json.loads(line)
            if "end" in document or order_id not in (None, document["order_id"]):
                continue
            seq, digest = document["seq"], bytes.fromhex(document["hash"])
            yield ExportedEntry(document["order_id"], seq, digest)


def entry_document(link: Link) -> dict[str, object]:
    """An entry as scripts read it, with all that its hash covers."""
    document = {name: plain(link.entry[name]) for name in COLUMNS[:-1]}
    return {**document, "hash": link.hash.hex()}


def act_document(link: Link) -> dict[str, Any]:
    """An act as scripts read it; an export of finance has its columns as details."""
    entry = {name: plain(value) for name, value in link.entry.items()}
    told = {name: entry.pop(name) for name in ("at", "actor")}
    event, details = entry.pop("event", EXPORTED), entry.pop("details", None)
    place = {"log": link.chain, "seq": entry.pop("seq")}
    rest = {name: str(value) for name, value in entry.items()}
    return {**place, **told, "event": event, "details": rest if details is None else details}


def _line(link: Link, form: Form) -> bytes:
    document = entry_document(link)
    if form is Form.JSONL:
        return _json(document)
    details = _json(document["details"]).decode().rstrip()
    return csv_bytes([[str(each) for each in ({**document, "details": details}).values()]])


def _last_line(signed: SignedEnd, form: Form) -> bytes:
    if form is Form.JSONL:
        return signed.model_dump_json().encode() + b"\n"
    end = signed.end
    cells = ("", end.entries, end.exported_at.isoformat(), end.exported_by, "", ENDED)
    return csv_bytes([(*cells, end.model_dump_json(), signed.signature)])


def _json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), WIB)
