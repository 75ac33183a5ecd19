"""The scenarios of `python -m starter demo --scenario NAME`: each a list of steps to be watched.

docs/failures.md says what stands behind them; there, tests prove what is only shown here.
"""

import asyncio

import httpx

from local_stack.mail_catcher import MISBEHAVE
from starter.demo import Act, Scenario, Stage

SOON = {"PAYMENTS_FIRST_ASK_SECONDS": "5", "PAYMENTS_ABSENCE_SECONDS": "5"}
SHORT = {**SOON, "PAYMENTS_PAYMENT_WINDOW_SECONDS": "20"}
# Until told, nobody knows: neither webhook nor asking comes before the time is up.
SILENT = {**SHORT, "PAYMENTS_FIRST_ASK_SECONDS": "60"}
GOPAY = {"method": "gopay", "integration": "core"}
CARD = {"method": "credit_card", "integration": "snap"}
SNAP = {"method": "any", "integration": "snap"}
REASON = ("--reason", "shown in the demo")


async def checkout(stage: Stage) -> str:
    return _told(await stage.post("", stage.order))


async def cancel(stage: Stage) -> str:
    return _told(await stage.post(f"/{stage.order_id}/cancel", {"reason": "changed my mind"}))


def at_gateway(event: str, **body: object) -> Act:
    async def act(stage: Stage) -> None:
        await stage.at_gateway(event, **body)

    return act


def fault(operation: str, *faults: dict[str, object]) -> Act:
    """The faults of this operation on the first attempt."""

    async def act(stage: Stage) -> None:
        about = {"operation": operation, "order_id": f"{stage.order_id}~1"}
        await stage.plan_faults(*({**about, **each} for each in faults))

    return act


def becomes(value: str, member: str = "status") -> Act:
    async def act(stage: Stage) -> str:
        payment = await stage.payment_when(lambda payment: payment[member] == value)
        return f"{payment['status']}: {payment['message']['en']}"

    return act


async def invoiced(stage: Stage) -> str:
    return str(await stage.invoice())


async def mailed(stage: Stage) -> str:
    return await stage.mail(stage.order["customer"]["email"])


async def alerted(stage: Stage) -> str:
    return await stage.mail(stage.stack.environment["PAYMENTS_ADMIN_EMAIL"])


async def transactions(stage: Stage) -> str:
    """What the service knows of the gateway's transactions."""
    payment = await stage.payment_when(
        lambda payment: bool(payment["attempts"][-1]["transactions"])
    )
    held = [
        f"{attempt['gateway_order_id']} {transaction['status']}"
        for attempt in payment["attempts"]
        for transaction in attempt["transactions"]
    ]
    return ", ".join(held)


def chooses(method: str) -> Act:
    """The customer chooses on the page of the one-time link."""

    async def act(stage: Stage) -> str:
        page = (await stage.payment())["payment_url"]
        answer = await stage.http.post(page, data={"method": method}, follow_redirects=True)
        answer.raise_for_status()
        payment = await stage.payment_when(lambda payment: payment["status"] == "awaiting_payment")
        stage.attempt = payment["attempt"]
        return f"{page}\n    {payment['message']['en']}"

    return act


def command(*arguments: str) -> Act:
    """An operator's command; ORDER stands for the order's id."""

    async def act(stage: Stage) -> str:
        named = (stage.order_id if each == "ORDER" else each for each in arguments)
        return await stage.command(*named)

    return act


def stop(part: str) -> Act:
    async def act(stage: Stage) -> None:
        await stage.stop(part)

    return act


def start(part: str) -> Act:
    async def act(stage: Stage) -> None:
        await stage.start(part)

    return act


def wait(seconds: float) -> Act:
    async def act(_stage: Stage) -> None:
        await asyncio.sleep(seconds)

    return act


async def refuse_mails(stage: Stage) -> None:
    stage.stack.mail_dir.with_name(MISBEHAVE).write_text("451 4.3.0 Try again later")


async def take_mails(stage: Stage) -> None:
    stage.stack.mail_dir.with_name(MISBEHAVE).unlink()


def _told(answer: httpx.Response) -> str:
    body = answer.json()
    said = f"{answer.status_code} {body.get('code') or body['status']}: {body['message']['en']}"
    page = body.get("payment_url")
    return f"{said}\n    the customer's page: {page}" if page else said


ASK = ("checkout asks for payment", checkout)
PAY = ("the customer pays", at_gateway("pay"))
PAY_UNHEARD = ("the customer pays, and no webhook comes", at_gateway("pay", notify=False))
PAID = ("the order becomes paid", becomes("paid"))
RECEIPT = ("the receipt is mailed", mailed)
FAILURE = ("the failure mail is sent, with a one-time link", mailed)
CHOOSE = ("the customer opens the link and chooses BCA", chooses("bca_va"))
ALERT = ("the administrator is alerted", alerted)
LOSE_ANSWER: dict[str, object] = {"nth": 1, "fault": "malformed"}

