import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.invoice_pdf.typeface import BOLD, REGULAR, Typeface

SIZE = 8.5
WIDTH = 100.0


@pytest.fixture(scope="module", params=[REGULAR, BOLD], ids=["regular", "bold"])
def face(request: pytest.FixtureRequest) -> Typeface:
    typeface: Typeface = request.param
    typeface.register()
    return typeface


@settings(deadline=None)
@given(text=st.text(max_size=255))
def test_no_wrapped_line_is_wider_than_its_column_and_nothing_is_lost(
    face: Typeface, text: str
) -> None:
    wrapped = face.wrapped(text, SIZE, WIDTH)

    assert all(face.width(line, SIZE) <= WIDTH for line in wrapped.split("\n"))
    assert "".join(wrapped.split()) == "".join(face.writable(text).split())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("René Šimić", "René Šimić"),
        ("Rene\u0301", "René"),
        ("李明", "??"),
        ("Budi\u202eidub", "Budi?idub"),
        (" two  words\n", "two words"),
    ],
)
def test_what_the_font_lacks_is_shown_as_a_question_mark(
    face: Typeface, text: str, shown: str
) -> None:
    assert face.writable(text) == shown
