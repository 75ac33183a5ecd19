"""What a scenario leaves behind, in the five places where anybody would look."""

from dataclasses import dataclass, replace
from email.message import EmailMessage
from typing import Any

import pytest

from tests.e2e.shop import Shop, until

_SUBJECTS = {
    "telah kami terima": "receipt",
    "tidak berhasil": "failure",
    "telah habis": "expiry",
    "telah dibatalkan": "cancellation",
    "Pengembalian dana": "refund",
    "sampaikan rekening": "bank_details",
    "ditarik kembali": "reversal",
}


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The order's row and what its customer is told, the audit log, the gateway, the mailbox.

    `told` is part of the English message; `audit` the decisive events, each as often as it must be
    there, and whatever was said of money and of cases; `gateway` each transaction as "attempt
    status".
    """

    status: str
    told: str
    audit: tuple[str, ...]
    gateway: tuple[str, ...]
    mails: tuple[str, ...] = ()
    alerts: tuple[str, ...] = ()
    attention: str | None = None


async def expect(shop: Shop, order_id: str, expected: Shown) -> dict[str, Any]:
    """Wait until the order shows this, and the audit log proves itself; the payment."""

    async def look() -> bool | None:
        return await _shown(shop, order_id, expected) == expected or None

    try:
        await until(look)
    except TimeoutError:
        shown = await _shown(shop, order_id, expected)
        events = await shop.audit(order_id)
        pytest.fail(f"expected: {expected}\n   shown: {shown}\naudited: {events}")
    verdict = await shop.audit_verdict()
    assert verdict.broken is None, verdict
    return await shop.payment(order_id)


async def _shown(shop: Shop, order_id: str, expected: Shown) -> Shown:
    payment = await shop.payment(order_id)
    told = payment["message"]["en"]
    assert payment["message"]["id"], "told in both languages"
    events = await shop.audit(order_id)
    return replace(
        expected,
        status=payment["status"],
        attention=payment["attention"],
        told=expected.told if expected.told in told else told,
        audit=tuple(event for event in events if event in expected.audit or _always_counts(event)),
        gateway=tuple(map(_transaction, await shop.at_gateway(order_id))),
        mails=tuple(map(mail_kind, await shop.mails(order_id))),
        alerts=tuple(map(alert_code, await shop.alerts(order_id))),
    )


def _always_counts(event: str) -> bool:
    return event == "order.paid" or event.startswith("case.")


def alert_code(alert: EmailMessage) -> str:
    """`[Skaters payments] mismatch: order SKT-1` tells of a mismatch."""
    return str(alert["Subject"]).partition("] ")[2].partition(":")[0]


def _transaction(transaction: dict[str, Any]) -> str:
    attempt = transaction["order_id"].rpartition("~")[2]
    return f"{attempt} {transaction['transaction_status']}"


def mail_kind(mail: EmailMessage) -> str:
    subject = str(mail["Subject"])
    return next((kind for words, kind in _SUBJECTS.items() if words in subject), subject)
