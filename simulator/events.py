"""Events by name: what happens to a transaction when nobody of the merchant does it."""

from collections.abc import Callable

from simulator.body import Body
from simulator.lifecycle import NotPermittedError
from simulator.methods import METHODS, Method, methods_named
from simulator.refunds import RefundRequest
from simulator.snap_sessions import SnapSession
from simulator.transactions import Status, Transaction
from simulator.world import World

_ACCEPTED_CARD = "4811111111111114"
# Events that can be the first thing a customer does on a Snap page.
_FIRST = frozenset({"pay", "deny", "expire", "challenge"})


class UnknownError(Exception):
    """Something is named that is not there."""


def happen(world: World, order_id: str, event: str, body: Body) -> Transaction:
    """Let the event happen to the order's latest transaction, or to the one that is named."""
    cause = _CAUSES.get(event)
    if cause is None:
        raise UnknownError(f"no event is called {event!r}; there are {', '.join(_CAUSES)}")
    transaction = _subject(world, order_id, event, body)
    cause(world, transaction, body, notify=body.flag("notify", default=True))
    return transaction


def _subject(world: World, order_id: str, event: str, body: Body) -> Transaction:
    named = body.text("transaction_id")
    if named is not None:
        transaction = world.ledger.by_id(named)
        if transaction is None or transaction.order_id != order_id:
            raise UnknownError(f"order {order_id!r} has no transaction {named!r}")
        return transaction
    existing = world.ledger.of_order(order_id)
    session = world.snap_sessions.latest(order_id)
    if session is not None and event in _FIRST and world.snap_sessions.is_payable(session):
        begun = _begun(session, body.text("method"))
        if begun is not None:
            return begun
        if session.current is None or body.has("method"):
            return _chosen(world, session, body)
    if not existing:
        raise UnknownError(f"there is no transaction of order {order_id!r}")
    return existing[-1]


def _begun(session: SnapSession, name: str | None) -> Transaction | None:
    """Find the attempt that waits already, of this method where one is named."""
    methods = None if name is None else methods_named(name)
    waiting = [each for each in session.waiting if methods is None or each.method in methods]
    return waiting[-1] if waiting else None


def _chosen(world: World, session: SnapSession, body: Body) -> Transaction:
    method = _method(world.snap_sessions.offered(session), body.text("method"))
    if method.name == "credit_card":
        return _waiting_card(world, session)
    return world.snap_sessions.choose(session, method)


def _waiting_card(world: World, session: SnapSession) -> Transaction:
    # Left waiting at 3D Secure, so that the event decides and not the card's number.
    return world.snap_sessions.charge_card(session, _ACCEPTED_CARD, secure=True)


def _method(offered: list[Method], name: str | None) -> Method:
    if name is None:
        if len(offered) == 1:
            return offered[0]
        raise NotPermittedError('no method was chosen on this Snap page yet: give "method"')
    named = methods_named(name)
    enabled = [method for method in named if method in offered]
    if not named:
        raise ValueError(f"no method is called {name!r}; there are {', '.join(METHODS)}")
    if not enabled:
        raise NotPermittedError(f"{name} is not enabled for this order")
    return enabled[0]


def _pay(world: World, transaction: Transaction, body: Body, *, notify: bool) -> None:
    amount = _amount(body)
    before = transaction.gross_amount
    transaction.gross_amount = before if amount is None else amount
    try:
        scanned = body.flag("scanned")
        world.lifecycle.pay(transaction, late=True, scanned=scanned, notify=notify)
    except NotPermittedError:
        transaction.gross_amount = before
        raise


def _deny(world: World, transaction: Transaction, _: Body, *, notify: bool) -> None:
    world.lifecycle.deny(transaction, "Denied by the customer's bank", notify=notify)


def _expire(world: World, transaction: Transaction, _: Body, *, notify: bool) -> None:
    world.lifecycle.expire(transaction, notify=notify)


def _settle(world: World, transaction: Transaction, _: Body, *, notify: bool) -> None:
    world.lifecycle.settle(transaction, notify=notify)


def _reverse(world: World, transaction: Transaction, _: Body, *, notify: bool) -> None:
    world.lifecycle.reverse(transaction, notify=notify)


def _charge_back(world: World, transaction: Transaction, body: Body, *, notify: bool) -> None:
    world.lifecycle.charge_back(transaction, _amount(body), notify=notify)


def _challenge(world: World, transaction: Transaction, _: Body, *, notify: bool) -> None:
    world.lifecycle.challenge(transaction, notify=notify)


def _cancel(world: World, transaction: Transaction, _: Body, *, notify: bool) -> None:
    world.lifecycle.cancel(transaction, notify=notify)


def _refund(world: World, transaction: Transaction, body: Body, *, notify: bool) -> None:
    request = RefundRequest(
        key=body.text("refund_key") or "", amount=_amount(body), reason=body.text("reason") or ""
    )
    world.refunds.give(transaction, request, notify=notify)


def _confirm_refund(world: World, transaction: Transaction, _: Body, *, notify: bool) -> None:
    if transaction.status not in {Status.REFUND, Status.PARTIAL_REFUND}:
        raise NotPermittedError("there is no refund to confirm")
    world.refunds.confirm(transaction, notify=notify)


def _amount(body: Body) -> int | None:
    if not body.has("amount"):
        return None
    amount = body.whole("amount")
    if amount is None or amount <= 0:
        raise ValueError("amount is a whole number of rupiah above zero")
    return amount


_CAUSES: dict[str, Callable[..., None]] = {
    "pay": _pay,
    "deny": _deny,
    "expire": _expire,
    "settle": _settle,
    "reverse": _reverse,
    "chargeback": _charge_back,
    "challenge": _challenge,
    "cancel": _cancel,
    "refund": _refund,
    "confirm_refund": _confirm_refund,
}
