"""How our values become Temporal payloads: JSON by pydantic, then encryption."""

from copy import copy
from dataclasses import dataclass
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails
from temporalio.api.common.v1 import Payload
from temporalio.api.failure.v1 import Failure
from temporalio.contrib.pydantic import PydanticJSONPlainPayloadConverter
from temporalio.converter import (
    CompositePayloadConverter,
    DataConverter,
    DefaultFailureConverterWithEncodedAttributes,
    DefaultPayloadConverter,
    EncodingPayloadConverter,
    JSONPlainPayloadConverter,
    PayloadConverter,
    SerializationContext,
    WithSerializationContext,
    WorkflowSerializationContext,
)
from temporalio.exceptions import ApplicationError

from adapters.keysets import AeadKeyset
from adapters.temporal.codec import SEALED_FOR, EncryptingCodec
from payments.actors import Acted
from payments.errors import (
    CaseUnknownError,
    InvalidRequestError,
    NotRefundableError,
    OrderConflictError,
    OrderUnknownError,
    RefundConflictError,
)


def data_converter(keyset: AeadKeyset, namespace: str) -> DataConverter:
    """The converter of every client, worker and replayer of a namespace."""
    return _FrugalDataConverter(
        payload_converter_class=DiscreetPayloadConverter,
        payload_codec=EncryptingCodec(keyset, namespace),
        # Messages and stack traces of failures would be stored in clear text otherwise.
        failure_converter_class=DiscreetFailureConverter,
    )


@dataclass(frozen=True)
class _FrugalDataConverter(DataConverter):
    def with_context(self, context: SerializationContext) -> Self:
        """As the SDK has it, for every payload anew; but nothing is made only to be replaced."""
        bound = copy(self)
        for part in ("payload_converter", "payload_codec"):
            object.__setattr__(bound, part, getattr(self, part).with_context(context))
        return bound


class UnexpectedPayloadError(ValueError):
    """The payload does not fit the type; the text names fields and rules, never values."""


class DiscreetPayloadConverter(CompositePayloadConverter):
    """The pydantic converter, except that no error of it quotes what it could not read.

    Workers log such errors, and personal data must not reach a log.
    """

    def __init__(self) -> None:
        super().__init__(*_CONVERTERS)


class DiscreetFailureConverter(DefaultFailureConverterWithEncodedAttributes):
    """Encrypts what failures say, except why an update is refused.

    The Web UI shows that to whoever has sent the update, but does not decode it.
    """

    def to_failure(
        self, exception: BaseException, payload_converter: PayloadConverter, failure: Failure
    ) -> None:
        super().to_failure(exception, payload_converter, failure)
        # The SDK wraps what a payload converter raises.
        unexpected = exception.__cause__ or exception
        if isinstance(unexpected, UnexpectedPayloadError):
            failure.message = str(unexpected)
        elif isinstance(exception, ApplicationError) and exception.type in _REFUSALS:
            failure.message = "; ".join(map(_without_amount, exception.message.split("; ")))


# Their texts consist of ids, fields and rules.
_REFUSALS = frozenset(
    {InvalidRequestError.code, OrderUnknownError.code, OrderConflictError.code}
    | {CaseUnknownError.code, RefundConflictError.code, NotRefundableError.code}
    | {"already_paid", "attempt_conflict", "not_in_review", "not_retryable"}
)


def _without_amount(problem: str) -> str:
    """A rule about an amount names one, which is for those only who may decode it."""
    field = problem.partition(": ")[0]
    is_amount = field.startswith(("amount", "items"))
    return f"{field}: breaks a rule, which the event history tells" if is_amount else problem


class _DiscreetJSONConverter(EncodingPayloadConverter, WithSerializationContext):
    """A message that one of our processes has sealed for this very run is believed about its actor.

    Any other was typed by somebody: its actor is unverified, and a member that is not known is an
    error, since a misspelt one might mean more than its absence.
    """

    def __init__(self, plain: PydanticJSONPlainPayloadConverter, run: bytes | None = None) -> None:
        self._plain = plain
        self._run = run

    @property
    def encoding(self) -> str:
        return self._plain.encoding

    def with_context(self, context: SerializationContext) -> Self:
        if not isinstance(context, WorkflowSerializationContext):
            return self
        return type(self)(self._plain, context.workflow_id.encode())

    def to_payload(self, value: Any) -> Payload | None:
        return self._plain.to_payload(value)

    def from_payload(self, payload: Payload, type_hint: type | None = None) -> Any:
        try:
            if not isinstance(type_hint, type) or not issubclass(type_hint, Acted):
                return self._plain.from_payload(payload, type_hint)
            if self._run in (None, payload.metadata.get(SEALED_FOR)):
                return self._plain.from_payload(payload, type_hint)
            act = TypeAdapter(type_hint).validate_json(payload.data, extra="forbid")
        except ValidationError as error:
            problems = "; ".join(
                _problem(each) for each in error.errors(include_input=False, include_url=False)
            )
            raise UnexpectedPayloadError(f"not a {error.title}: {problems}") from None
        return act.on_its_word()


# One of each for all payload converters, which the SDK makes for every run and every payload: that
# of pydantic keeps what it has built to read each type, which takes milliseconds.
_CONVERTERS = tuple(
    _DiscreetJSONConverter(PydanticJSONPlainPayloadConverter())
    if isinstance(converter, JSONPlainPayloadConverter)
    else converter
    for converter in DefaultPayloadConverter.default_encoding_payload_converters
)


def _problem(error: ErrorDetails) -> str:
    """Field and rule; pydantic's own words for a rule might quote the value."""
    field = ".".join(str(part) for part in error["loc"]) or "the input"
    kind = error["type"]
    if kind == "enum":
        return f"{field}: must be {error['ctx']['expected']}"
    return f"{field}: {_RULES.get(kind, kind)}"


_RULES = {
    "missing": "must be given",
    "unexpected_keyword_argument": "is not known here",
    "dataclass_type": "must be a JSON object",
    "json_invalid": "must be JSON",
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "string_type": "must be a text",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
}
