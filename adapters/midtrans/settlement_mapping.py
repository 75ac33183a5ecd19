"""The mapping file: how an export calls its columns, and which fees are agreed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from adapters.midtrans.settlement_columns import Column
from payments.errors import FieldProblem, InvalidRequestError
from payments.methods import PaymentMethod
from payments.settlements import ExpectedFee, FeeTable


@dataclass(frozen=True, slots=True)
class SettlementMapping:
    columns: Mapping[Column, str] = field(default_factory=dict)
    fees: FeeTable = field(default_factory=FeeTable)


class _Fee(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    # As text: a binary 0.7 is not seven tenths.
    percent: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,2}(\.[0-9]{1,4})?$")] = "0"
    flat: Annotated[int, Field(ge=0)] = 0


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    columns: dict[Column, Annotated[str, StringConstraints(min_length=1)]] = {}
    fees: dict[PaymentMethod, _Fee] = {}
    tolerance: Annotated[int, Field(ge=0)] = 1


def read_mapping(text: str | bytes) -> SettlementMapping:
    """Read the JSON document; InvalidRequestError names each member that is wrong."""
    try:
        document = _Document.model_validate_json(text)
    except ValidationError as error:
        raise InvalidRequestError(tuple(map(_problem, error.errors()))) from None
    fees = {method: _expected(fee) for method, fee in document.fees.items()}
    return SettlementMapping(document.columns, FeeTable(fees, document.tolerance))


def _expected(fee: _Fee) -> ExpectedFee:
    return ExpectedFee(Fraction(fee.percent), fee.flat)


def _problem(error: Mapping[str, object]) -> FieldProblem:
    place = error["loc"]
    assert isinstance(place, tuple), "pydantic says so"
    names = [str(part) for part in place if part != "[key]"]
    return FieldProblem(".".join(("mapping", *names)), str(error["msg"]))
