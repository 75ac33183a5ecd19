import pytest
import tink
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, LargeBinary, MetaData, Table

from adapters.keysets import load_aead, load_mac, new_aead_keyset, new_mac_keyset
from adapters.postgres.sealing import Cell, SealedColumn, Sealer, normal_email, normal_phone
from payments.request import PaymentRequest
from tests.payments.samples import REQUEST

SEALED: Column[bytes] = Column("sealed_request", LargeBinary)
OTHER: Column[bytes] = Column("sealed_other", LargeBinary)
TABLE = Table("orders", MetaData(), SEALED, OTHER)
CELL = Cell("orders", "sealed_request", ("SKT-1", 1))
PARTS = st.lists(st.text(max_size=5), max_size=3).map(tuple)
CELLS = st.builds(Cell, st.text(max_size=5), st.text(max_size=5), PARTS)


def test_a_value_opens_in_its_cell(sealer: Sealer) -> None:
    assert sealer.open(CELL, sealer.seal(CELL, b"secret")) == b"secret"


def test_equal_values_look_different(sealer: Sealer) -> None:
    assert sealer.seal(CELL, b"secret") != sealer.seal(CELL, b"secret")


@pytest.mark.parametrize(
    "elsewhere",
    [
        Cell("invoices", "sealed_request", ("SKT-1", 1)),
        Cell("orders", "sealed_document", ("SKT-1", 1)),
        Cell("orders", "sealed_request", ("SKT-2", 1)),
        Cell("orders", "sealed_request", ("SKT-1", 2)),
        Cell("orders", "sealed_request", ("SKT-11",)),
    ],
)
def test_a_value_copied_to_another_cell_does_not_open(sealer: Sealer, elsewhere: Cell) -> None:
    sealed = sealer.seal(CELL, b"secret")

    with pytest.raises(tink.TinkError):
        sealer.open(elsewhere, sealed)


@given(CELLS, CELLS)
def test_no_two_cells_look_alike(first: Cell, second: Cell) -> None:
    assert (first == second) is (first.associated_data == second.associated_data)


def test_a_document_survives(sealer: Sealer) -> None:
    column = SealedColumn(SEALED, PaymentRequest)

    assert column.open(sealer, column.seal(sealer, REQUEST, "SKT-1"), "SKT-1") == REQUEST


def test_a_digest_is_the_same_each_time_and_under_its_key_only(sealer: Sealer) -> None:
    other = Sealer(load_aead(new_aead_keyset()), load_mac(new_mac_keyset()))

    assert sealer.digest(SEALED, "a", "b") == sealer.digest(SEALED, "a", "b")
    assert sealer.digest(SEALED, "a", "b") != sealer.digest(SEALED, "ab")
    assert sealer.digest(SEALED, "a") != sealer.digest(OTHER, "a")
    assert sealer.digest(SEALED, "a") != other.digest(SEALED, "a")
    assert sealer.matches(sealer.digest(SEALED, "a"), SEALED, "a")
    assert not sealer.matches(sealer.digest(SEALED, "a"), SEALED, "b")


@pytest.mark.parametrize("written", ["sari@example.com", " Sari@Example.COM "])
def test_an_address_is_the_same_however_written(written: str) -> None:
    assert normal_email(written) == "sari@example.com"


@pytest.mark.parametrize("written", ["+62 812-3456-789", "08123456789", "62 8123456789"])
def test_a_number_is_the_same_however_written(written: str) -> None:
    assert normal_phone(written) == "628123456789"
