"""Every process of the service is told to end while orders are made, and starts again."""

import asyncio
from collections.abc import Mapping, Sequence

import httpx
import pytest

from local_stack.processes import Child
from local_stack.stack import START_WAIT, Stack
from tests.e2e.shop import Shop, until

pytestmark = [pytest.mark.e2e, pytest.mark.postgres, pytest.mark.temporal]

ORDERS = 6


async def test_processes_told_to_end_under_load_end_in_order_and_lose_nothing(
    breakable_shop: Shop,
) -> None:
    await survive(breakable_shop, rounds=1)


@pytest.mark.proof
async def test_processes_told_to_end_again_and_again_never_crash_and_lose_nothing(
    breakable_shop: Shop,
) -> None:
    """An interpreter that crashes on its way out does so in one of ten rounds."""
    await survive(breakable_shop, rounds=25)


async def survive(shop: Shop, rounds: int) -> None:
    for _ in range(rounds):
        codes = await one_round(shop, [shop.order() for _ in range(ORDERS)])
        assert codes == dict.fromkeys(probes(shop.stack), 0)


async def one_round(shop: Shop, orders: Sequence[Mapping[str, object]]) -> dict[str, int | None]:
    """End those who answer others while orders are made, and the worker while they are paid."""
    worker, *servers = probes(shop.stack)
    # What the bridge does not hear of it hears minutes later, when Midtrans tells it again.
    may_be_paid = asyncio.Event()
    buying = [asyncio.create_task(bought(shop, order, may_be_paid)) for order in orders]

    async def one_is_made() -> bool | None:
        return any([await shop.at_gateway(str(order["order_id"])) for order in orders]) or None

    await until(one_is_made)
    codes = await ended_anew(shop.stack, servers)
    may_be_paid.set()
    codes |= await ended_anew(shop.stack, [worker])
    await asyncio.gather(*buying)
    for order in orders:
        order_id = str(order["order_id"])
        await shop.payment_when(order_id, status="paid", invoice_number=...)
        assert len(await shop.at_gateway(order_id)) == 1
        assert (await shop.feed(order_id)).count("payment.paid") == 1
    return codes


async def ended_anew(stack: Stack, names: list[str]) -> dict[str, int | None]:
    children = {name: stack.children[name] for name in names}
    await asyncio.gather(*(child.stop() for child in children.values()))
    codes = {name: child.exit_code for name, child in children.items()}
    for child in children.values():
        child.start()
    async with httpx.AsyncClient(trust_env=False) as http:
        for name, child in children.items():
            await ready(child, http, f"{probes(stack)[name]}/readyz")
    return codes


async def ready(child: Child, http: httpx.AsyncClient, url: str) -> None:
    async def answers() -> bool:
        try:
            return (await http.get(url)).is_success
        except httpx.TransportError:
            return False

    await child.wait_until(answers, START_WAIT)


async def bought(shop: Shop, order: Mapping[str, object], may_be_paid: asyncio.Event) -> None:
    """Check out until the order stands, as a shop does, and pay."""

    async def made() -> bool | None:
        try:
            answer = await shop.post("/v1/payments", order)
        except httpx.TransportError:
            return None
        assert answer.status_code in {200, 201, 202, 503, 504}, answer.text
        return answer.status_code in {200, 201} or None

    await until(made, 60)
    await may_be_paid.wait()
    await shop.customer(f"{order['order_id']}~1", "pay")


def probes(stack: Stack) -> dict[str, str]:
    addresses = stack.addresses
    return {
        "worker": addresses.worker_url,
        "bridge": addresses.bridge_url,
        "api": addresses.api_url,
        "codec-server": f"http://127.0.0.1:{addresses.codec}",
    }
