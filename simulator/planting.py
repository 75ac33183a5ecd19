"""Transactions that nobody asked for: another system on the account, a restored database."""

from simulator.body import Body
from simulator.events import UnknownError
from simulator.methods import Method, methods_named
from simulator.opening import Opening
from simulator.order_request import Order
from simulator.transactions import Destination, Status, Transaction
from simulator.world import World


def plant(world: World, body: Body, base_url: str) -> Transaction:
    """Put a transaction into the books as it is described, checking none of the gateway's rules.

    {"order_id", "gross_amount", "method": "bca_va", "status": "settlement", "merchant_id",
    "transaction_id", "currency", "custom_field1", ..., "notify": true}; only the first two are
    required, and as in the API a status other than the first comes about by its own event.
    """
    order_id, amount = body.text("order_id"), body.whole("gross_amount")
    if order_id is None or amount is None:
        raise ValueError('a planted transaction needs "order_id" and "gross_amount"')
    status = Status(body.text("status") or Status.SETTLEMENT)
    transaction = _made(world, body, Order(order_id, amount), base_url)
    transaction.status = status
    now = world.clock.now()
    if status in {Status.SETTLEMENT, Status.REFUND, Status.PARTIAL_REFUND, Status.CHARGEBACK}:
        transaction.settled_at = now
    world.lifecycle.open(transaction, notify=body.flag("notify", default=True))
    return transaction


def _made(world: World, body: Body, order: Order, base_url: str) -> Transaction:
    method = _method(body.text("method") or "bca_va")
    merchant_id = body.text("merchant_id")
    merchants = world.merchants
    merchant = merchants.first() if merchant_id is None else merchants.named(merchant_id)
    if merchant is None:
        raise UnknownError(f"there is no merchant {merchant_id!r}")
    transaction_id = body.text("transaction_id")
    if transaction_id is not None and transaction_id in world.ledger:
        raise ValueError(f"there is a transaction {transaction_id!r} already")
    opening = Opening(
        merchant=merchant,
        order=order,
        method=method,
        request=body,
        destination=Destination(),
        base_url=base_url,
        expires_at=world.clock.now() + method.expiry,
        options=Body({}),
    )
    transaction = world.opener.prepare(opening)
    transaction.transaction_id = transaction_id or transaction.transaction_id
    transaction.currency = body.text("currency") or transaction.currency
    return transaction


def _method(name: str) -> Method:
    named = methods_named(name)
    if not named:
        raise ValueError(f"no method is called {name!r}")
    return named[0]
