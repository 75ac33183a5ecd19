"""Updates with what the Web UI says of them where people choose one: what it does, what it wants."""

from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from temporalio import workflow
from temporalio.workflow import UpdateMethodMultiParam

P = ParamSpec("P")
R = TypeVar("R")


def update(
    description: str,
) -> Callable[[Callable[P, Awaitable[R]]], UpdateMethodMultiParam[P, R]]:
    """`workflow.update`, whose own types lose the answer as soon as there is a description."""
    return workflow.update(description=description)  # type: ignore[return-value]


_WHO = '"actor": "YOUR-NAME", "reason": "WHY"'
CANCEL = f"End the payment unless the money was faster. Input: {{{_WHO}}}"
REQUEST_REFUND = (
    "Give money back; the same key again is the same refund. Without an amount: all that is left."
    f' Input: {{{_WHO}, "refund_key": "R-1", "amount": {{"value": 50000, "currency": "IDR"}}}};'
    ' with "by_transfer": true by hand, even where Midtrans could do it'
)
RESOLVE_REVIEW = (
    "Approve or deny a payment that Midtrans holds in review."
    f' Input: {{{_WHO}, "decision": "approve"}}, or "deny"'
)
RESOLVE_CASE = (
    "Close a case that waits for a human; its number and what may be made of it are in the current"
    f' details. Input: {{{_WHO}, "case_id": 7, "resolution": "noted"}}; "amount" (like a refund\'s)'
    " where a chargeback was lost in part"
)
RETRY_NOW = f"Stop waiting, try the stuck step again at once. Input: {{{_WHO}}}"
AWAIT_INSTRUCTIONS = "For checkout: start paying the order, or answer how it stands."
TRY_ANOTHER_METHOD = "For checkout: close the last attempt, open the next one."
