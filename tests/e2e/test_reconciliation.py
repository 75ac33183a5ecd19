"""What no notification told, what was changed behind our back, what a settlement file says."""

import asyncio
import csv
import json
import os
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Executable, delete, select, update

from adapters.postgres.tables import gateway_transactions, payment_attempts
from local_stack.stack import Stack, run_stack
from payments.reconciling import RunKind
from tests.e2e.letters import alerted
from tests.e2e.reconciling import UNTOLD, differences, found, reconcile, rows, told, write_pdf
from tests.e2e.refunds import ask_back, paid, refund_when
from tests.e2e.shop import Shop, open_shop, until

pytestmark = [pytest.mark.e2e, pytest.mark.proof]

PAYMENTS = 200
ASKED = 10
AT_ONCE = 8
UNTOLD_ABOUT = PAYMENTS - ASKED
METHODS = (
    ("bca_va", "core"),
    ("qris", "core"),
    ("gopay", "core"),
    ("indomaret", "core"),
    ("credit_card", "snap"),
)
# A Snap page whose customer has paid has a transaction that we have never heard of.
ON_SNAP = UNTOLD_ABOUT // len(METHODS)


@pytest.fixture(scope="module")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stack]:
    """Where nobody asks before reconciliation does."""
    state_dir = tmp_path_factory.mktemp("a service to reconcile")
    async with run_stack(state_dir, {**os.environ, **UNTOLD}, throw_away=True) as running:
        yield running
        async with open_shop(running) as shop:
            verdict = await shop.audit_verdict()
        assert verdict.broken is None, verdict


@pytest.fixture
async def shop(stack: Stack) -> AsyncIterator[Shop]:
    async with open_shop(stack) as shop:
        yield shop


async def test_with_every_webhook_dropped_all_payments_end_right_without_a_human(
    shop: Shop, tmp_path: Path
) -> None:
    await shop.plan_faults({"operation": "webhook", "order_id": f"{shop.prefix}*", "fault": "drop"})
    at_once = asyncio.Semaphore(AT_ONCE)

    async def bought(number: int) -> str:
        method, integration = METHODS[number % len(METHODS)]
        async with at_once:
            payment = await shop.checkout(method=method, integration=integration)
            await shop.customer(f"{payment['order_id']}~1", "pay")
        return str(payment["order_id"])

    order_ids = await asyncio.gather(*map(bought, range(PAYMENTS)))
    # Who wants to cancel makes us ask Midtrans: the money was faster.
    for order_id in order_ids[:ASKED]:
        answer = await shop.post(f"/v1/payments/{order_id}/cancel", {"reason": "took too long"})
        assert answer.json()["code"] == "already_paid"

    first = await reconcile(shop)
    payments = [await finished(shop, order_id) for order_id in order_ids]
    last = (await told(shop))["run_id"]

    assert len({payment["invoice_number"] for payment in payments}) == PAYMENTS
    seen = await rows(shop, first, tmp_path / "first.csv")
    assert Counter(line["differences"] for line in seen) == {
        "": ASKED,
        "state_differs": UNTOLD_ABOUT - ON_SNAP,
        "ours_missing": ON_SNAP,
    }
    lines = await rows(shop, last, tmp_path / "last.csv")
    assert sorted(line["order_id"] for line in lines) == sorted(order_ids)
    assert {line["differences"] for line in lines} == {""}
    assert sum(int(line["captured"]) for line in lines) == PAYMENTS * 350_000
    by = {line["order_id"]: line["found_by"] for line in lines}
    assert Counter(by.values()) == {"asking": ASKED, "reconciliation": UNTOLD_ABOUT}
    assert {by[order_id] for order_id in order_ids[:ASKED]} == {"asking"}
    await write_pdf(shop, last, tmp_path / "last.pdf")
    assert (tmp_path / "last.pdf").stat().st_size > 0


async def finished(shop: Shop, order_id: str) -> dict[str, Any]:
    """The order with its invoice and one receipt, and nobody was called."""
    payment = await shop.payment_when(order_id, status="paid", invoice_number=...)

    async def receipted() -> bool | None:
        return len(await shop.mails(order_id)) == 1 or None

    await until(receipted)
    assert await shop.alerts(order_id) == []
    return payment


async def test_a_chargeback_of_which_nobody_told_is_found_and_followed(shop: Shop) -> None:
    order_id = await paid(shop, method="credit_card", integration="snap")
    await shop.customer(f"{order_id}~1", "chargeback", notify=False)

    await reconcile(shop)
    await shop.payment_when(order_id, status="charged_back")
    await reconcile(shop)

    assert await found(shop, order_id) == {"state_differs": "repaired"}
    await alerted(shop, order_id, "chargeback")


async def test_a_refund_in_the_dashboard_of_which_nobody_told_is_found_and_followed(
    shop: Shop,
) -> None:
    order_id = await paid(shop, method="gopay")
    await shop.customer(f"{order_id}~1", "refund", amount=50_000, refund_key="D-1", notify=False)

    await reconcile(shop)
    await shop.payment_when(order_id, status="partially_refunded")
    await reconcile(shop)

    assert await found(shop, order_id) == {
        "state_differs": "repaired",
        "refund_differs": "repaired",
    }
    [refund] = (await shop.payment(order_id))["refunds"]
    assert (refund["cause"], refund["amount"]["value"]) == ("elsewhere", 50_000)


