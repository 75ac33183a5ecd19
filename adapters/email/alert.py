"""What the administrator is written: short, plain, and nothing that is personal."""

import hashlib
import re

from adapters.display import instant_wib
from adapters.email.desk import Desk
from adapters.email.letter import Letter
from payments.alerts import ALERTS
from payments.commands import AlertOrder
from payments.request import Locale

_COMMAND = re.compile(r"`(python -m starter [^`]+)`")
_ID_LENGTH = 32


def alert_letter(alert: AlertOrder, shop_name: str, desk: Desk) -> Letter:
    known = ALERTS[alert.code]
    what_to_do = re.sub(r"\bORDER\b", alert.order_id, known.what_to_do)
    run_link = desk.run_link(alert.order_id)
    facts = [
        f"Order: {alert.order_id}",
        f"Cause: {alert.code}",
        f"When: {instant_wib(alert.at, Locale.EN)}",
        *([f"Run: {run_link}"] if run_link else []),
    ]
    parts = [
        known.what,
        f"What to do: {what_to_do}",
        "\n".join(facts),
        "\n".join(f"  {command}" for command in _COMMAND.findall(what_to_do)),
    ]
    return Letter(_subject(alert, shop_name), "\n\n".join(parts) + "\n")


def alert_message_id(alert: AlertOrder, domain: str) -> str:
    """The same for the same alert, with nothing stored: the database may be what is broken."""
    identity = "\n".join((alert.order_id, alert.code, str(alert.sent), alert.at.isoformat()))
    return f"<{hashlib.sha256(identity.encode()).hexdigest()[:_ID_LENGTH]}@{domain}>"


def _subject(alert: AlertOrder, shop_name: str) -> str:
    reminder = f" (reminder {alert.sent})" if alert.sent else ""
    subject = f"[{shop_name} payments] {alert.code}: order {alert.order_id}{reminder}"
    return " ".join(subject.split())
