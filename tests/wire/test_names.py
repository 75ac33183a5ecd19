"""Names that Temporal, the database, checkouts and operators keep are for ever (DESIGN §4)."""

from tests.wire.names import collect, flat, recorded

HOW_TO_RECORD = "python -m tests.wire.names"


async def test_no_name_that_the_outside_keeps_is_renamed_or_taken_away() -> None:
    missing = flat(recorded()) - flat(await collect())

    assert not missing, (
        "These names are gone. Running payments, stored rows or callers still use them, and break:"
        f" {_lines(missing)}\nBring them back. Only when nobody can have used them yet, forget them:"
        f" {HOW_TO_RECORD}"
    )


async def test_every_name_that_the_outside_keeps_is_recorded() -> None:
    added = flat(await collect()) - flat(recorded())

    assert not added, (
        "These names are new, and will be for ever once released. Read them twice:"
        f" {_lines(added)}\nthen record them: {HOW_TO_RECORD}"
    )


def _lines(names: set[str]) -> str:
    return "".join(f"\n  {name}" for name in sorted(names))
