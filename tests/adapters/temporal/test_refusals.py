"""What a failure shows without being decoded."""

import pytest
from temporalio.api.failure.v1 import Failure
from temporalio.exceptions import ApplicationError

from adapters.keysets import AeadKeyset
from adapters.temporal.converter import UnexpectedPayloadError, data_converter


async def stored(keyset: AeadKeyset, error: Exception) -> Failure:
    failure = Failure()
    await data_converter(keyset, "shop").encode_failure(error, failure)
    return failure


@pytest.mark.parametrize(
    ("error", "shown"),
    [
        (
            ApplicationError("actor: must be somebody else than ani", type="invalid_request"),
            "actor: must be somebody else than ani",
        ),
        (
            ApplicationError("order A-1 has no case 7", type="case_unknown"),
            "order A-1 has no case 7",
        ),
        (
            UnexpectedPayloadError("not a Cancel: reason: must be given"),
            "not a Cancel: reason: must be given",
        ),
    ],
)
async def test_why_an_update_is_refused_is_shown(
    keyset: AeadKeyset, error: Exception, shown: str
) -> None:
    assert (await stored(keyset, error)).message == shown


@pytest.mark.parametrize(
    "error",
    [
        ApplicationError("declined for Sari Dewi", type="gateway_refused"),
        RuntimeError("Sari Dewi"),
        ApplicationError(
            "items: sum to 3500, but amount.value is 3600; amount.value: 1 to 3500: what is left",
            type="invalid_request",
        ),
    ],
)
async def test_nothing_else_is(keyset: AeadKeyset, error: Exception) -> None:
    failure = await stored(keyset, error)

    assert not any(secret in failure.SerializeToString() for secret in (b"Sari", b"3500", b"3600"))


async def test_whoever_may_decode_it_reads_all_of_it(keyset: AeadKeyset) -> None:
    text = "amount.value: 1 to 3500: what is left"
    failure = await stored(keyset, ApplicationError(text, type="invalid_request"))

    read = await data_converter(keyset, "shop").decode_failure(failure)

    assert isinstance(read, ApplicationError)
    assert read.message == text
