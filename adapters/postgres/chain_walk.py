"""Walking chains entry by entry: which is the first that does not fit, and in which way."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from adapters.postgres.chains import ChainEnd, Seals, chained


class Problem(StrEnum):
    """What is wrong with a row; REPLACED and VANISHED are seen against an export only."""

    CHANGED = "changed"  # the hash does not fit the entry and the hash before it
    MISSING = "missing"  # there are later ones
    REORDERED = "reordered"  # a later entry belongs here
    ADDED = "added"  # behind the end of the chain
    CUT_OFF = "cut_off"  # the chain went on
    END_MOVED = "end_moved"  # the recorded end is not where the chain ends
    REWRITTEN = "rewritten"  # every hash fits, and the seal does not: made without the keys
    SEAL_BROKEN = "seal_broken"  # the seal is none of ours, or of another chain
    END_MISSING = "end_missing"  # the row that keeps the end is gone: the order itself
    UNSEALED = "unsealed"  # from here on: written by an earlier version, or without the keys
    REPLACED = "replaced"
    VANISHED = "vanished"


@dataclass(frozen=True, slots=True)
class Broken:
    """The first row of a chain that is wrong."""

    chain: str
    seq: int
    problem: Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One entry of a chain; `recorded` is the chain's end as it was kept when this was read."""

    chain: str
    seq: int
    hash: bytes
    entry: Mapping[str, Any]
    recorded: ChainEnd | None

    def fits_behind(self, end: ChainEnd, seq: int) -> bool:
        """Whether it is the chain's next entry, if it had this number."""
        return chained(end.hash, {**self.entry, "seq": seq}) == self.hash


class Walk:
    """Along one chain after the other; without seals nothing is said about them."""

    def __init__(self, seals: Seals | None = None) -> None:
        self._seals = seals
        self._last: Link | None = None
        self._seal: bytes | None = None
        self._sealed: ChainEnd | None = None
        self.end = ChainEnd()
        self.last_chain: str | None = None
        self.chains = 0
        self.entries = 0
        self.unsealed = 0
        self.first_unsealed: Broken | None = None

    def next(self, link: Link) -> Broken | None:
        """What is wrong with this entry, or with the end of the chain before it."""
        if self._last is None or self._last.chain != link.chain:
            broken = self.finish()
            if broken is not None:
                return broken
            self.end, self.last_chain = ChainEnd(), link.chain
            self.chains += 1
        problem = self._misfit(link)
        if problem is not None:
            seq = self.end.seq + 1 if problem is Problem.MISSING else link.seq
            return Broken(link.chain, seq, problem)
        self.end, self._last = ChainEnd(link.seq, link.hash), link
        self.entries += 1
        return None

    def finish(self) -> Broken | None:
        """The chain is over: whether it ends where it should."""
        last, sealed = self._last, self._sealed
        self._last, self._sealed, self._seal = None, None, None
        if last is None or last.recorded is None:
            return None
        chain, recorded = last.chain, replace(last.recorded, seal=None)
        misfit = _end_misfit(self.end, recorded, sealed)
        if misfit is not None:
            return Broken(chain, *misfit)
        sealed_seq = 0 if sealed is None else sealed.seq
        if self._seals is not None and sealed_seq < self.end.seq:
            self.unsealed += 1
            unsealed = Broken(chain, sealed_seq + 1, Problem.UNSEALED)
            self.first_unsealed = self.first_unsealed or unsealed
        return None

    def _misfit(self, link: Link) -> Problem | None:
        if link.recorded is None:
            return Problem.END_MISSING
        if link.seq != self.end.seq + 1:
            return Problem.MISSING
        if not link.fits_behind(self.end, link.seq):
            return Problem.CHANGED
        return self._unlike_sealed(link, link.recorded.seal)

    def _unlike_sealed(self, link: Link, seal: bytes | None) -> Problem | None:
        if self._seals is None or seal is None:
            return None
        # A chain may grow while it is read, and its seal with it.
        if seal != self._seal:
            self._seal, self._sealed = seal, self._seals.opened(link.chain, seal)
        if self._sealed is None:
            return Problem.SEAL_BROKEN
        if self._sealed.seq == link.seq and self._sealed.hash != link.hash:
            return Problem.REWRITTEN
        return None


def _end_misfit(
    end: ChainEnd, recorded: ChainEnd, sealed: ChainEnd | None
) -> tuple[int, Problem] | None:
    """Three ends: of the entries, of the row that keeps it, and of the seal if there is one."""
    if sealed is not None and sealed.seq > end.seq:
        return end.seq + 1, Problem.CUT_OFF
    if recorded == end:
        return None
    if sealed == end:
        return end.seq, Problem.END_MOVED
    if end.seq < recorded.seq:
        return end.seq + 1, Problem.CUT_OFF
    if end.seq > recorded.seq:
        return recorded.seq + 1, Problem.ADDED
    return end.seq, Problem.END_MOVED
