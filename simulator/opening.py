"""Opens transactions, for a Core API charge and for a choice on the Snap page alike."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from simulator.answers import GatewayError, invalid
from simulator.behaviour import Behaviour
from simulator.body import Body
from simulator.clock import Clock, parse_moment
from simulator.fees import customer_share, fee_info, imposed_fee
from simulator.identifiers import Identifiers
from simulator.instructions import InstructionDesk, Subject
from simulator.lifecycle import Lifecycle
from simulator.merchants import Merchant
from simulator.methods import Method
from simulator.order_request import (
    Order,
    bni_phone_is_fit,
    echoed_fields,
    later,
    read_span,
)
from simulator.transactions import Destination, Fraud, Status, Transaction


@dataclass(frozen=True, slots=True)
class Opening:
    merchant: Merchant
    order: Order
    method: Method
    request: Body
    destination: Destination
    base_url: str
    expires_at: datetime
    # The method's own part of the request, such as bank_transfer{va_number}.
    options: Body
    snap_token: str = ""
    subscription_id: str = ""


class TransactionOpener:
    def __init__(
        self,
        clock: Clock,
        behaviour: Behaviour,
        identifiers: Identifiers,
        desk: InstructionDesk,
        lifecycle: Lifecycle,
    ) -> None:
        self._clock = clock
        self._behaviour = behaviour
        self._identifiers = identifiers
        self._desk = desk
        self._lifecycle = lifecycle

    def open(self, opening: Opening, *, notify: bool = True) -> Transaction:
        transaction = self.prepare(opening)
        instructions = self._desk.write(
            Subject(
                transaction.transaction_id,
                opening.merchant,
                opening.method,
                transaction.gross_amount,
                opening.options,
                opening.base_url,
            )
        )
        transaction.instructions = instructions.shown
        transaction.links = instructions.links
        transaction.facts_when_paid = instructions.facts_when_paid
        transaction.b2b = instructions.merchant_chose
        self._lifecycle.open(transaction, instructions.payment_code, notify=notify)
        return transaction

    def refuse(self, opening: Opening, message: str, code: str, reason: str) -> Transaction:
        """Open a transaction that the provider denies at once."""
        transaction = self.prepare(opening)
        transaction.status, transaction.status_message = Status.DENY, message
        transaction.instructions = {
            "channel_response_code": code,
            "channel_response_message": reason,
        }
        self._lifecycle.open(transaction)
        return transaction

    def prepare(self, opening: Opening) -> Transaction:
        """Check what the method asks for, and make a transaction that is in no book yet."""
        self._require_acceptance(opening)
        now = self._clock.now()
        new_stack_id = not opening.method.found_by_order_id
        ids, amount = self._identifiers, opening.order.gross_amount
        fee = self._fee(opening)
        return Transaction(
            transaction_id=ids.new_stack(now) if new_stack_id else ids.unique(),
            order_id=opening.order.order_id,
            merchant=opening.merchant,
            method=opening.method,
            gross_amount=amount + fee,
            fee=fee,
            created_at=now,
            expires_at=opening.expires_at,
            fraud=Fraud.ACCEPT if opening.method.reports_fraud_status else None,
            payment_type=opening.method.payment_type,
            echoed=self._echoed(opening.request, amount, fee),
            destination=opening.destination,
            snap_token=opening.snap_token,
            callback_url=opening.options.text("callback_url") or "",
            subscription_id=opening.subscription_id,
        )

    def _fee(self, opening: Opening) -> int:
        share = customer_share(
            opening.request, opening.method, self._behaviour.customer_fee_percentage
        )
        return imposed_fee(opening.method, opening.order.gross_amount, share)

    def _echoed(self, request: Body, amount: int, fee: int) -> dict[str, object]:
        echoed = echoed_fields(request)
        if not fee:
            return echoed
        if self._behaviour.extra_info_at_top_level:
            return echoed | {"extra_info": fee_info(amount, fee)}
        metadata = {**request.section("metadata").fields, "extra_info": fee_info(amount, fee)}
        return echoed | {"metadata": metadata}

    def _require_acceptance(self, opening: Opening) -> None:
        method, amount = opening.method, opening.order.gross_amount
        if self._behaviour.disables(method.name, opening.merchant.merchant_id):
            raise GatewayError(402)
        if method.name == "bni_va" and not bni_phone_is_fit(opening.request):
            raise invalid("customer_details.phone format is invalid")
        if not self._behaviour.enforce_amount_limits:
            return
        if amount < method.amount_from or (method.amount_to and amount > method.amount_to):
            raise invalid("transaction_details.gross_amount is out of the range of this method")


def core_expiry(method: Method, request: Body, now: datetime) -> datetime:
    """Read `custom_expiry`; beyond what the method allows the charge is refused."""
    wanted = request.section("custom_expiry")
    if not method.custom_expiry or not wanted.has("expiry_duration"):
        return now + method.expiry
    span = read_span(wanted.whole("expiry_duration"), wanted.text("unit"))
    if span is None:
        raise invalid("custom_expiry.expiry_duration or unit is invalid")
    start = moment_or_none(wanted.text("order_time"), now)
    if start is None:
        raise invalid("custom_expiry.order_time format is invalid")
    if span < method.shortest_expiry or span > method.longest_expiry:
        raise invalid("custom_expiry.expiry_duration is out of the range of this method")
    if later(start, span) <= now:
        raise invalid("custom_expiry is in the past")
    return later(start, span)


def snap_expiry(method: Method, request: Body, now: datetime) -> datetime:
    """Read Snap's `expiry`, which was checked when the session was created."""
    wanted = request.section("expiry")
    span = read_span(wanted.whole("duration"), wanted.text("unit"))
    if not method.custom_expiry or span is None:
        return now + method.expiry
    start = moment_or_none(wanted.text("start_time"), now) or now
    deadline = later(start, min(span, method.longest_expiry))
    return max(deadline, now + min(method.shortest_expiry, timedelta(seconds=20)))


def moment_or_none(text: str | None, default: datetime) -> datetime | None:
    if text is None:
        return default
    try:
        return parse_moment(text)
    except ValueError:
        return None
