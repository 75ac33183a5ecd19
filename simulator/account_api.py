"""The API of linked wallet accounts; none of its calls takes an idempotency key."""

from http import HTTPStatus

from starlette.routing import Route

from simulator.accounts import AccountStatus, PayAccount
from simulator.answers import Answer, GatewayError, invalid
from simulator.body import Body
from simulator.calls import READING, Call, Operation
from simulator.lifecycle import NotPermittedError
from simulator.world import World

# The sandbox's customers who cannot be linked.
_REFUSED_PHONES = {
    "123450001": ("105", "User Not Found"),
    "123450002": ("112", "Wallet is Blocked"),
}
_NO_ACCOUNT = "Account doesn't exist."
_NOT_ENABLED = "Account status cannot be updated."


def routes() -> list[Route]:
    link = Operation("account", link_account, READING)
    read = Operation("account", read_account, READING)
    unbind = Operation("account", unbind_account, READING)
    return [
        Route("/v2/pay/account", link, methods=["POST"]),
        Route("/v2/pay/account/{account_id}", read, methods=["GET"]),
        Route("/v2/pay/account/{account_id}/unbind", unbind, methods=["POST"]),
    ]


def link_account(world: World, call: Call) -> Answer:
    partner = call.body.section("gopay_partner")
    problems = _problems(call.body, partner)
    if problems:
        raise invalid(*problems)
    refusal = _REFUSED_PHONES.get(partner.text("phone_number") or "")
    if refusal is not None:
        return Answer(_refused(world, *refusal))
    redirect_url = partner.text("redirect_url") or ""
    account = world.accounts.link(call.merchant, "gopay", redirect_url)
    link = f"{call.base_url}/v2/gopay/redirect/{account.account_id}/link"
    actions = [
        {"name": name, "method": "GET", "url": link}
        for name in ("activation-link-url", "activation-link-app")
    ]
    return Answer(account.described() | {"actions": actions})


def read_account(world: World, call: Call) -> Answer:
    account = _account(world, call)
    described = account.described()
    if account.status is AccountStatus.ENABLED:
        described["metadata"] = {"payment_options": _payment_options(world, account)}
    return Answer(described)


def unbind_account(world: World, call: Call) -> Answer:
    account = _account(world, call)
    try:
        world.accounts.unbind(account)
    except NotPermittedError as error:
        raise GatewayError(HTTPStatus.PRECONDITION_FAILED, _NOT_ENABLED) from error
    return Answer(
        account.described()
        | {
            "channel_response_code": "0",
            "channel_response_message": "Process service request successfully.",
        }
    )


def _payment_options(world: World, account: PayAccount) -> list[dict[str, object]]:
    return [
        {
            "name": name,
            "active": account.balances[name] > 0,
            "balance": {"value": f"{account.balances[name]}.00", "currency": "IDR"},
            "metadata": {},
            "token": token,
        }
        for name, token in world.accounts.fresh_tokens(account).items()
    ]


def _account(world: World, call: Call) -> PayAccount:
    account = world.accounts.find(call.path["account_id"])
    if account is None or account.merchant.merchant_id != call.merchant.merchant_id:
        raise GatewayError(HTTPStatus.NOT_FOUND, _NO_ACCOUNT)
    return account


def _problems(body: Body, partner: Body) -> list[str]:
    problems = []
    if body.text("payment_type") is None:
        problems.append("payment_type is required")
    elif body.text("payment_type") != "gopay":
        problems.append("payment_type is not supported")
    phone = partner.text("phone_number")
    if phone is None:
        problems.append("gopay_partner.phone_number is required")
    elif not (phone.isascii() and phone.isdigit()) or phone.startswith("0"):
        problems.append(
            "gopay_partner.phone_number must be numeric digits and must not begin with 0"
        )
    return problems


def _refused(world: World, code: str, message: str) -> dict[str, object]:
    return {
        "status_code": "202",
        "payment_type": "gopay",
        "account_id": world.identifiers.unique(),
        "channel_response_code": code,
        "channel_response_message": message,
    }
