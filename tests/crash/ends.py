"""How an order has ended, as anybody can see it: what a crash must not change."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any, NamedTuple

from payments.cases import CaseCode
from tests.e2e.evidence import alert_code, mail_kind
from tests.e2e.shop import Shop


class Letter(NamedTuple):
    """A mail and its copies are one letter: they have the same id."""

    message_id: str
    is_alert: bool
    what: str


@dataclass(frozen=True, kw_only=True)
class End:
    status: str
    attention: str | None
    paid_with: str | None
    refunded: int
    refunds: tuple[tuple[str, str, int, bool], ...]
    attempts: tuple[str, ...]
    gateway: tuple[str, ...]
    given_back: tuple[str, ...]
    feed: tuple[str, ...]
    audit: tuple[tuple[str, int], ...]
    letters: tuple[tuple[str, int], ...]
    alerts: tuple[tuple[str, int], ...]
    invoiced: bool


@dataclass(frozen=True, kw_only=True)
class Traces:
    """What is read of all orders at once, by order."""

    feeds: Mapping[str, Sequence[str]]
    held: Mapping[str, Sequence[Mapping[str, Any]]]
    letters: Mapping[str, Collection[Letter]]


def difference(end: End, expected: End) -> dict[str, tuple[object, object]]:
    """What is otherwise than expected, by name: as it is, as it should be."""
    found, wanted = asdict(end), asdict(expected)
    return {name: (found[name], wanted[name]) for name in found if found[name] != wanted[name]}


async def ends(shop: Shop, order_ids: Collection[str]) -> dict[str, End]:
    """How each of these orders stands now."""
    traces = Traces(
        feeds=await _feeds(shop), held=await _held(shop), letters=_letters(shop, order_ids)
    )
    return {each: await _end(shop, each, traces) for each in order_ids}


async def _end(shop: Shop, order_id: str, traces: Traces) -> End:
    payment = await shop.payment(order_id)
    transactions = traces.held.get(order_id, [])
    letters, attention = traces.letters[order_id], payment["attention"]
    return End(
        status=payment["status"],
        attention=attention,
        paid_with=payment["paid_with"],
        refunded=payment["refunded_amount"]["value"],
        refunds=tuple(map(_refund, payment["refunds"])),
        attempts=tuple(each["status"] for each in payment["attempts"]),
        gateway=tuple(sorted(map(_transaction, transactions))),
        given_back=tuple(
            each["refund_amount"] for held in transactions for each in held.get("refunds") or ()
        ),
        feed=tuple(traces.feeds[order_id]),
        audit=_counted(
            event
            for event in await shop.audit(order_id)
            # How much of what it says the gateway was heard saying depends on when it was asked.
            if not event.startswith("transaction.")
        ),
        letters=_counted(each.what for each in letters if not each.is_alert),
        alerts=_counted(
            each.what
            for each in letters
            # Who decides a case before its alert has gone out needs none.
            if each.is_alert and (each.what not in set(CaseCode) or each.what == attention)
        ),
        invoiced=payment["invoice_number"] is not None,
    )


def _refund(refund: Mapping[str, Any]) -> tuple[str, str, int, bool]:
    is_credited = refund["credit_note_number"] is not None
    return refund["cause"], refund["status"], refund["amount"]["value"], is_credited


def _transaction(transaction: Mapping[str, Any]) -> str:
    attempt = transaction["order_id"].rpartition("~")[2]
    return f"{attempt} {transaction['transaction_status']}"


async def _feeds(shop: Shop) -> dict[str, list[str]]:
    """What the feed says of each order, the first first."""
    feeds: dict[str, list[str]] = {}
    query = {"limit": "500"}
    while events := (page := (await shop.get("/v1/events", **query)).json())["events"]:
        for event in events:
            feeds.setdefault(event["order_id"], []).append(event["type"])
        query["after"] = page["next_cursor"]
    return feeds


async def _held(shop: Shop) -> dict[str, list[dict[str, Any]]]:
    """The transactions at the gateway."""
    held: dict[str, list[dict[str, Any]]] = {}
    answer = await shop.http.get(f"{shop.simulator}/transactions")
    for each in answer.json()["transactions"]:
        held.setdefault(each["order_id"].rpartition("~")[0], []).append(each)
    return held


def _letters(shop: Shop, order_ids: Collection[str]) -> dict[str, set[Letter]]:
    found: dict[str, set[Letter]] = {each: set() for each in order_ids}
    administrator = shop.stack.environment["PAYMENTS_ADMIN_EMAIL"]
    for file in shop.stack.mail_dir.glob("*.eml"):
        mail = message_from_bytes(file.read_bytes(), policy=policy.default)
        about = next((word for word in str(mail["Subject"]).split() if word in found), None)
        if about is not None:
            found[about].add(_letter(mail, administrator))
    return found


def _letter(mail: EmailMessage, administrator: str) -> Letter:
    is_alert = str(mail["To"]) == administrator
    what = alert_code(mail) if is_alert else mail_kind(mail)
    return Letter(str(mail["Message-ID"]), is_alert, what)


def _counted(words: Iterable[str]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(Counter(words).items()))
