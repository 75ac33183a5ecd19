"""One payment of a subscription: a card's saved token, or a linked GoPay account."""

from simulator.account_teller import AccountTeller
from simulator.body import Body
from simulator.card_teller import CardTeller
from simulator.cards import CardVault
from simulator.clock import Clock
from simulator.methods import METHODS
from simulator.opening import Opening, TransactionOpener
from simulator.order_request import Order
from simulator.subscriptions import Subscription
from simulator.transactions import Destination, Transaction

_UNKNOWN_TOKEN = ("14", "Invalid card number")


class SubscriptionCharger:
    def __init__(
        self,
        clock: Clock,
        cards: CardVault,
        opener: TransactionOpener,
        card_teller: CardTeller,
        account_teller: AccountTeller,
    ) -> None:
        self._clock = clock
        self._cards = cards
        self._opener = opener
        self._card_teller = card_teller
        self._account_teller = account_teller

    def charge(self, subscription: Subscription, order_id: str) -> Transaction:
        opening = self._opening(subscription, order_id)
        if opening.method.name == "gopay":
            return self._account_teller.charge(opening)
        number = self._cards.saved_number(subscription.request.text("token") or "")
        if number is None:
            return self._opener.refuse(opening, "Deny by Bank", *_UNKNOWN_TOKEN)
        return self._card_teller.charge_number(opening, number, secure=False)

    def _opening(self, subscription: Subscription, order_id: str) -> Opening:
        request = subscription.request
        method = METHODS[request.text("payment_type") or "credit_card"]
        account = {
            "account_id": request.section("gopay").text("account_id"),
            "payment_option_token": request.text("token"),
            "recurring": True,
        }
        return Opening(
            merchant=subscription.merchant,
            order=Order(order_id, request.whole("amount") or 0),
            method=method,
            request=request,
            destination=Destination(),
            base_url=subscription.base_url,
            expires_at=self._clock.now() + method.expiry,
            options=Body(account if method.name == "gopay" else {}),
            subscription_id=subscription.subscription_id,
        )
