"""The Core API's charge."""

from http import HTTPStatus

from starlette.routing import Route

from simulator.account_teller import ACTIONS_REQUIRED
from simulator.answers import UNEXPECTED, Answer, GatewayError, invalid
from simulator.body import Body
from simulator.calls import Call, Manner, Operation
from simulator.documents import charge_answer
from simulator.methods import Method, charged_method, variant_field
from simulator.opening import Opening, core_expiry
from simulator.order_request import read_order
from simulator.transactions import Fraud, Status, Transaction
from simulator.world import World

# A charge's bad input is told by HTTP too: the official Node client's tests depend on it.
_REAL_CODES = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED, 500})
_PENDING_3DS = "Success, Credit Card 3D Secure transaction is pending"
# The provider's answer that asks for another try.
_PROVIDER_FAILED = ("900", "GENERIC_SERVICE_ERROR")


def routes() -> list[Route]:
    operation = Operation("charge", charge, Manner(real_codes=_REAL_CODES))
    return [Route("/v2/charge", operation, methods=["POST"])]


def charge(world: World, call: Call) -> Answer:
    if call.sent_null:
        raise GatewayError(HTTPStatus.INTERNAL_SERVER_ERROR, UNEXPECTED)
    opening = _read_opening(world, call)
    method = opening.method
    if call.denied:
        title = "GO-PAY" if method.name == "gopay" else method.title
        refused = world.opener.refuse(
            opening, f"{title} transaction is rejected", *_PROVIDER_FAILED
        )
        return Answer(charge_answer(refused, "202", refused.status_message))
    if method.name == "credit_card":
        return _card_answer(world.teller.charge(opening))
    if method.name == "gopay" and opening.options.has("account_id"):
        return _account_answer(world.account_teller.charge(opening))
    transaction = world.opener.open(opening)
    return Answer(charge_answer(transaction, "201", method.created_message))


def _read_opening(world: World, call: Call) -> Opening:
    order, problems = read_order(call.body, strict_symbols=world.behaviour.enforce_order_id_symbols)
    if not call.body.has("payment_type"):
        problems = ["payment_type is required", *problems]
    if order is None or problems:
        raise invalid(*problems)
    method = _method(call.body)
    if world.ledger.order_id_is_taken(order.order_id, call.merchant.merchant_id):
        raise GatewayError(HTTPStatus.NOT_ACCEPTABLE)
    return Opening(
        merchant=call.merchant,
        order=order,
        method=method,
        request=call.body,
        destination=call.destination,
        base_url=call.base_url,
        expires_at=core_expiry(method, call.body, world.clock.now()),
        options=call.body.section(method.payment_type),
    )


def _method(body: Body) -> Method:
    payment_type = body.text("payment_type") or ""
    field = variant_field(payment_type)
    variant = "" if field is None else body.section(payment_type).text(field) or ""
    method = charged_method(payment_type, variant)
    if method is not None:
        return method
    if field is not None and not variant:
        raise invalid(f"{payment_type}.{field} is required")
    raise invalid(f"{payment_type} {variant}".strip() + " is not a supported payment type")


def _account_answer(transaction: Transaction) -> Answer:
    match transaction.status:
        case Status.PENDING:
            return Answer(charge_answer(transaction, "201", ACTIONS_REQUIRED))
        case Status.DENY:
            return Answer(charge_answer(transaction, "202", transaction.status_message))
        case _:
            return Answer(charge_answer(transaction, "200", transaction.status_message))


def _card_answer(transaction: Transaction) -> Answer:
    match transaction.status:
        case Status.PENDING:
            return Answer(charge_answer(transaction, "201", _PENDING_3DS))
        case Status.DENY:
            return Answer(charge_answer(transaction, "202", transaction.status_message))
        case _:
            code = "201" if transaction.fraud is Fraud.CHALLENGE else "200"
            return Answer(charge_answer(transaction, code, transaction.status_message))
