"""The mail server refuses, or breaks off: the payment stands, and its mail is sent in the end."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

import pytest

from local_stack.mail_catcher import HANG_UP, MISBEHAVE
from tests.e2e.evidence import Shown, alert_code, expect
from tests.e2e.shop import Shop, until
from workflows.names import ATTENTION

pytestmark = pytest.mark.e2e

# After the tries of the first policy.
UNTIL_STUCK_SECONDS = 60
PAID = Shown(
    status="paid",
    told="We have received your payment",
    audit=("order.paid", "invoice.issued", "mail.sent"),
    gateway=("1 settlement",),
    mails=("receipt",),
)


Misbehaving = Callable[[str], AbstractContextManager[None]]


@pytest.fixture
def misbehaving(breakable_shop: Shop) -> Misbehaving:
    """How the mail server treats mails for as long as the context lasts."""
    file = breakable_shop.stack.mail_dir.with_name(MISBEHAVE)

    @contextmanager
    def misbehaving(how: str) -> Iterator[None]:
        file.write_text(how)
        try:
            yield
        finally:
            file.unlink()

    return misbehaving


async def test_a_receipt_that_the_mail_server_refuses_is_sent_when_it_is_told_to(
    breakable_shop: Shop, misbehaving: Misbehaving
) -> None:
    shop = breakable_shop
    order_id = (await shop.checkout())["order_id"]

    async def attention() -> str | None:
        description = await shop.run(order_id).describe()
        return description.typed_search_attributes.get(ATTENTION)

    with misbehaving("451 4.3.0 Try again later"):
        await shop.customer(f"{order_id}~1", "pay")
        assert await until(attention, UNTIL_STUCK_SECONDS) == "document_stuck"
        paid = await shop.payment(order_id)
    ran = await shop.command("retry-now", order_id, "--reason", "the mail server is back")

    assert (paid["status"], paid["fulfillable"]) == ("paid", True)
    assert paid["invoice_number"]
    assert ran.exit_code == 0, ran.err
    await shop.run(order_id).result()
    # The alert is a mail too: it got out if its own next try came before the retry's success.
    alerts = tuple(map(alert_code, await shop.alerts(order_id)))
    assert set(alerts) <= {"document_stuck"}
    await expect(shop, order_id, replace(PAID, alerts=alerts))


async def test_a_mail_whose_fate_is_unknown_is_repeated_once_under_the_same_id(
    breakable_shop: Shop, misbehaving: Misbehaving
) -> None:
    shop = breakable_shop
    order_id = (await shop.checkout())["order_id"]

    with misbehaving(HANG_UP):
        await shop.customer(f"{order_id}~1", "pay")
        await shop.mail(order_id)
    await shop.run(order_id).result()

    await expect(shop, order_id, replace(PAID, mails=("receipt", "receipt")))
    assert len({mail["Message-ID"] for mail in await shop.mails(order_id)}) == 1
