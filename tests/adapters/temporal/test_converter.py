"""Every type that an activity or a message takes or gives survives the trip exactly."""

import inspect
from collections.abc import Iterator
from dataclasses import is_dataclass
from datetime import UTC, datetime, timedelta
from types import UnionType
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from temporalio.converter import PayloadConverter

from activities.documents import DocumentActivities
from activities.gateway import GatewayActivities
from activities.records import RecordActivities
from adapters.keysets import AeadKeyset
from adapters.temporal.converter import (
    DiscreetPayloadConverter,
    UnexpectedPayloadError,
    data_converter,
)
from payments.request import Customer
from workflows import messages


def travelling_types() -> Iterator[Any]:
    for activities in (RecordActivities, GatewayActivities, DocumentActivities):
        for _, method in inspect.getmembers(activities, inspect.isfunction):
            if hasattr(method, "__temporal_activity_definition"):
                yield from get_type_hints(method).values()
    for _, kind in inspect.getmembers(messages, is_dataclass):
        yield kind


def values_of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a type hint, as far as our frozen dataclasses use them."""
    if get_origin(hint) is UnionType:
        return st.one_of([values_of(part) for part in get_args(hint)])
    if get_origin(hint) is tuple:
        return tuples_of(get_args(hint))
    if isinstance(hint, type) and is_dataclass(hint):
        return st.builds(hint, **{n: values_of(h) for n, h in get_type_hints(hint).items()})
    if hint is datetime:
        return st.datetimes(timezones=st.just(UTC)).map(lambda at: at.replace(fold=0))
    if hint is timedelta:
        return st.timedeltas(timedelta(), timedelta(days=3650))
    return st.from_type(hint)


def tuples_of(parts: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if parts[1:] == (...,):
        return st.lists(values_of(parts[0]), max_size=3).map(tuple)
    return st.tuples(*(values_of(part) for part in parts))


@pytest.fixture
def converter(keyset: AeadKeyset) -> PayloadConverter:
    return data_converter(keyset, "shop").payload_converter


@pytest.mark.parametrize("hint", sorted(set(travelling_types()), key=str), ids=str)
@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_a_value_comes_back_equal_and_of_the_same_types(hint: Any, data: st.DataObject) -> None:
    converter = DiscreetPayloadConverter()
    value = data.draw(values_of(hint))

    back = converter.from_payload(converter.to_payload(value), hint)

    assert back == value
    # A tuple equals no list, but a StrEnum equals its text: only repr tells them apart.
    assert repr(back).replace("TzInfo(0)", "datetime.timezone.utc") == repr(value)


def test_what_does_not_fit_is_named_but_not_quoted(converter: PayloadConverter) -> None:
    payload = converter.to_payload({"name": "Sari Dewi", "email": ["sari@example.com"]})

    with pytest.raises(UnexpectedPayloadError) as raised:
        converter.from_payload(payload, Customer)

    assert str(raised.value) == "not a Customer: email: must be a text"
    assert raised.value.__suppress_context__
