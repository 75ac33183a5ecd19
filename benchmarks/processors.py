"""How much time of the processors each part of a stack has taken, as the kernel counts it."""

import os
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from benchmarks.figures import MILLISECONDS

# Of `/proc/<id>/stat`, counted from behind the name (proc(5)): ppid; utime, stime, cutime, cstime.
_PARENT, _TIMES = 1, slice(11, 15)


def milliseconds(parts: Mapping[str, int]) -> Counter[str]:
    """Of each part: its process, the children of that, and what those took that have ended."""
    names = {process_id: name for name, process_id in parts.items()}
    taken: Counter[str] = Counter()
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue  # it has just ended
        name = names.get(int(stat.parent.name)) or names.get(int(fields[_PARENT]))
        if name is not None:
            taken[name] += sum(map(int, fields[_TIMES])) * MILLISECONDS // os.sysconf("SC_CLK_TCK")
    return taken
