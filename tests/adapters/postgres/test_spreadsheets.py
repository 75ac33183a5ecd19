import csv
import io
from datetime import datetime

import pytest

from adapters.postgres.spreadsheets import csv_bytes
from payments.invoice import WIB


@pytest.mark.parametrize("text", ["=1+1", "+62", "-1", "@now", "\t=1", "\r=1", " =1"])
def test_what_came_from_elsewhere_is_no_formula(text: str) -> None:
    ((cell,),) = csv.reader(io.StringIO(csv_bytes([[text]]).decode()))

    assert cell == f"'{text.strip()}"


def test_numbers_stay_numbers_and_instants_are_utc() -> None:
    at = datetime(2026, 11, 23, 7, 0, 0, 123456, tzinfo=WIB)

    assert csv_bytes([[-5, None, at, "a,b"]]) == b'-5,,2026-11-23T00:00:00+00:00,"a,b"\n'
