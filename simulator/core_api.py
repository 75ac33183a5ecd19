"""The Core API: charge, status, and what can be done to a transaction."""

from http import HTTPStatus

from starlette.routing import Route

from simulator.answers import Answer, GatewayError, invalid
from simulator.body import Body
from simulator.calls import Call, Operation
from simulator.cards import passes_luhn
from simulator.documents import amount_text, charge_answer, describe, status_answer
from simulator.methods import Method, charged_method, variant_field
from simulator.opening import Opening, core_expiry
from simulator.order_request import read_order
from simulator.refunds import RefundRequest
from simulator.transactions import Fraud, Status, Transaction
from simulator.world import World

_CARD_LENGTHS = range(13, 20)
_LONGEST_REASON = 255
_PENDING_3DS = "Success, Credit Card 3D Secure transaction is pending"


def routes() -> list[Route]:
    """List the routes; what changes a transaction is a POST and takes an idempotency key."""
    token = Operation("token", create_token, keyed=False, client_key=True)
    status = Operation("status", read_status, keyed=False)
    return [
        Route("/v2/charge", Operation("charge", charge), methods=["POST"]),
        Route("/v2/token", token, methods=["GET"]),
        Route("/v2/{id}/status", status, methods=["GET"]),
        Route("/v2/{id}/cancel", Operation("cancel", cancel), methods=["POST"]),
        Route("/v2/{id}/expire", Operation("expire", expire), methods=["POST"]),
        Route("/v2/{id}/approve", Operation("approve", approve), methods=["POST"]),
        Route("/v2/{id}/deny", Operation("deny", deny), methods=["POST"]),
        Route("/v2/{id}/refund", Operation("refund", refund), methods=["POST"]),
        Route(
            "/v2/{id}/refund/online/direct", Operation("refund", refund_directly), methods=["POST"]
        ),
    ]


def charge(world: World, call: Call) -> Answer:
    order, problems = read_order(call.body)
    if not call.body.has("payment_type"):
        problems = ["payment_type is required", *problems]
    if order is None or problems:
        raise invalid(*problems)
    method = _method(call.body)
    if world.ledger.order_id_is_taken(order.order_id, call.merchant.merchant_id):
        raise GatewayError(HTTPStatus.NOT_ACCEPTABLE)
    opening = Opening(
        merchant=call.merchant,
        order=order,
        method=method,
        request=call.body,
        destination=call.destination,
        base_url=call.base_url,
        expires_at=core_expiry(method, call.body, world.clock.now()),
        options=call.body.section(method.payment_type),
    )
    if method.name == "credit_card":
        return _card_answer(world.teller.charge(opening))
    transaction = world.opener.open(opening)
    return Answer(charge_answer(transaction, "201", method.created_message))


def create_token(world: World, call: Call) -> Answer:
    saved = call.query.get("token_id")
    if saved is not None:
        number = world.cards.saved_number(saved)
        if number is None:
            raise GatewayError(HTTPStatus.LENGTH_REQUIRED)
    else:
        number = call.query.get("card_number", "").replace(" ", "")
        problems = _card_problems(world, number, call)
        if problems:
            raise invalid(*problems)
    return Answer(
        {
            "status_code": "200",
            "status_message": "Credit card token is created as Token ID.",
            "token_id": world.cards.tokenize(number),
            "hash": f"{number[:8]}-{number[-4:]}-xxxx",
        }
    )


def read_status(world: World, call: Call) -> Answer:
    return Answer(status_answer(_transaction(world, call)))


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
    return Answer(describe(transaction, "407", "Success, transaction has expired"))


def approve(world: World, call: Call) -> Answer:
    transaction = _transaction(world, call)
    world.lifecycle.approve(transaction)
    return Answer(describe(transaction, "200", "Success, transaction is approved"))


def deny(world: World, call: Call) -> Answer:
    transaction = _transaction(world, call)
    world.lifecycle.reject_challenge(transaction)
    return Answer(describe(transaction, "200", "Success, transaction is denied"))


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
    refund = world.refunds.give(transaction, request)
    shown = transaction.refunded_amount if direct else refund.amount
    return Answer(
        describe(transaction, "200", message)
        | {
            "refund_chargeback_id": refund.chargeback_id,
            "refund_chargeback_uuid": refund.chargeback_uuid,
            "refund_amount": amount_text(shown),
            "refund_key": refund.key,
        }
    )


def _transaction(world: World, call: Call) -> Transaction:
    named = call.path["id"]
    transaction = world.ledger.find(named, call.merchant.merchant_id)
    if transaction is None:
        raise GatewayError(HTTPStatus.NOT_FOUND)
    if not transaction.method.found_by_order_id and named != transaction.transaction_id:
        raise GatewayError(HTTPStatus.NOT_FOUND)
    return transaction


def _method(body: Body) -> Method:
    payment_type = body.text("payment_type") or ""
    field = variant_field(payment_type)
    variant = ""
    if field is not None:
        variant = body.section(payment_type).text(field) or ""
        if not variant:
            raise invalid(f"{payment_type}.{field} is required")
    method = charged_method(payment_type, variant)
    if method is None:
        raise invalid(f"{payment_type} {variant}".strip() + " is not a supported payment type")
    return method


def _card_answer(transaction: Transaction) -> Answer:
    match transaction.status:
        case Status.PENDING:
            return Answer(charge_answer(transaction, "201", _PENDING_3DS))
        case Status.DENY:
            return Answer(charge_answer(transaction, "202", transaction.status_message))
        case _:
            code = "201" if transaction.fraud is Fraud.CHALLENGE else "200"
            return Answer(charge_answer(transaction, code, transaction.status_message))


def _card_problems(world: World, number: str, call: Call) -> list[str]:
    problems = []
    if not (number.isascii() and number.isdigit()) or len(number) not in _CARD_LENGTHS:
        problems.append("card_number must be 13 to 19 digits")
    elif not passes_luhn(number):
        problems.append("card_number does not match with luhn algorithm")
    now = world.clock.now()
    month, year = call.query.get("card_exp_month", ""), call.query.get("card_exp_year", "")
    if not month.isdigit() or int(month) not in range(1, 13):
        problems.append("card_exp_month is invalid")
    if not year.isdigit():
        problems.append("card_exp_year is invalid")
    elif int(year) < now.year:
        problems.append("card_exp_year must be greater than this year")
    return problems
