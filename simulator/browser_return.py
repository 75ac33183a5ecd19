"""Where a browser goes when the customer is done, and what it is told to bring along."""

import json
from html import escape
from urllib.parse import urlencode

from simulator.documents import status_answer
from simulator.transactions import Status, Transaction
from simulator.world import World

_CODES = {Status.PENDING: "201", Status.DENY: "202", Status.EXPIRE: "202", Status.CANCEL: "202"}
_WEB = ("http://", "https://")


def finish_url(world: World, transaction: Transaction) -> str:
    """Say where the merchant wants the browser after a payment; empty if it did not say."""
    finish = _finish(world, transaction)
    if not finish or transaction.status is Status.DENY:
        return ""
    return _with_query(
        finish,
        {
            "order_id": transaction.order_id,
            "status_code": _CODES.get(transaction.status, "200"),
            "transaction_status": transaction.status.value,
        },
    )


def wallet_return(world: World, transaction: Transaction, *, paid: bool) -> str:
    """Say where a wallet app sends its customer back to: GoPay with the result, others bare."""
    url = transaction.callback_url
    if not url:
        return finish_url(world, transaction) if paid else ""
    if transaction.method.name != "gopay":
        return url
    result = "success" if paid else "failure"
    return _with_query(url, {"order_id": transaction.order_id, "result": result})


def posted_return(world: World, transaction: Transaction) -> str:
    """Draw the form by which Akulaku's page returns: the outcome is posted, not appended."""
    finish = _finish(world, transaction)
    if transaction.method.name != "akulaku" or not finish:
        return ""
    response = escape(json.dumps(status_answer(transaction)))
    return (
        f'<form method="post" action="{escape(finish)}">'
        f'<input type="hidden" name="response" value="{response}">'
        '<button class="do">Kembali ke toko · Back to the shop</button></form>'
    )


def _finish(world: World, transaction: Transaction) -> str:
    session = world.snap_sessions.find(transaction.snap_token)
    finish = None if session is None else session.request.section("callbacks").text("finish")
    return finish if finish is not None and finish.startswith(_WEB) else ""


def _with_query(url: str, fields: dict[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(fields)}"
