"""What a benchmark prints: one JSON line a figure."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """`ratio` compares with the engine's own limit, measured in the same run."""

    name: str
    value: float
    unit: str
    ratio: float | None = None
    target: str | None = None

    def show(self) -> None:
        rounded = {**asdict(self), "value": round(self.value, 3)}
        if self.ratio is not None:
            rounded["ratio"] = round(self.ratio, 3)
        print(json.dumps(rounded), flush=True)  # noqa: T201 - printing is what it is for


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
