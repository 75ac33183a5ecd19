"""Names that Temporal keeps: for ever, since a rename breaks running payments (DESIGN §4)."""

from temporalio.common import SearchAttributeKey

PAYMENTS_QUEUE = "payments"
DOCUMENTS_QUEUE = "documents"

PAYMENT_WORKFLOW = "PaymentWorkflow"
GATEWAY_REPORTED = "gateway_reported"
RECONCILIATION_WORKFLOW = "ReconciliationWorkflow"

ORDER_ID = SearchAttributeKey.for_keyword("PaymentOrderId")
STATUS = SearchAttributeKey.for_keyword("PaymentStatus")
METHOD = SearchAttributeKey.for_keyword("PaymentMethod")
ATTENTION = SearchAttributeKey.for_keyword("PaymentAttention")
SEARCH_ATTRIBUTES = (ORDER_ID, STATUS, METHOD, ATTENTION)


def summary_of(order_id: str) -> str:
    """What the Web UI calls a run."""
    return f"Payment of order {order_id}"


# What the Web UI says beneath.
DETAILS = (
    "Carries the order's payment to its end. How it stands, and what an operator can do about it:"
    " *Current Details*. What happens beside it: *Pending Activities*."
)


def workflow_id(order_id: str) -> str:
    """One order, one workflow id."""
    return f"payment/{order_id}"


def reconciliation_id(kind: str) -> str:
    """A schedule appends the time; a run started otherwise needs a suffix of its own."""
    return f"reconciliation/{kind}"
