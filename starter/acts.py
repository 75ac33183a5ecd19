"""What can be done in a scenario of the demo, by checkout, customers, banks and operators."""

import asyncio

import httpx

from local_stack.mail_catcher import MISBEHAVE
from starter.demo import Act, Stage

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


def refunded(status: str) -> Act:
    """The order's refund is as far as that."""

    async def act(stage: Stage) -> str:
        payment = await stage.payment_when(
            lambda payment: [each["status"] for each in payment["refunds"]] == [status]
        )
        (refund,) = payment["refunds"]
        said = f"{refund['refund_key']}: Rp{refund['amount']['value']} {refund['status']}"
        return f"{said}, because {refund['cause']}; {payment['status']}"

    return act


async def credited(stage: Stage) -> str:
    return str(await stage.credit_note())


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


async def gives_account(stage: Stage) -> str:
    """The customer opens the link of the last mail, and says where the money goes."""
    page = stage.link("/refund/")
    account = {"bank": "BCA", "account_number": "1234567890", "account_holder": "Sari Dewi"}
    answer = await stage.http.post(page, data=account, follow_redirects=True)
    answer.raise_for_status()
    return page


def command(*arguments: str, operator: str = "ani") -> Act:
    """An operator's command; ORDER stands for the order's id."""

    async def act(stage: Stage) -> str:
        named = (stage.order_id if each == "ORDER" else each for each in arguments)
        return await stage.command(*named, operator=operator)

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
