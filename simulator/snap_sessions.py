"""Snap sessions: a token that a customer opens, chooses a method under, and pays by."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http import HTTPStatus

from simulator.answers import SnapError
from simulator.behaviour import Behaviour
from simulator.body import Body
from simulator.card_teller import CardTeller
from simulator.clock import Clock, wib_text
from simulator.identifiers import Identifiers
from simulator.ledger import Ledger
from simulator.merchants import Merchant
from simulator.methods import METHODS, Method, methods_named
from simulator.opening import Opening, TransactionOpener, snap_expiry
from simulator.order_request import Order
from simulator.transactions import Destination, Status, Transaction

_DEAD = frozenset({Status.DENY, Status.EXPIRE, Status.CANCEL, Status.FAILURE})
_OVO_CUSTOMER = Body({"payer_phone_number": "081234567890"})


class SessionClosedError(Exception):
    """The session cannot be paid by any more, or not by this method."""


@dataclass(slots=True)
class SnapSession:
    token: str
    merchant: Merchant
    order: Order
    request: Body
    destination: Destination
    base_url: str
    created_at: datetime
    expires_at: datetime
    methods: list[Method]
    cancelled_at: datetime | None = None
    replaced: bool = False
    transactions: list[Transaction] = field(default_factory=list)

    @property
    def current(self) -> Transaction | None:
        return self.transactions[-1] if self.transactions else None

    @property
    def in_progress(self) -> bool:
        return any(each.status not in _DEAD for each in self.transactions)

    @property
    def paid(self) -> bool:
        return any(each.succeeded for each in self.transactions)

    @property
    def waiting(self) -> list[Transaction]:
        """List the attempts that can still be paid; the customer may have begun several."""
        return [each for each in self.transactions if each.status is Status.PENDING]

    def is_open(self, now: datetime) -> bool:
        return self.cancelled_at is None and not self.replaced and now < self.expires_at

    @property
    def secure(self) -> bool:
        return self.request.section("credit_card").flag("secure")


class SnapSessions:
    def __init__(
        self,
        clock: Clock,
        behaviour: Behaviour,
        identifiers: Identifiers,
        ledger: Ledger,
        opener: TransactionOpener,
        teller: CardTeller,
    ) -> None:
        self._clock = clock
        self._behaviour = behaviour
        self._identifiers = identifiers
        self._ledger = ledger
        self._opener = opener
        self._teller = teller
        self._by_token: dict[str, SnapSession] = {}
        self._latest: dict[str, SnapSession] = {}

    def create(  # what one request says, already read.
        self,
        merchant: Merchant,
        order: Order,
        request: Body,
        life: timedelta,
        destination: Destination,
        base_url: str,
    ) -> SnapSession:
        """Open a session; an earlier one of the same order is void from now on."""
        now = self._clock.now()
        session = SnapSession(
            token=self._identifiers.unique(),
            merchant=merchant,
            order=order,
            request=request,
            destination=destination,
            base_url=base_url,
            created_at=now,
            expires_at=now + life,
            methods=_enabled(request),
        )
        earlier = self._latest.get(order.order_id)
        if earlier is not None and earlier.merchant.merchant_id == merchant.merchant_id:
            earlier.replaced = True
        self._by_token[session.token] = session
        self._latest[order.order_id] = session
        return session

    def find(self, token: str) -> SnapSession | None:
        return self._by_token.get(token)

    def latest(self, order_id: str) -> SnapSession | None:
        """Find the newest session of the order, whoever the merchant is."""
        return self._latest.get(order_id)

    def cancel(self, token: str, merchant: Merchant) -> datetime:
        session = self._by_token.get(token)
        if session is None or session.merchant.merchant_id != merchant.merchant_id:
            raise SnapError(HTTPStatus.NOT_FOUND, ["token not found"])
        if session.cancelled_at is not None:
            raise SnapError(HTTPStatus.BAD_REQUEST, ["token already canceled"])
        if session.in_progress:
            raise SnapError(HTTPStatus.BAD_REQUEST, ["Transaction is on progress"])
        session.cancelled_at = self._clock.now()
        return session.cancelled_at

    def offered(self, session: SnapSession) -> list[Method]:
        """List the methods of the page: those enabled for it that the merchant has at all."""
        merchant_id = session.merchant.merchant_id
        return [
            method
            for method in session.methods
            if not self._behaviour.disables(method.name, merchant_id)
        ]

    def is_payable(self, session: SnapSession) -> bool:
        """Tell whether another attempt can be begun: one order is paid once."""
        if not session.is_open(self._clock.now()) or session.paid:
            return False
        merchant_id, order_id = session.merchant.merchant_id, session.order.order_id
        return all(
            each in session.transactions
            for each in self._ledger.of_order(order_id)
            if each.occupies_order_id and each.merchant.merchant_id == merchant_id
        )

    def choose(
        self, session: SnapSession, method: Method, options: Body | None = None
    ) -> Transaction:
        """Let the customer pick a method; from here on GET status knows the order."""
        opening = self._opening(session, method, options)
        transaction = self._opener.open(opening)
        session.transactions.append(transaction)
        return transaction

    def charge_card(self, session: SnapSession, number: str, *, secure: bool) -> Transaction:
        opening = self._opening(session, METHODS["credit_card"], None)
        transaction = self._teller.charge_number(opening, number, secure=secure)
        session.transactions.append(transaction)
        return transaction

    def _opening(self, session: SnapSession, method: Method, options: Body | None) -> Opening:
        now = self._clock.now()
        if not session.is_open(now):
            raise SessionClosedError("this payment page is no longer open")
        if not self.is_payable(session):
            raise SessionClosedError("this order has been paid, or another payment of it waits")
        if method not in self.offered(session):
            raise SessionClosedError(f"{method.name} is not enabled for this order")
        return Opening(
            merchant=session.merchant,
            order=session.order,
            method=method,
            request=session.request,
            destination=session.destination,
            base_url=session.base_url,
            expires_at=snap_expiry(method, session.request, now),
            options=options or _options(session.request, method),
            snap_token=session.token,
        )

    def described(self, session: SnapSession) -> dict[str, object]:
        return {
            "token": session.token,
            "order_id": session.order.order_id,
            "gross_amount": session.order.gross_amount,
            "created_at": wib_text(session.created_at),
            "expires_at": wib_text(session.expires_at),
            "open": session.is_open(self._clock.now()),
            "canceled": session.cancelled_at is not None,
            "enabled_payments": [method.name for method in self.offered(session)],
            "transaction_ids": [each.transaction_id for each in session.transactions],
        }

    def all(self) -> list[SnapSession]:
        return list(self._by_token.values())


def _enabled(request: Body) -> list[Method]:
    """List what the page offers: retired and unknown names are passed over in silence."""
    named = [method for name in request.texts("enabled_payments") for method in methods_named(name)]
    return list(dict.fromkeys(named)) or list(METHODS.values())


def _options(request: Body, method: Method) -> Body:
    if method.payment_type == "ovo":
        return _OVO_CUSTOMER
    return request.section(method.name)
