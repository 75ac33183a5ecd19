"""What the answers to a refund, and to the void of a card, mean (fact sheet §5.7, §5.5)."""

import json
from collections.abc import Awaitable
from dataclasses import replace
from typing import Protocol

import pytest

from adapters.midtrans.gateway import MidtransGateway
from adapters.midtrans.refunds import REASON_LENGTH_MAX
from payments.errors import (
    GatewayBusyError,
    GatewayRefusedError,
    GatewayUnknownError,
    GatewayUnreachableError,
)
from payments.refunds import RefundAnswer, RefundOrder, RefundOutcome
from tests.adapters.midtrans.planned_server import Manner, Planned, PlannedServer

ACCEPTED = RefundAnswer(outcome=RefundOutcome.ACCEPTED)
VOIDED = RefundAnswer(outcome=RefundOutcome.VOIDED)
NOT_YET = RefundAnswer(outcome=RefundOutcome.NOT_YET)
REFUSED_412 = RefundAnswer(outcome=RefundOutcome.REFUSED, gateway_code="412")
NO_ANSWER = Planned(manner=Manner.DROP)
STATUS, REFUND, CANCEL = "/v2/T-1/status", "/v2/T-1/refund", "/v2/T-1/cancel"


class Told(Protocol):
    def __call__(self, word: str, *keys: str, refunded: int = 0) -> Planned: ...


class Answered(Protocol):
    def __call__(self, *plan: Planned, is_whole: bool = False) -> Awaitable[RefundAnswer]: ...


@pytest.fixture
def told(pending: dict[str, object]) -> Told:
    """How the transaction stands; `keys` are those of its refunds."""

    def tell(word: str, *keys: str, refunded: int = 0) -> Planned:
        refunds = [{"refund_key": key, "refund_amount": "100000.00"} for key in keys]
        block = {"refunds": refunds, "refund_amount": f"{refunded}.00"} if refunded else {}
        return Planned(body=json.dumps(pending | {"transaction_status": word} | block))

    return tell


@pytest.fixture
def answered(
    planned_gateway: MidtransGateway, server: PlannedServer, wanted: RefundOrder
) -> Answered:
    """Give the money back while the gateway answers like this."""

    def give(*plan: Planned, is_whole: bool = False) -> Awaitable[RefundAnswer]:
        server.plan = list(plan)
        return planned_gateway.give_back(replace(wanted, is_whole=is_whole))

    return give


@pytest.fixture
def approved(wanted: RefundOrder) -> dict[str, object]:
    """Midtrans' answer to a refund it took."""
    return {
        "status_code": "200",
        "transaction_status": "partial_refund",
        "refund_amount": "100000.00",
        "refund_key": wanted.gateway_key,
    }


def saying(document: dict[str, object]) -> Planned:
    return Planned(body=json.dumps(document))


def refusal(code: str) -> Planned:
    return saying({"status_code": code})


def sent(server: PlannedServer) -> list[str]:
    return [received.path for received in server.received]


async def test_the_whole_wish_is_sent(
    planned_gateway: MidtransGateway,
    server: PlannedServer,
    wanted: RefundOrder,
    told: Told,
    approved: dict[str, object],
) -> None:
    server.plan = [told("settlement"), saying(approved)]

    await planned_gateway.give_back(replace(wanted, transaction_id="A1/2 x", reason="x" * 300))

    received = server.received[-1]
    assert (received.method, received.path) == ("POST", "/v2/A1%2F2%20x/refund")
    assert json.loads(received.body) == {
        "refund_key": wanted.gateway_key,
        "amount": 100_000,
        "reason": "x" * REASON_LENGTH_MAX,
    }


@pytest.mark.parametrize(
    "difference",
    [
        pytest.param({"status_code": "201"}, id="it waits at the acquirer"),
        pytest.param({"refund_amount": "300000.00"}, id="the sum of all refunds"),
        pytest.param({"refund_amount": None}, id="no amount"),
    ],
)
async def test_a_refund_that_midtrans_took_is_accepted(
    answered: Answered, told: Told, approved: dict[str, object], difference: dict[str, object]
) -> None:
    assert await answered(told("settlement"), saying(approved | difference)) == ACCEPTED


UNCLEAR = [
    pytest.param({"refund_key": "another"}, id="another refund"),
    pytest.param({"refund_key": None}, id="no key"),
    pytest.param({"status_code": "299"}, id="a code not known"),
    pytest.param({"status_code": "202", "transaction_status": "refund"}, id="contradiction"),
    pytest.param({"status_code": "406"}, id="the key is used"),
]


@pytest.mark.parametrize("difference", UNCLEAR)
async def test_what_the_answer_leaves_open_the_list_of_refunds_decides(
    answered: Answered,
    server: PlannedServer,
    told: Told,
    approved: dict[str, object],
    difference: dict[str, object],
) -> None:
    listed = told("partial_refund", "another", str(approved["refund_key"]), refunded=200_000)
    unclear = saying(approved | difference)

    assert await answered(told("settlement"), unclear, listed) == ACCEPTED

    assert sent(server) == [STATUS, REFUND, STATUS]