async def test_a_refund_that_the_bank_confirmed_in_silence_is_found_and_confirmed(
    shop: Shop,
) -> None:
    order_id = await paid(shop)
    assert (await ask_back(shop, order_id, 50_000)).status_code == 202
    await refund_when(shop, order_id, "accepted")
    await shop.customer(f"{order_id}~1", "confirm_refund", notify=False)

    await reconcile(shop)
    await refund_when(shop, order_id, "confirmed")
    await reconcile(shop)

    assert await found(shop, order_id) == {"refund_differs": "repaired"}


async def test_a_reversal_of_which_nobody_told_is_found_and_followed(shop: Shop) -> None:
    order_id = await paid(shop, method="permata_va")
    await shop.customer(f"{order_id}~1", "reverse", notify=False)

    await reconcile(shop)
    await shop.payment_when(order_id, status="reversed", invoice_number=None)
    await reconcile(shop)

    assert await found(shop, order_id) == {"state_differs": "repaired"}
    await alerted(shop, order_id, "settlement_reversed")


async def test_a_payment_after_expiry_of_which_nobody_told_pays_the_order(shop: Shop) -> None:
    order_id = (await shop.checkout())["order_id"]
    await shop.customer(f"{order_id}~1", "expire")
    await shop.payment_when(order_id, status="expired")
    await shop.customer(f"{order_id}~1", "pay", notify=False)

    await reconcile(shop)
    await shop.payment_when(order_id, status="paid", invoice_number=...)
    await reconcile(shop)

    assert await found(shop, order_id) == {"state_differs": "repaired"}


async def test_a_payment_after_the_cancel_of_which_nobody_told_goes_back(shop: Shop) -> None:
    order_id = (await shop.checkout(method="qris"))["order_id"]
    answer = await shop.post(f"/v1/payments/{order_id}/cancel", {"reason": "changed my mind"})
    assert answer.json()["status"] == "cancelled"
    await shop.customer(f"{order_id}~1", "pay", notify=False)

    await reconcile(shop)
    await returned(shop, order_id)
    await reconcile(shop)

    assert await found(shop, order_id) == {"state_differs": "repaired"}


async def test_an_open_attempt_is_reconciled_every_few_minutes_too(shop: Shop) -> None:
    order_id = (await shop.checkout())["order_id"]
    await shop.customer(f"{order_id}~1", "pay", notify=False)

    await reconcile(shop, RunKind.OPEN)
    await shop.payment_when(order_id, status="paid")
    await reconcile(shop)

    assert await found(shop, order_id) == {"state_differs": "repaired"}


@pytest.mark.parametrize("amount", [35_000, 350_001])
async def test_another_amount_at_the_gateway_is_left_to_a_human(shop: Shop, amount: int) -> None:
    order_id = (await shop.checkout())["order_id"]
    await shop.customer(f"{order_id}~1", "pay", amount=amount, notify=False)

    await reconcile(shop)
    await shop.payment_when(order_id, status="checking", attention="mismatch")
    await reconcile(shop)

    standing = await found(shop, order_id)
    assert standing["amount_differs"] == "open"
    listed = {each["kind"]: each for each in await differences(shop, order_id)}
    amounts = listed["amount_differs"]
    assert (amounts["ours"], amounts["theirs"]) == ("350000", str(amount))
    assert "order.paid" not in await shop.audit(order_id)


async def test_another_currency_at_the_gateway_is_left_to_a_human(shop: Shop) -> None:
    order_id = (await shop.checkout())["order_id"]
    await shop.plant(order_id=f"{order_id}~1", gross_amount=350_000, currency="USD", notify=False)

    await reconcile(shop)
    await shop.payment_when(order_id, attention="mismatch")
    await reconcile(shop)

    standing = await found(shop, order_id)
    assert standing["amount_differs"] == "open", "no rupiah came at all"
    assert "order.paid" not in await shop.audit(order_id)


async def test_a_card_that_has_not_settled_by_the_second_day_is_listed(shop: Shop) -> None:
    now = datetime.now(UTC)
    # As long as Midtrans' clock stays there, the card does not settle.
    await shop.move_gateway_clock(now=(now - timedelta(days=4)).isoformat())
    try:
        late = await paid(shop, method="credit_card", integration="snap")
        await reconcile(shop)
    finally:
        await shop.move_gateway_clock(now=datetime.now(UTC).isoformat())

    assert await found(shop, late) == {"capture_overdue": "open"}


async def returned(shop: Shop, order_id: str) -> None:
    """Midtrans has given the money back, and the order knows."""

    async def look() -> bool | None:
        refunds = (await shop.payment(order_id))["refunds"]
        return [each["status"] for each in refunds] == ["accepted"] or None

    await until(look)


