"""Whose word a message is: that of our own processes, or of somebody who has typed it."""

import json
from typing import Any

import pytest
from temporalio.api.common.v1 import Payload
from temporalio.converter import DataConverter, WorkflowSerializationContext

from adapters.keysets import AeadKeyset
from adapters.temporal.codec import EncryptingCodec
from adapters.temporal.converter import UnexpectedPayloadError, data_converter
from payments.actors import Acted
from payments.gateway import ReviewDecision
from workflows.messages import RequestRefund, ResolveReview

NAMESPACE = "shop"
APPROVE = {"actor": "citra", "reason": "looked at it", "decision": "approve"}


def within(keyset: AeadKeyset, workflow_id: str = "payment/A-1") -> DataConverter:
    """The converter that clients and workers use about a run."""
    context = WorkflowSerializationContext(namespace=NAMESPACE, workflow_id=workflow_id)
    return data_converter(keyset, NAMESPACE).with_context(context)


def typed(members: object) -> Payload:
    """What a browser makes of what somebody types."""
    return Payload(metadata={"encoding": b"json/plain"}, data=json.dumps(members).encode())


async def read(keyset: AeadKeyset, payload: Payload, kind: type[Acted]) -> Any:
    (message,) = await within(keyset).decode([payload], [kind])
    return message


async def test_one_of_our_processes_is_believed(keyset: AeadKeyset) -> None:
    message = ResolveReview(actor="cli:citra", reason="x", decision=ReviewDecision.DENY)
    (sent,) = await within(keyset).encode([message])

    assert await read(keyset, sent, ResolveReview) == message


async def test_whatever_the_codec_server_has_encrypted_for_a_browser_is_unverified(
    keyset: AeadKeyset,
) -> None:
    sent = EncryptingCodec(keyset, NAMESPACE).seal(typed(APPROVE))

    message = await read(keyset, sent, ResolveReview)

    assert message.actor == "unverified:citra"
    assert message.decision is ReviewDecision.APPROVE


async def test_whatever_is_not_encrypted_is_unverified(keyset: AeadKeyset) -> None:
    assert (await read(keyset, typed(APPROVE), ResolveReview)).actor == "unverified:citra"


@pytest.mark.parametrize("is_sealed", [True, False])
async def test_claiming_to_be_one_of_our_processes_helps_nobody(
    keyset: AeadKeyset, *, is_sealed: bool
) -> None:
    sent = typed(APPROVE)
    for name in ("sealed-for", "encryption-workflow-id"):
        sent.metadata[name] = b"payment/A-1"
    if is_sealed:
        sent = EncryptingCodec(keyset, NAMESPACE).seal(sent)

    assert (await read(keyset, sent, ResolveReview)).actor == "unverified:citra"


async def test_a_message_copied_from_another_order_is_unverified(keyset: AeadKeyset) -> None:
    message = ResolveReview(actor="cli:citra", reason="x", decision=ReviewDecision.APPROVE)
    (copied,) = await within(keyset, "payment/B-2").encode([message])

    assert (await read(keyset, copied, ResolveReview)).actor == "unverified:cli:citra"


@pytest.mark.parametrize(
    ("kind", "members", "problem"),
    [
        (ResolveReview, APPROVE | {"decision": "maybe"}, "decision: must be 'approve' or 'deny'"),
        (ResolveReview, {"actor": "citra"}, "reason: must be given; decision: must be given"),
        (ResolveReview, APPROVE | {"reason": 7}, "reason: must be a text"),
        (ResolveReview, "approve", "the input: must be a JSON object"),
        (
            RequestRefund,
            {"actor": "citra", "reason": "x", "refund_key": "R-1", "amout": 50_000},
            "amout: is not known here",
        ),
        (
            RequestRefund,
            {"actor": "citra", "reason": "x", "refund_key": "R-1", "amount": 50_000},
            "amount: must be a JSON object",
        ),
    ],
)
async def test_what_was_typed_wrongly_is_told_by_field_and_rule(
    keyset: AeadKeyset, kind: type[Acted], members: object, problem: str
) -> None:
    with pytest.raises(UnexpectedPayloadError) as raised:
        await read(keyset, typed(members), kind)

    assert str(raised.value) == f"not a {kind.__name__}: {problem}"


async def test_a_newer_process_may_say_more_than_is_known_here(keyset: AeadKeyset) -> None:
    (sent,) = await within(keyset).encode([{**APPROVE, "actor": "cli:citra", "later": True}])

    assert (await read(keyset, sent, ResolveReview)).actor == "cli:citra"