@pytest.mark.parametrize("difference", UNCLEAR)
async def test_what_is_not_listed_either_stays_unknown(
    answered: Answered, told: Told, approved: dict[str, object], difference: dict[str, object]
) -> None:
    listed = told("partial_refund", "another", refunded=100_000)

    with pytest.raises(GatewayUnknownError):
        await answered(told("settlement"), saying(approved | difference), listed)


async def test_a_refund_that_is_listed_is_not_sent_again(
    answered: Answered, server: PlannedServer, wanted: RefundOrder, told: Told
) -> None:
    listed = told("partial_refund", wanted.gateway_key, refunded=100_000)

    assert await answered(listed) == ACCEPTED

    assert sent(server) == [STATUS]


async def test_a_card_that_settles_before_the_cancel_arrives_is_refunded(
    answered: Answered, server: PlannedServer, told: Told, approved: dict[str, object]
) -> None:
    answer = await answered(told("capture"), refusal("412"), saying(approved), is_whole=True)

    assert answer == ACCEPTED
    assert sent(server) == [STATUS, CANCEL, REFUND]


@pytest.mark.parametrize(
    ("word", "answer"),
    [
        pytest.param("cancel", VOIDED, id="voided meanwhile"),
        pytest.param("capture", NOT_YET, id="neither void nor refund before settlement"),
        pytest.param("settlement", NOT_YET, id="settled a moment too late"),
        pytest.param("deny", NOT_YET, id="reversed meanwhile: the next try sees that"),
    ],
)
async def test_a_card_in_capture_that_permits_nothing_is_tried_again(
    answered: Answered, told: Told, word: str, answer: RefundAnswer
) -> None:
    not_permitted = refusal("412")

    assert answer == await answered(
        told("capture"), not_permitted, not_permitted, told(word), is_whole=True
    )


@pytest.mark.parametrize("word", ["settlement", "deny"])
async def test_a_state_that_permits_no_refund_refuses_it(
    answered: Answered, told: Told, word: str
) -> None:
    assert await answered(told(word), refusal("412"), told(word)) == REFUSED_412


async def test_a_state_that_permits_no_refund_any_more_may_be_due_to_this_one(
    answered: Answered, wanted: RefundOrder, told: Told
) -> None:
    listed = told("refund", wanted.gateway_key, refunded=100_000)

    assert await answered(told("settlement"), refusal("412"), listed) == ACCEPTED


@pytest.mark.parametrize("code", ["400", "501"])
async def test_what_can_never_be_is_refused_with_its_code(
    answered: Answered, told: Told, code: str
) -> None:
    answer = await answered(told("settlement"), refusal(code))

    assert answer == RefundAnswer(outcome=RefundOutcome.REFUSED, gateway_code=code)


async def test_one_absence_never_ends_a_refund(answered: Answered, told: Told) -> None:
    with pytest.raises(GatewayUnknownError):
        await answered(told("settlement"), refusal("404"))


@pytest.mark.parametrize("code", ["401", "402", "403", "410"])
@pytest.mark.parametrize("word", ["settlement", "capture"])
async def test_what_our_own_account_lacks_is_no_answer_about_the_refund(
    answered: Answered, told: Told, word: str, code: str
) -> None:
    with pytest.raises(GatewayRefusedError) as raised:
        await answered(told(word), refusal(code), is_whole=True)

    assert raised.value.gateway_code == code


@pytest.mark.parametrize(
    "planned",
    [
        pytest.param(NO_ANSWER, id="no answer"),
        pytest.param(Planned(manner=Manner.HOLD), id="too late an answer"),
        pytest.param(refusal("503"), id="503"),
        pytest.param(Planned(status=202), id="an equal request runs"),
    ],
)
@pytest.mark.parametrize(("word", "path"), [("settlement", REFUND), ("capture", CANCEL)])
async def test_what_may_have_been_given_back_is_not_sent_twice(
    answered: Answered, server: PlannedServer, told: Told, word: str, path: str, planned: Planned
) -> None:
    with pytest.raises(GatewayUnknownError):
        await answered(told(word), planned, is_whole=True)

    assert sent(server) == [STATUS, path]


async def test_a_gateway_that_asks_for_patience_is_not_asked_on(
    answered: Answered, server: PlannedServer, told: Told
) -> None:
    with pytest.raises(GatewayBusyError):
        await answered(told("settlement"), Planned(status=429))

    assert sent(server) == [STATUS, REFUND]


async def test_a_look_up_that_fails_after_a_refusal_leaves_the_refund_unknown(
    answered: Answered, told: Told
) -> None:
    with pytest.raises(GatewayUnknownError):
        await answered(told("settlement"), refusal("412"), NO_ANSWER)


async def test_a_gateway_that_cannot_be_reached_was_not_asked(
    answered: Answered, server: PlannedServer
) -> None:
    server.stop()

    with pytest.raises(GatewayUnreachableError):
        await answered()
