"""Charges cards: at once, or after the customer has passed 3D Secure."""

from datetime import timedelta
from http import HTTPStatus

from simulator.answers import GatewayError
from simulator.behaviour import Behaviour
from simulator.body import Body
from simulator.cards import CardVault, Verdict, eci, masked, points, sandbox_card, verdict
from simulator.clock import Clock, wib_text
from simulator.identifiers import Identifiers
from simulator.lifecycle import Lifecycle
from simulator.opening import Opening, TransactionOpener
from simulator.transactions import Fraud, Status, Transaction

ONE_TIME_PASSWORD = "112233"  # noqa: S105  # the sandbox's, published.
NOT_AUTHENTICATED = "Card is not authenticated."
_ACCEPTED = "Success, Credit Card transaction is successful"
_ACCEPTED_3DS = "Success, Credit Card 3D Secure transaction is successful"
_DENIALS = {
    Verdict.DENIED_BY_BANK: ("05", "Do not honour"),
    Verdict.NO_FUNDS: ("51", "Insufficient Funds"),
    Verdict.DENIED_BY_FDS: ("05", "Denied by FDS"),
}
_FAILED_ECI = "07"
_SAVED_LIFE = timedelta(days=365)


class CardTeller:
    def __init__(  # the parts that a card charge is made of.
        self,
        clock: Clock,
        behaviour: Behaviour,
        identifiers: Identifiers,
        vault: CardVault,
        opener: TransactionOpener,
        lifecycle: Lifecycle,
    ) -> None:
        self._clock = clock
        self._behaviour = behaviour
        self._identifiers = identifiers
        self._vault = vault
        self._opener = opener
        self._lifecycle = lifecycle

    def charge(self, opening: Opening) -> Transaction:
        """Charge the card behind the token; a token is used up by it, a saved one is not."""
        token = opening.options.text("token_id")
        number = None if token is None else self._vault.take(token)
        if number is None:
            raise GatewayError(HTTPStatus.LENGTH_REQUIRED)
        secure = opening.options.flag("authentication") or opening.options.flag("secure")
        return self.charge_number(opening, number, secure=secure)

    def charge_number(self, opening: Opening, number: str, *, secure: bool) -> Transaction:
        transaction = self._opener.prepare(opening)
        options = opening.options
        transaction.card_number = number
        transaction.preauthorized = options.text("type") == "authorize"
        transaction.save_card = options.flag("save_token_id") or options.flag("save_card")
        transaction.instructions = _facts(number, options)
        transaction.facts_when_paid = {"approval_code": self._identifiers.digits(13)}
        if secure:
            url = f"{opening.base_url}/v2/3ds/redirect/{transaction.transaction_id}"
            transaction.links = {"redirect_url": url}
            self._lifecycle.open(transaction)
        else:
            self._lifecycle.open(transaction, notify=False)
            self._judge(transaction, _ACCEPTED)
        return transaction

    def authenticate(self, transaction: Transaction, *, passed: bool) -> None:
        """End the 3D Secure step; some cards take a minute to tell."""
        if transaction.status is not Status.PENDING:
            return
        if not passed:
            transaction.instructions["eci"] = _FAILED_ECI
            self._lifecycle.deny(transaction, NOT_AUTHENTICATED)
        elif sandbox_card(transaction.card_number).slow:
            self._clock.call_after(
                self._behaviour.slow_3ds_seconds, lambda: self._judge_pending(transaction)
            )
        else:
            self._judge_authenticated(transaction)

    def _judge_pending(self, transaction: Transaction) -> None:
        if transaction.status is Status.PENDING:
            self._judge_authenticated(transaction)

    def _judge_authenticated(self, transaction: Transaction) -> None:
        transaction.instructions |= {"eci": eci(transaction.card_number), "three_ds_version": "2"}
        self._judge(transaction, _ACCEPTED_3DS)

    def _judge(self, transaction: Transaction, success: str) -> None:
        judged = verdict(transaction.card_number, transaction.gross_amount)
        if self._lifecycle.is_paid_otherwise(transaction):
            judged = Verdict.DENIED_BY_BANK
        if judged in _DENIALS:
            self._deny(transaction, judged)
            return
        transaction.status_message = success
        transaction.instructions |= {
            "channel_response_code": "00",
            "channel_response_message": "Approved",
        }
        if transaction.save_card:
            transaction.instructions |= self._saved(transaction)
        if judged is Verdict.CHALLENGE:
            self._lifecycle.challenge(transaction)
        else:
            self._lifecycle.pay(transaction)

    def _deny(self, transaction: Transaction, judged: Verdict) -> None:
        code, reason = _DENIALS[judged]
        transaction.instructions |= {
            "channel_response_code": code,
            "channel_response_message": reason,
        }
        if judged is Verdict.DENIED_BY_FDS:
            transaction.fraud = Fraud.DENY
            self._lifecycle.deny(transaction, "Transaction is denied by Midtrans FDS")
            return
        bank = str(transaction.instructions["bank"]).upper()
        self._lifecycle.deny(
            transaction, f"Deny by Bank [{bank}] with code [{code}] and message [{reason}]"
        )

    def _saved(self, transaction: Transaction) -> dict[str, object]:
        expires_at = self._clock.now() + _SAVED_LIFE
        return {
            "saved_token_id": self._vault.save(transaction.card_number),
            "saved_token_id_expired_at": wib_text(expires_at),
        }


def _facts(number: str, options: Body) -> dict[str, object]:
    facts: dict[str, object] = {
        "masked_card": masked(number),
        "bank": options.text("bank") or "bni",
        "card_type": "credit",
        "channel": "dragon",
        "on_us": False,
        "challenge_completion": False,
    }
    redeemed = options.whole("point_redeem_amount")
    if redeemed:
        # Mandiri's points are redeemed all at once, which is asked for by -1.
        redeemed = points(number) if redeemed < 0 else redeemed
        facts["point_redeem_amount"] = facts["point_redeem_quantity"] = redeemed
    term = options.whole("installment_term")
    if term:
        facts["installment_term"] = str(term)
    return facts
