"""How our values become Temporal payloads: JSON by pydantic, then encryption."""

from dataclasses import replace
from typing import Any

from pydantic import ValidationError
from temporalio.api.common.v1 import Payload
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    DefaultPayloadConverter,
    JSONPlainPayloadConverter,
)

from adapters.keysets import AeadKeyset
from adapters.temporal.codec import EncryptingCodec


def data_converter(keyset: AeadKeyset, namespace: str) -> DataConverter:
    """The converter of every client, worker and replayer of a namespace."""
    return replace(
        DataConverter.default,
        payload_converter_class=DiscreetPayloadConverter,
        payload_codec=EncryptingCodec(keyset, namespace),
        # Messages and stack traces of failures would be stored in clear text otherwise.
        failure_converter_class=DefaultFailureConverterWithEncodedAttributes,
    )


class UnexpectedPayloadError(ValueError):
    """The payload does not fit the type; the text names fields and rules, never values."""


class DiscreetPayloadConverter(CompositePayloadConverter):
    """The pydantic converter, except that no error of it quotes what it could not read.

    Workers log such errors, and personal data must not reach a log.
    """

    def __init__(self) -> None:
        super().__init__(
            *(
                _DiscreetJSONConverter()
                if isinstance(converter, JSONPlainPayloadConverter)
                else converter
                for converter in DefaultPayloadConverter.default_encoding_payload_converters
            )
        )


class _DiscreetJSONConverter(PydanticJSONPlainPayloadConverter):
    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        try:
            return super().from_payload(payload, type_hint)
        except ValidationError as error:
            problems = "; ".join(
                f"{'.'.join(str(part) for part in problem['loc'])}: {problem['type']}"
                for problem in error.errors(include_input=False, include_url=False)
            )
            raise UnexpectedPayloadError(f"not a {error.title}: {problems}") from None