SCENARIOS = {
    "paid": Scenario(
        "the order is paid, invoiced, and its receipt mailed",
        (
            ASK,
            PAY,
            ("Midtrans notifies, the order becomes paid", becomes("paid")),
            ("the invoice is issued and drawn", invoiced),
            RECEIPT,
        ),
    ),
    "denied": Scenario(
        "the wallet denies; the customer pays with another method",
        (
            ASK,
            ("the wallet denies the payment", at_gateway("deny")),
            ("the order has failed", becomes("failed")),
            FAILURE,
            CHOOSE,
            PAY,
            PAID,
            RECEIPT,
        ),
        order=GOPAY,
    ),
    "refused": Scenario(
        "Midtrans refuses our key: no retry, an alert, another method",
        (
            ("Midtrans will refuse the charge", fault("charge", {"fault": "status:401"})),
            ASK,
            FAILURE,
            ALERT,
            CHOOSE,
            PAY,
            PAID,
        ),
    ),
    "unreachable": Scenario(
        "Midtrans cannot be reached; the attempt is closed once it answers again",
        (
            ("Midtrans goes away", stop("simulator")),
            ("checkout asks for payment, which is tried for a while", checkout),
            FAILURE,
            ("Midtrans answers again", start("simulator")),
            CHOOSE,
            PAY,
            PAID,
        ),
        settings=SOON,
    ),
    "unknown": Scenario(
        "the answer to the charge is lost: looked up, and never charged twice",
        (
            ("the first answer will be lost", fault("charge", LOSE_ANSWER)),
            ASK,
            ("one transaction is there", transactions),
            PAY,
            PAID,
        ),
    ),
    "timeout": Scenario(
        "nobody pays in time; the order expires, here and at Midtrans",
        (ASK, ("the time to pay passes", becomes("expired")), ("the mail is sent", mailed), CHOOSE),
        settings=SHORT,
    ),
    "last-moment": Scenario(
        "paid in time, but nobody hears of it until the time is up",
        (ASK, PAY_UNHEARD, ("the time passes, and Midtrans says: paid", becomes("paid")), RECEIPT),
        settings=SILENT,
    ),
    "snap-never-opened": Scenario(
        "the customer never opens the Snap page",
        (ASK, ("the time to pay passes", becomes("expired")), ("the mail is sent", mailed)),
        order=SNAP,
        settings=SHORT,
    ),
    "cancel": Scenario(
        "the customer cancels, and Midtrans is told",
        (ASK, ("the customer cancels", cancel), ("the mail is sent", mailed)),
    ),
    "cancel-too-late": Scenario(
        "the customer cancels, but the money was faster",
        (ASK, PAY_UNHEARD, ("the customer cancels", cancel), PAID, RECEIPT),
    ),
    "late-webhook": Scenario(
        "the webhook is slow, so Midtrans is asked",
        (
            ASK,
            ("webhooks will come late", fault("webhook", {"fault": "delay:30"})),
            PAY,
            PAID,
            RECEIPT,
        ),
        settings=SOON,
    ),
    "mismatch": Scenario(
        "another amount is paid; a human decides that it does not count",
        (
            ASK,
            ("the customer pays a tenth of it", at_gateway("pay", amount=35_000)),
            ("nothing is marked paid", becomes("mismatch", "attention")),
            ALERT,
            ("an operator looks at what waits", command("cases", "list")),
            (
                "and decides",
                command("cases", "resolve", "1", "--resolution", "rejected", *REASON),
            ),
            ("the order has failed", becomes("failed")),
            FAILURE,
        ),
    ),
    "review": Scenario(
        "Midtrans holds a card payment for review; an operator approves it",
        (
            ASK,
            ("Midtrans has doubts about the card", at_gateway("challenge")),
            ("the payment is in review", becomes("in_review")),
            ("an operator approves", command("review", "ORDER", "approve", *REASON)),
            PAID,
            RECEIPT,
        ),
        order=CARD,
    ),
    "mail-down": Scenario(
        "the mail server refuses; the payment stands, and the receipt comes later",
        (
            ASK,
            ("the mail server refuses mails", refuse_mails),
            PAY,
            PAID,
            ("the receipt is tried again and again", wait(20)),
            ("the mail server takes mails again", take_mails),
            ("an operator does not want to wait", command("retry-now", "ORDER", *REASON)),
            RECEIPT,
        ),
    ),
    "database-down": Scenario(
        "PostgreSQL stops while the customer pays; nothing is lost",
        (
            ASK,
            ("PostgreSQL stops", stop("postgres")),
            PAY,
            ("after half a minute the administrator is alerted", alerted),
            ("PostgreSQL is started again", start("postgres")),
            ("an operator does not want to wait", command("retry-now", "ORDER", *REASON)),
            PAID,
            RECEIPT,
        ),
    ),
}
