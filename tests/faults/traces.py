"""What orders left behind at the gateway, in the database and in the mailbox, counted."""

from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select

from adapters.postgres.tables import audit_events, credit_notes, invoices, orders, payment_events
from tests.e2e.evidence import mail_kind
from tests.e2e.shop import Shop

Trace = tuple[str, str]
"""What it is of, and what: ("order-1", "mailbox: receipt")."""


class Fate(StrEnum):
    PAID = "paid"
    REFUNDED = "refunded"
    CANCELLED = "cancelled"


_OF_THE_MONEY = (
    "gateway: money came",
    "database: paid, on record",
    "database: invoice",
    "feed: payment.paid",
    "mailbox: receipt",
)
# What an order leaves behind once each, and nothing else.
ONCE_EACH = {
    Fate.PAID: ("database: paid", *_OF_THE_MONEY),
    Fate.REFUNDED: (
        "database: refunded",
        *_OF_THE_MONEY,
        "gateway: money went back",
        "database: refund confirmed, on record",
        "database: credit note",
        "feed: payment.refunded",
        "mailbox: refund",
    ),
    Fate.CANCELLED: (
        "database: cancelled",
        "feed: payment.cancelled",
        "mailbox: cancellation",
    ),
}
_ON_RECORD = {
    "order.paid": "database: paid, on record",
    "refund.confirmed": "database: refund confirmed, on record",
}
_ON_THE_WAY = ("payment.awaiting_payment", "payment.checking", "payment.preparing")
_MONEY_CAME = frozenset({"settlement", "capture", "refund", "partial_refund"})
_CLOSED = frozenset({"expire", "cancel"})


@dataclass(frozen=True, kw_only=True)
class Traces:
    """`repeated_mails`: mails that came again under the id of the first."""

    found: Counter[Trace]
    repeated_mails: int

    def lost(self, fates: Mapping[str, Fate]) -> Counter[Trace]:
        return _expected(fates) - self.found

    def doubled(self, fates: Mapping[str, Fate]) -> Counter[Trace]:
        """What there is too often, or was not to be there at all."""
        return self.found - _expected(fates)

    def counted(self) -> dict[str, int]:
        """How often each was found, over all orders."""
        totals: Counter[str] = Counter()
        for (_, what), times in sorted(self.found.items()):
            totals[what] += times
        return dict(sorted(totals.items()))


def _expected(fates: Mapping[str, Fate]) -> Counter[Trace]:
    return Counter((order_id, what) for order_id, fate in fates.items() for what in ONCE_EACH[fate])


async def traces(shop: Shop, order_ids: Collection[str]) -> Traces:
    """What is there now of these orders."""
    found: Counter[Trace] = Counter()
    for order_id, what in [
        *[each async for each in _at_the_gateway(shop)],
        *[each async for each in _in_the_database(shop)],
    ]:
        if order_id in order_ids:
            found[order_id, what] += 1
    mails = list(_in_the_mailbox(shop, order_ids))
    once = set(mails)
    found.update((order_id, f"mailbox: {kind}") for order_id, kind, _ in once)
    return Traces(found=found, repeated_mails=len(mails) - len(once))


async def _at_the_gateway(shop: Shop) -> AsyncIterator[Trace]:
    held = (await shop.http.get(f"{shop.simulator}/transactions")).json()["transactions"]
    for transaction in held:
        order_id = transaction["order_id"].rpartition("~")[0]
        status = transaction["transaction_status"]
        if status in _MONEY_CAME:
            yield order_id, "gateway: money came"
        elif status not in _CLOSED:
            yield order_id, f"gateway: still {status}"
        for _ in transaction.get("refunds") or ():
            yield order_id, "gateway: money went back"


async def _in_the_database(shop: Shop) -> AsyncIterator[Trace]:
    """The orders' statuses, what is on record of them, their documents, and the feed of the shop."""
    async with shop.database.connect() as connection:
        for row in await connection.execute(select(orders.c.order_id, orders.c.status)):
            yield row.order_id, f"database: {row.status}"
        for row in await connection.execute(select(audit_events.c.order_id, audit_events.c.event)):
            if row.event in _ON_RECORD:
                yield row.order_id, _ON_RECORD[row.event]
        for row in await connection.execute(
            select(payment_events.c.order_id, payment_events.c.type)
        ):
            if row.type not in _ON_THE_WAY:
                yield row.order_id, f"feed: {row.type}"
        for row in await connection.execute(select(invoices.c.order_id)):
            yield row.order_id, "database: invoice"
        for row in await connection.execute(select(credit_notes.c.order_id)):
            yield row.order_id, "database: credit note"


def _in_the_mailbox(shop: Shop, order_ids: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """Every mail to a customer: the order, the kind, the id of the mail."""
    for mail in shop.customers_mails():
        words = str(mail["Subject"]).split()
        about = next((each for each in words if each in order_ids), None)
        if about is not None:
            yield about, mail_kind(mail), str(mail["Message-ID"])
