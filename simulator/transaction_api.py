"""What a merchant can ask of a transaction: its status, and to be ended, judged or paid back."""

from http import HTTPStatus

from starlette.routing import Route

from simulator.answers import Answer, GatewayError, invalid
from simulator.calls import READING, Call, Operation
from simulator.documents import amount_text, charge_answer, describe, status_answer
from simulator.refunds import RefundRequest
from simulator.transactions import Status, Transaction
from simulator.world import World

_LONGEST_REASON = 255
_PAGE, _PAGE_SIZE = 0, 10


def routes() -> list[Route]:
    """List the routes; what changes a transaction is a POST and takes an idempotency key."""
    status = Operation("status", read_status, READING)
    b2b = Operation("status", read_status_b2b, READING)
    direct = Operation("refund", refund_directly)
    return [
        Route("/v2/{id}/status", status, methods=["GET"]),
        Route("/v2/{id}/status/b2b", b2b, methods=["GET"]),
        Route("/v2/{id}/cancel", Operation("cancel", cancel), methods=["POST"]),
        Route("/v2/{id}/expire", Operation("expire", expire), methods=["POST"]),
        Route("/v2/{id}/approve", Operation("approve", approve), methods=["POST"]),
        Route("/v2/{id}/deny", Operation("deny", deny), methods=["POST"]),
        Route("/v2/{id}/refund", Operation("refund", refund), methods=["POST"]),
        Route("/v2/{id}/refund/online/direct", direct, methods=["POST"]),
        Route("/v2/capture", Operation("capture", capture), methods=["POST"]),
    ]


def read_status(world: World, call: Call) -> Answer:
    return Answer(status_answer(_transaction(world, call)))


def read_status_b2b(world: World, call: Call) -> Answer:
    """List the payments of a bill whose number the merchant chose, the newest first."""
    order_id = _transaction(world, call).order_id
    found = [each for each in world.ledger.of_order(order_id) if each.b2b]
    if not found:
        raise GatewayError(HTTPStatus.NOT_FOUND)
    size = _number(call, "per_page", _PAGE_SIZE)
    start = _number(call, "page", _PAGE) * size
    return Answer(
        {
            "status_code": "200",
            "status_message": "Success, transactions are retrieved",
            "transactions": [status_answer(each) for each in found[::-1][start : start + size]],
        }
    )


def cancel(world: World, call: Call) -> Answer:
    transaction = _transaction(world, call)
    if transaction.status is Status.PENDING and not transaction.method.cancellable:
        raise GatewayError(HTTPStatus.PRECONDITION_FAILED)
    world.lifecycle.cancel(transaction)
    return Answer(describe(transaction, "200", "Success, transaction is canceled"))


def expire(world: World, call: Call) -> Answer:
    transaction = _transaction(world, call)
    if transaction.status is not Status.PENDING or not transaction.method.expirable:
        raise GatewayError(HTTPStatus.PRECONDITION_FAILED)
    world.lifecycle.expire(transaction)
    return Answer(describe(transaction, "407", transaction.method.expired_message))


def approve(world: World, call: Call) -> Answer:
    transaction = _transaction(world, call)
    world.lifecycle.approve(transaction)
    return Answer(describe(transaction, "200", "Success, transaction is approved"))


def deny(world: World, call: Call) -> Answer:
    transaction = _transaction(world, call)
    world.lifecycle.reject_challenge(transaction)
    return Answer(describe(transaction, "200", "Success, transaction is denied"))


def capture(world: World, call: Call) -> Answer:
    """Take what a card holds for us, all of it unless an amount is given."""
    named = call.body.text("transaction_id")
    if named is None:
        raise invalid("transaction_id is required")
    transaction = world.ledger.find(named, call.merchant.merchant_id)
    if transaction is None:
        raise GatewayError(HTTPStatus.NOT_FOUND)
    amount = transaction.gross_amount
    if call.body.has("gross_amount"):
        amount = call.body.whole("gross_amount") or 0
    if not 0 < amount <= transaction.gross_amount:
        raise invalid("gross_amount must be between 1 and the authorized amount")
    if call.denied and transaction.status is Status.AUTHORIZE:
        # The bank would not; what it holds stays held.
        refused = describe(transaction, "202", "Deny by Bank with code [05] and message [Failed]")
        return Answer(refused | {"transaction_status": "deny"})
    world.lifecycle.capture(transaction, amount)
    return Answer(charge_answer(transaction, "200", transaction.status_message))


def refund(world: World, call: Call) -> Answer:
    return _refund(world, call, "Success, refund request is approved", direct=False)


def refund_directly(world: World, call: Call) -> Answer:
    return _refund(world, call, "Success, refund request is approved by the bank", direct=True)


def _refund(world: World, call: Call, message: str, *, direct: bool) -> Answer:
    transaction = _transaction(world, call)
    body = call.body
    reason = body.text("reason") or ""
    if body.has("amount") and body.whole("amount") is None:
        raise invalid("amount is not a number")
    if len(reason) > _LONGEST_REASON:
        raise invalid("reason is too long (maximum is 255 characters)")
    request = RefundRequest(body.text("refund_key") or "", body.whole("amount"), reason, direct)
    if call.denied:
        world.refunds.check(transaction, request)
        refused = describe(transaction, "202", "Refund denied by the bank")
        return Answer(_known_by_its_ids(transaction, refused | {"refund_amount": amount_text(0)}))
    refund = world.refunds.give(transaction, request)
    shown = transaction.refunded_amount if direct else refund.amount
    given = describe(transaction, "200", message) | {
        "refund_chargeback_id": refund.chargeback_id,
        "refund_chargeback_uuid": refund.chargeback_uuid,
        "refund_amount": amount_text(shown),
        "refund_key": refund.key,
    }
    return Answer(_known_by_its_ids(transaction, given))


def _known_by_its_ids(transaction: Transaction, answer: dict[str, object]) -> dict[str, object]:
    """Name a DANA refund as DANA does: the gateway's id stands where the order's belongs."""
    if transaction.method.found_by_order_id:
        return answer
    del answer["transaction_id"]
    return answer | {"order_id": transaction.transaction_id}


def _transaction(world: World, call: Call) -> Transaction:
    named = call.path["id"]
    transaction = world.ledger.find(named, call.merchant.merchant_id)
    if transaction is None:
        raise GatewayError(HTTPStatus.NOT_FOUND)
    findable = transaction.method.found_by_order_id or world.behaviour.dana_by_order_id
    if not findable and named != transaction.transaction_id:
        raise GatewayError(HTTPStatus.NOT_FOUND)
    return transaction


def _number(call: Call, name: str, default: int) -> int:
    text = call.query.get(name, "")
    return int(text) if text.isascii() and text.isdigit() else default
