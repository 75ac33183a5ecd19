"""What the client promises by itself: equal wishes are one update, and a cancelled wait ends."""

import asyncio

import pytest

from starter.updates import apart, update_id


def test_equal_wishes_have_equal_ids_whatever_their_members_order() -> None:
    one = update_id("cancel", "SKT-1", {"a": 1, "b": [2, 3]})

    assert one == update_id("cancel", "SKT-1", {"b": [2, 3], "a": 1})
    assert one.startswith("cancel/")


@pytest.mark.parametrize(
    ("name", "order_id", "wish"),
    [
        ("await_instructions", "SKT-1", {"a": 1}),
        ("cancel", "SKT-2", {"a": 1}),
        ("cancel", "SKT-1", {"a": 2}),
        ("cancel", "SKT-1", {"a": "1"}),
    ],
)
def test_different_wishes_have_different_ids(name: str, order_id: str, wish: object) -> None:
    assert update_id(name, order_id, wish) != update_id("cancel", "SKT-1", {"a": 1})


async def test_a_call_that_hides_its_cancellation_is_cancelled_all_the_same() -> None:
    began = asyncio.Event()

    async def hiding() -> None:
        began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            raise RuntimeError("as the SDK does") from error

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await apart(hiding())

    assert began.is_set()
