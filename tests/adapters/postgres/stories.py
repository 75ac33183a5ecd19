"""How orders go: every state that one can come to, by the ways that lead there."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import count

from payments.cases import Resolution
from payments.gateway import ClosingCause
from payments.methods import METHODS, PaymentMethod
from tests.adapters.postgres.lives import Life
from tests.payments.model_gateway import WITH_FEE, State

M = PaymentMethod
PAYING = tuple(method for method in METHODS if method is not M.ANY)
BY_GATEWAY = (M.CREDIT_CARD, M.QRIS, M.GOPAY)
REVERSED = (M.PERMATA_VA, M.INDOMARET)

Story = Callable[[Life], None]


def paid(life: Life) -> None:
    life.pay(life.choose())


def settled(life: Life) -> None:
    paid(life)
    life.settle()


def waiting(life: Life) -> None:
    life.choose()


def untouched(life: Life) -> None:
    """On the page nothing is chosen yet."""


def expired(life: Life) -> None:
    life.choose()
    life.end(ClosingCause.DEADLINE)


def left_alone(life: Life) -> None:
    life.end(ClosingCause.DEADLINE)


def cancelled(life: Life) -> None:
    life.choose().end(State.CANCEL)
    life.ask(life.latest)
    life.end(ClosingCause.CANCEL)


def denied(life: Life) -> None:
    # Midtrans' one word for a denial and for a reversal: the model has one state for it.
    life.choose().end(State.REVERSAL)
    life.ask(life.latest)
    life.end(ClosingCause.DEADLINE)


def denied_then_paid(life: Life) -> None:
    life.choose().end(State.REVERSAL)
    life.ask(life.latest)
    life.pay(life.choose(M.QRIS))


def paid_twice_on_one_page(life: Life) -> None:
    first, second = life.choose(M.GOPAY), life.choose(M.QRIS)
    life.pay(first)
    life.pay(second)
    life.do_refunds()
    life.confirm()


def given_back(life: Life) -> None:
    settled(life)
    life.give_back()
    life.confirm()


def given_back_unconfirmed(life: Life) -> None:
    settled(life)
    life.give_back()
    life.ask(life.latest)


def given_back_in_part(life: Life) -> None:
    settled(life)
    life.give_back(life.latest.amount // 3)
    life.give_back(life.latest.amount // 3)
    life.confirm()


def given_back_with_the_fee(life: Life) -> None:
    settled(life)
    life.latest.refund("dashboard", life.latest.gross)
    life.confirm()


def given_back_then_the_fee(life: Life) -> None:
    given_back(life)
    life.latest.refund("dashboard", life.latest.fee)
    life.confirm()


def voided(life: Life) -> None:
    paid(life)
    life.give_back()
    life.ask(life.latest)


def voided_in_the_dashboard(life: Life) -> None:
    paid(life)
    life.latest.void()
    life.ask(life.latest)


def transferred_back(life: Life) -> None:
    settled(life)
    life.give_back(by_transfer=True)


def transferred_back_in_part(life: Life) -> None:
    settled(life)
    life.give_back(life.latest.amount // 2, by_transfer=True)


def given_back_both_ways(life: Life) -> None:
    settled(life)
    life.give_back(life.latest.amount // 4, by_transfer=True)
    life.give_back()
    life.confirm()


def disputed(life: Life) -> None:
    settled(life)
    life.charge_back("full", None, None)


def dispute_lost(life: Life) -> None:
    settled(life)
    life.charge_back("full", Resolution.LOST, None)


def dispute_lost_in_part(life: Life) -> None:
    settled(life)
    life.charge_back("partial", Resolution.LOST, life.latest.amount // 5)


def dispute_won(life: Life) -> None:
    settled(life)
    life.charge_back("full", Resolution.WON, None)


def dispute_won_and_settled_again(life: Life) -> None:
    dispute_won(life)
    life.latest.disputed = ""


def reversed_by_the_bank(life: Life) -> None:
    settled(life)
    life.latest.reverse()
    life.ask(life.latest)


def reversed_and_paid_again(life: Life) -> None:
    reversed_by_the_bank(life)
    life.try_again(M.QRIS)
    life.pay(life.choose(M.QRIS))


def paid_late(life: Life) -> None:
    expired(life)
    life.pay(life.latest)


def paid_after_a_cancel(life: Life) -> None:
    cancelled(life)
    life.pay(life.latest)
    life.do_refunds()
    life.confirm()


def paid_otherwise_as_well(life: Life) -> None:
    """The second one stays where only the first can be given back by the gateway."""
    expired(life)
    life.try_again(M.GOPAY)
    life.pay(life.choose(M.GOPAY))
    life.pay(life.transactions[0])
    life.do_refunds()
    life.confirm()


OF_ALL = (settled, expired, cancelled, denied, left_alone, transferred_back)
LONG_AGO: tuple[tuple[Story, tuple[PaymentMethod, ...]], ...] = (
    *((story, PAYING) for story in (*OF_ALL, transferred_back_in_part)),
    (denied_then_paid, (M.CREDIT_CARD,)),
    (paid_twice_on_one_page, (M.DANA,)),
    *((story, BY_GATEWAY) for story in (given_back, given_back_in_part, given_back_unconfirmed)),
    (given_back, (M.SHOPEEPAY,)),
    *((story, tuple(WITH_FEE)) for story in (given_back_with_the_fee, given_back_then_the_fee)),
    (given_back_both_ways, BY_GATEWAY),
    *((story, (M.CREDIT_CARD,)) for story in (voided, voided_in_the_dashboard)),
    *((story, (M.CREDIT_CARD,)) for story in (disputed, dispute_lost, dispute_lost_in_part)),
    *((story, (M.CREDIT_CARD,)) for story in (dispute_won, dispute_won_and_settled_again)),
    *((story, REVERSED) for story in (reversed_by_the_bank, reversed_and_paid_again)),
    *((story, (M.BCA_VA, M.QRIS, M.GOPAY)) for story in (paid_late, paid_after_a_cancel)),
    (paid_otherwise_as_well, (M.BCA_VA, M.QRIS, M.INDOMARET)),
)
JUST_NOW: tuple[tuple[Story, tuple[PaymentMethod, ...]], ...] = (
    (waiting, PAYING),
    (untouched, PAYING),
    (paid, (M.CREDIT_CARD, M.QRIS)),
)


def lives(attempts: int, now: datetime) -> Iterator[Life]:
    """So many attempts: each story with each of its methods, in turn; the last one ends at `now`."""
    kinds = [
        (story, method, age)
        for stories, age in ((LONG_AGO, timedelta(days=5)), (JUST_NOW, timedelta(minutes=3)))
        for story, methods in stories
        for method in methods
    ]
    begun = 0
    for number in count():
        if begun >= attempts:
            return
        story, method, age = kinds[number % len(kinds)]
        life = Life()
        begin = now - age - timedelta(seconds=number % 3_600 if age.days else 0)
        life.begin(f"CLEAN-{number:06}", 100_000 + 10 * number, begin, method)
        story(life)
        begun += len(life.payment.attempts)
        yield life
