"""What operators see of a case and decide about it, by their CLI."""

import json
from typing import Any

from tests.e2e.shop import OpenCase, Ran, Shop, until


async def open_case(shop: Shop, order_id: str, code: str) -> OpenCase:
    """The order's case of this kind, once it waits for a human."""

    async def look() -> OpenCase | None:
        return next((case for case in await shop.cases(order_id) if case.code == code), None)

    return await until(look)


async def shown(shop: Shop, case: OpenCase, operator: str = "ani") -> dict[str, Any]:
    """What `cases show` says of it."""
    ran = await shop.command("cases", "show", case.case_id, "--json", operator=operator)
    assert ran.exit_code == 0, ran.err
    document = json.loads(ran.out)
    assert isinstance(document, dict)
    return document


async def decide(
    shop: Shop, case: OpenCase, resolution: str, *options: str, operator: str = "ani"
) -> Ran:
    """What the command says that closes a case, or takes it a step further."""
    return await shop.command(
        *("cases", "resolve", case.case_id, "--resolution", resolution),
        *("--reason", "looked at it in the dashboard", *options),
        operator=operator,
    )
