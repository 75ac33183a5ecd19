"""What becomes due while something else is being sent is not forgotten with it."""

import pytest

from payments.mails import Mail, MailKind
from payments.status import AttemptStatus, PaymentStatus
from tests.workflows.conftest import HouseFactory, until
from tests.workflows.memory import status_of
from tests.workflows.samples import notice

pytestmark = pytest.mark.temporal


async def test_money_that_comes_while_the_expiry_is_being_mailed_is_invoiced_all_the_same(
    open_house: HouseFactory, order_id: str
) -> None:
    house = await open_house(payment=1, another_method=60, first_ask=60)
    house.paper.refusals = 1_000
    await house.checkout(order_id)
    await until(lambda: status_of(house.records, order_id) is PaymentStatus.EXPIRED)
    await until(lambda: house.paper.refusals < 1_000)

    house.gateway.pay(f"{order_id}~1")
    await house.notify(order_id, notice(order_id, AttemptStatus.PAID))
    await until(lambda: status_of(house.records, order_id) is PaymentStatus.PAID)
    house.paper.refusals = 0

    assert await house.handle(order_id).result() == PaymentStatus.PAID
    assert house.records.payments[order_id].invoice_number is not None
    assert house.records.mails[order_id] == [Mail(MailKind.RECEIPT, 1)]
