"""What a benchmark prints: one JSON line a figure."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

MILLISECONDS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`ratio` compares with its limit, measured in the same run."""

    name: str
    value: float
    unit: str
    ratio: float | None = None
    target: str | None = None

    @property
    def line(self) -> str:
        rounded = {**asdict(self), "value": round(self.value, 3)}
        if self.ratio is not None:
            rounded["ratio"] = round(self.ratio, 3)
        return json.dumps(rounded)

    def show(self) -> None:
        print(self.line, flush=True)  # noqa: T201 - printing is what it is for


class Report:
    """Shows figures as they come, and keeps them if the run has a name."""

    def __init__(self, kept_in: Path | None) -> None:
        self._kept_in = kept_in
        self._lines: list[str] = []

    def add(self, *figures: Figure) -> None:
        for figure in figures:
            figure.show()
            self._lines.append(figure.line)

    def keep(self) -> None:
        """Only a whole run is kept."""
        if self._kept_in is not None:
            self._kept_in.parent.mkdir(exist_ok=True)
            self._kept_in.write_text("".join(f"{line}\n" for line in self._lines))


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def latencies(name: str, seconds: Sequence[float], target: str | None = None) -> Sequence[Figure]:
    """The median and the 99th percentile, which is the one that has a target."""
    middle, high = (percentile(seconds, share) * MILLISECONDS for share in (0.5, 0.99))
    return (
        Figure(name=f"{name}_p50", value=middle, unit="ms"),
        Figure(name=f"{name}_p99", value=high, unit="ms", target=target),
    )
