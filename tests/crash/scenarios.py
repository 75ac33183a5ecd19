"""What becomes of orders: each story is told twice without a crash, then once for every point."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from payments.cases import Resolution
from payments.gateway import ReviewDecision
from tests.crash.caller import Caller

Story = Callable[[Caller], Awaitable[None]]
Fault = Mapping[str, object]
# Long enough for a crash and what follows it, and for no more.
SHORT_WINDOW = {"PAYMENTS_PAYMENT_WINDOW_SECONDS": "45"}


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """`faults`: what the gateway does wrong, of the order's first attempt. `told`: to the worker."""

    name: str
    story: Story
    faults: tuple[Fault, ...] = ()
    told: Mapping[str, str] = field(default_factory=dict)


def happy(method: str, integration: str = "core", **payer: Any) -> Story:
    async def story(caller: Caller) -> None:
        await caller.checkout(method, integration)
        await caller.paid(**payer)

    return story


async def denied_then_another_method(caller: Caller) -> None:
    await caller.checkout("gopay")
    await caller.customer("deny")
    await caller.status("failed")
    await caller.mailed()
    await caller.another_method("qris")
    await caller.paid(attempt=2, mails=2)


async def replaced_by_the_service(caller: Caller) -> None:
    await caller.place("gopay")
    await caller.opened(attempt=2)
    await caller.paid(attempt=2)


async def another_method_while_it_waits(caller: Caller) -> None:
    await caller.checkout("bca_va")
    await caller.another_method("qris")
    await caller.paid(attempt=2)


async def cancelled(caller: Caller) -> None:
    await caller.checkout("bca_va")
    await caller.cancel()
    await caller.status("cancelled")


async def cancelled_on_the_page(caller: Caller) -> None:
    await caller.checkout("any", "snap")
    await caller.cancel()
    await caller.status("cancelled")


async def cancelled_too_late(caller: Caller) -> None:
    await caller.checkout("bca_va")
    await caller.customer("pay", notify=False)
    await caller.cancel()
    await caller.status("paid")


async def nobody_pays_in_time(caller: Caller) -> None:
    await caller.checkout("bca_va")
    await caller.status("expired")


async def paid_unheard_of_until_the_deadline(caller: Caller) -> None:
    await caller.checkout("bca_va")
    await caller.customer("pay", notify=False)
    await caller.status("paid")


async def outcome_stays_unknown(caller: Caller) -> None:
    await caller.place("bca_va")
    await caller.status("failed")


async def refunded(caller: Caller) -> None:
    await caller.checkout("qris")
    await caller.paid()
    await caller.ask_back()
    await caller.refund_status("accepted")
    await caller.mailed(2)
    await caller.customer("confirm_refund")
    await caller.refund_status("confirmed")


async def transferred_back(caller: Caller) -> None:
    await caller.checkout("bca_va")
    await caller.paid()
    await caller.ask_back()
    await caller.mailed(2)
    await caller.decide("manual_refund", Resolution.APPROVED, "cli:budi")
    await caller.decide("manual_refund", Resolution.TRANSFERRED, "cli:citra", "TRX-9")
    await caller.refund_status("confirmed")


async def reversed_by_the_bank(caller: Caller) -> None:
    await caller.checkout("permata_va")
    await caller.paid()
    await caller.customer("reverse")
    await caller.status("reversed")


async def charged_back_and_won(caller: Caller) -> None:
    await caller.checkout("credit_card", "snap")
    await caller.paid()
    await caller.customer("chargeback")
    await caller.status("charged_back")
    await caller.decide("chargeback", Resolution.WON)
    await caller.status("paid")


async def reviewed_and_approved(caller: Caller) -> None:
    await caller.checkout("credit_card", "snap")
    await caller.customer("challenge")
    await caller.status("in_review")
    await caller.review(ReviewDecision.APPROVE)
    await caller.status("paid")


async def wrong_amount_rejected(caller: Caller) -> None:
    await caller.checkout("bca_va")
    await caller.customer("pay", amount=35_000)
    await caller.decide("mismatch", Resolution.REJECTED)
    await caller.status("failed")


async def late_money_goes_back(caller: Caller) -> None:
    await caller.checkout("qris")
    await caller.cancel()
    await caller.status("cancelled")
    await caller.mailed()
    await caller.at_rest()
    await caller.customer("pay")
    await caller.refund_status("accepted")


async def paid_twice(caller: Caller) -> None:
    await caller.checkout("bca_va")
    await caller.another_method("qris")
    await caller.paid(attempt=2)
    await caller.customer("pay")
    await caller.refund_status("accepted")


LOST_ANSWER = {"operation": "charge", "nth": 1, "fault": "malformed"}
ALREADY_THERE = {"operation": "charge", "nth": 2, "times": 12, "fault": "status:406"}
SILENCE = {"operation": "charge", "nth": 2, "times": 12, "fault": "status:503"}

VIRTUAL_ACCOUNT = Scenario(name="paid by virtual account", story=happy("bca_va"))
ANOTHER_METHOD = Scenario(name="another method while it waits", story=another_method_while_it_waits)
CANCELLED = Scenario(name="cancelled", story=cancelled)
REFUNDED = Scenario(name="refunded by the gateway", story=refunded)
LATE_MONEY = Scenario(name="late money goes back", story=late_money_goes_back)
PAID = (
    Scenario(name="paid by bill", story=happy("mandiri_bill")),
    Scenario(name="paid by QRIS", story=happy("qris")),
    Scenario(name="paid by e-wallet", story=happy("gopay")),
    Scenario(name="paid at the counter", story=happy("indomaret")),
    Scenario(name="paid by card", story=happy("credit_card", "snap")),
    Scenario(name="denied, then another method", story=denied_then_another_method),
    ANOTHER_METHOD,
    Scenario(name="charged, answer lost", story=happy("bca_va"), faults=(LOST_ANSWER,)),
    Scenario(
        name="charged, nothing to pay by",
        story=replaced_by_the_service,
        faults=(LOST_ANSWER, ALREADY_THERE),
    ),
)
UNPAID = (
    CANCELLED,
    Scenario(name="cancelled on the page", story=cancelled_on_the_page),
    Scenario(name="cancelled too late", story=cancelled_too_late),
    Scenario(
        name="outcome stays unknown", story=outcome_stays_unknown, faults=(LOST_ANSWER, SILENCE)
    ),
)
OUT_OF_TIME = (
    Scenario(name="nobody pays in time", story=nobody_pays_in_time, told=SHORT_WINDOW),
    Scenario(
        name="paid, unheard of until the deadline",
        story=paid_unheard_of_until_the_deadline,
        told=SHORT_WINDOW,
    ),
)
GIVEN_BACK = (
    REFUNDED,
    Scenario(name="refunded by transfer", story=transferred_back),
    LATE_MONEY,
    Scenario(name="paid twice", story=paid_twice),
)
DISPUTED = (
    Scenario(name="reversed by the bank", story=reversed_by_the_bank),
    Scenario(name="charged back, and won", story=charged_back_and_won),
    Scenario(name="reviewed, and approved", story=reviewed_and_approved),
    Scenario(name="wrong amount, rejected", story=wrong_amount_rejected),
)
