"""What is still under which key, and which process has which keys."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from adapters.postgres.engine import create_migration_engine
from adapters.postgres.key_counts import KeyCounts, total
from adapters.temporal.key_scan import KeyScan, Scanned
from starter.bodies import in_utc
from starter.rotation import Keyset, KeysetName

Under = Counter[int | None]


@dataclass(slots=True)
class Histories:
    """What was found of Temporal's runs and schedules; `looked_at` of about `there` runs."""

    there: int
    retention: timedelta
    looked_at: int = 0
    under: Under = field(default_factory=Counter)
    still_open: Under = field(default_factory=Counter)
    last_closed: dict[int, datetime] = field(default_factory=dict)

    def add(self, scanned: Scanned) -> None:
        self.looked_at += scanned.started_at is not None
        for key_id in scanned.key_ids:
            self.under[key_id] += 1
            self.still_open[key_id] += scanned.closed_at is None
            if scanned.closed_at is not None:
                known = self.last_closed.get(key_id, scanned.closed_at)
                self.last_closed[key_id] = max(known, scanned.closed_at)

    def free_at(self, key_id: int) -> datetime | None:
        """When the last history under the key is forgotten; None while one of them is open."""
        closed = self.last_closed.get(key_id)
        return None if closed is None or self.still_open[key_id] else closed + self.retention


async def histories(scan: KeyScan, limit: int) -> Histories:
    """Of the schedules and, open ones first, of so many runs."""
    found = Histories(await scan.count(), await scan.retention())
    async for each in scan.all():
        found.add(each)
        if found.looked_at >= limit:
            break
    return found


async def under_keys(database_url: str, name: KeysetName) -> Under:
    """How many of the database's values are under each key of this keyset."""
    # To count a large table takes longer than any payment may.
    engine = create_migration_engine(database_url)
    counts = KeyCounts(engine)
    try:
        return total(await (counts.looked_up() if name is KeysetName.LOOKUP else counts.sealed()))
    finally:
        await engine.dispose()


def keyset_document(
    keyset: Keyset, counted: Under | None, runs: Histories | None
) -> dict[str, Any]:
    """A keyset as scripts read it; `unknown` is what no key here opens."""
    known, under = {key.key_id for key in keyset.keys}, counted or Counter()
    keys = [
        {
            "key_id": key.key_id,
            "state": "primary" if key.is_primary else "enabled" if key.is_enabled else "disabled",
            **({} if counted is None else {"under_it": under[key.key_id]}),
            **(_of_runs(runs, key.key_id) if runs else {}),
        }
        for key in keyset.keys
    ]
    return {
        "keyset": keyset.name,
        "kept_in": "environment" if keyset.source.path is None else str(keyset.source.path),
        "kms_uri": keyset.source.kms_uri,
        "keys": keys,
        "unknown": {str(key_id): count for key_id, count in under.items() if key_id not in known},
        **({"runs_looked_at": runs.looked_at, "runs_there": runs.there} if runs else {}),
    }


def _of_runs(runs: Histories, key_id: int) -> dict[str, Any]:
    free_at = runs.free_at(key_id)
    return {"open": runs.still_open[key_id], "free_at": in_utc(free_at) if free_at else None}


async def first_under(scan: KeyScan, key_id: int) -> str | None:
    """The first thing in Temporal that is under the key; None when nothing is."""
    async for each in scan.all():
        if key_id not in each.key_ids:
            continue
        if each.started_at is None:
            return f"schedule {each.name} (python -m starter schedules apply renews it)"
        if each.closed_at is None:
            return f"run {each.name} is open"
        gone_at = each.closed_at + await scan.retention()
        return f"run {each.name} is closed, but kept until {gone_at:%Y-%m-%d %H:%M} UTC"
    return None