async def test_an_attempt_that_is_open_again_in_the_database_is_found(shop: Shop) -> None:
    order_id = await paid_and_done(shop)
    await altered(
        shop,
        update(payment_attempts)
        .where(payment_attempts.c.order_id == order_id)
        .values(status="pending", expires_at=datetime.now(UTC) - timedelta(hours=1)),
    )

    await reconcile(shop)

    assert await found(shop, order_id) == {"overdue": "open"}


async def test_a_transaction_whose_row_was_deleted_is_found_and_recorded_again(
    shop: Shop,
) -> None:
    order_id = await paid_and_done(shop)
    own = gateway_transactions.c
    await altered(shop, delete(gateway_transactions).where(own.order_id == order_id))

    await reconcile(shop)
    await recorded(shop, order_id, "paid")
    await reconcile(shop)

    assert await found(shop, order_id) == {"ours_missing": "repaired"}
    payment = await shop.payment(order_id)
    assert (payment["status"], payment["refunds"]) == ("paid", [])


async def test_a_transaction_whose_status_was_altered_is_found_and_put_right(shop: Shop) -> None:
    order_id = await paid_and_done(shop)
    own = gateway_transactions.c
    behind = update(gateway_transactions).where(own.order_id == order_id).values(status="pending")
    await altered(shop, behind)

    await reconcile(shop)
    await recorded(shop, order_id, "paid")
    await reconcile(shop)

    assert await found(shop, order_id) == {"state_differs": "repaired"}
    payment = await shop.payment(order_id)
    assert (payment["status"], payment["refunds"]) == ("paid", [])


async def paid_and_done(shop: Shop) -> str:
    """A paid order whose run has ended: the next one reads what the database then says."""
    order_id = await paid(shop)
    await shop.run(order_id).result()
    return order_id


async def altered(shop: Shop, statement: Executable) -> None:
    """What a restored backup or a clumsy hand does to the database."""
    async with shop.database.begin() as connection:
        await connection.execute(statement)


async def recorded(shop: Shop, order_id: str, status: str) -> None:
    """The database has the order's one transaction with this status."""
    query = select(gateway_transactions.c.status).where(gateway_transactions.c.order_id == order_id)

    async def look() -> bool | None:
        async with shop.database.connect() as connection:
            return list((await connection.execute(query)).scalars()) == [status] or None

    await until(look)


async def test_of_an_altered_settlement_file_just_what_was_altered_is_found_and_once(
    shop: Shop, tmp_path: Path
) -> None:
    names = ("same", "removed", "doubled", "amount", "status", "fee", "refund")
    orders = {name: await paid(shop) for name in names}
    file, mapping = tmp_path / "settled.csv", tmp_path / "mapping.json"
    mapping.write_text(json.dumps({"fees": {"qris": {"percent": "0.7"}}}))
    exported = (await shop.http.get(f"{shop.simulator}/settlements.csv")).text
    lines = list(csv.DictReader(exported.splitlines()))
    stranger = {"Order ID": f"{shop.new_order_id()}~1", "Transaction ID": str(uuid.uuid4())}
    by_order = {line["Order ID"]: line for line in lines}
    of = {name: by_order[f"{order_id}~1"] for name, order_id in orders.items()}
    of["amount"]["Amount"] = "349999"
    of["status"]["Transaction status"] = "deny"
    of["fee"]["MDR amount"] = "9999"
    of["refund"]["Refund amount"] = "1000"
    lines = [each for each in lines if each is not of["removed"]]
    lines += [of["doubled"], of["same"] | stranger]
    written(file, lines)

    async def compared() -> list[dict[str, Any]]:
        await told(shop, "--file", str(file), "--mapping", str(mapping))
        listed: list[dict[str, Any]] = await told(shop, "differences")
        return [each for each in listed if each["gateway_order_id"].startswith(shop.prefix)]

    first = await compared()
    again = await compared()

    kinds = {each["gateway_order_id"]: each["kind"] for each in first}
    assert len(kinds) == len(first)
    assert kinds == {
        f"{orders['removed']}~1": "theirs_missing",
        f"{orders['doubled']}~1": "duplicate_row",
        f"{orders['amount']}~1": "amount_differs",
        f"{orders['status']}~1": "state_differs",
        f"{orders['fee']}~1": "fee_unexpected",
        f"{orders['refund']}~1": "refund_differs",
        stranger["Order ID"]: "ours_missing",
    }
    assert [each["discrepancy_id"] for each in again] == [each["discrepancy_id"] for each in first]
    assert {(await shop.payment(each))["status"] for each in orders.values()} == {"paid"}


def written(file: Path, lines: list[dict[str, str]]) -> None:
    with file.open("w", newline="") as target:
        writer = csv.DictWriter(target, lines[0].keys())
        writer.writeheader()
        writer.writerows(lines)


async def test_a_transaction_that_the_gateway_has_lost_is_left_to_a_human(shop: Shop) -> None:
    """Last, because the gateway forgets everything."""
    order_id = await paid_and_done(shop)
    assert (await shop.http.post(f"{shop.simulator}/reset")).is_success

    await reconcile(shop)

    assert await found(shop, order_id) == {"theirs_missing": "open"}
    assert (await shop.payment(order_id))["status"] == "paid"
