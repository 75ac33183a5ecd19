"""Answers kept for five minutes under the key that the caller chose."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from simulator.answers import Answer

LONGEST_KEY = 46
LIFE = timedelta(minutes=5)
STILL_RUNNING = Answer(
    {"status_code": "202", "status_message": "A request with this idempotency key is running."},
    202,
)


@dataclass(slots=True)
class _Entry:
    until: datetime
    answer: Answer | None = None


class IdempotencyStore:
    """One key space over all endpoints of a merchant; the body plays no part in it."""

    def __init__(self) -> None:
        self._entries: dict[tuple[str, str], _Entry] = {}

    def begin(self, merchant_id: str, key: str, until: datetime, now: datetime) -> Answer | None:
        """Return the answer that the key already has; without one the key is now running."""
        entry = self._entries.get((merchant_id, key))
        if entry is not None and now < entry.until:
            return entry.answer or STILL_RUNNING
        self._entries[merchant_id, key] = _Entry(until)
        return None

    def finish(self, merchant_id: str, key: str, answer: Answer, until: datetime) -> None:
        if answer.succeeded:
            self._entries[merchant_id, key] = _Entry(until, answer)
        else:
            self.forget(merchant_id, key)

    def forget(self, merchant_id: str, key: str) -> None:
        self._entries.pop((merchant_id, key), None)
