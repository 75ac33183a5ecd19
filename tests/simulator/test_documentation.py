import re
from pathlib import Path

from simulator.behaviour import Behaviour

TESTS = Path(__file__).parent
TEXT = (TESTS.parents[1] / "docs" / "simulator.md").read_text()
ROW = re.compile(r"^\| .+ \| ([0-9., ]+) \| `(test_\w+)` \|$", re.MULTILINE)
ANY_ROW = re.compile(r"^\| [^|]+ \| [^|]+ \| [^|]+ \|$", re.MULTILINE)


def test_every_row_of_the_conformance_table_names_a_test_that_exists() -> None:
    table = TEXT.partition("## Conformance")[2].partition("\n## ")[0]
    written = "\n".join(path.read_text() for path in TESTS.glob("test_*.py"))
    existing = set(re.findall(r"def (test_\w+)\(", written))

    rows = ROW.findall(table)

    assert len(rows) == len(ANY_ROW.findall(table)) - 1
    assert {name for _, name in rows} - existing == set()


def test_every_knob_is_documented() -> None:
    knobs = TEXT.partition("### Knobs")[2].partition("\n## ")[0]

    assert [name for name in Behaviour().described() if f"`{name}`" not in knobs] == []


def test_there_is_a_picture_for_each_one_shown() -> None:
    shown = re.findall(r'src="([^"]+)"', TEXT)

    assert shown
    assert all((TESTS.parents[1] / "docs" / name).is_file() for name in shown)
