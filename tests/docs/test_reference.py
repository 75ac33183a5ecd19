"""docs/reference.md says what the code says."""

from tests.docs.reference import REFERENCE, reference


def test_the_reference_is_up_to_date() -> None:
    assert reference() == REFERENCE.read_text(), "run: python -m tests.docs.reference"
