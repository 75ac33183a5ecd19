"""Invoice and mail of a paid order: beside the money path, never delaying or refusing a message."""

import asyncio
from collections.abc import Callable

from temporalio import workflow

from activities.documents import DocumentActivities
from payments.commands import InvoiceOrder, MailKind, MailOrder
from payments.payment import Progress
from workflows.causes import Cause, DocumentsSent
from workflows.options import DOCUMENT


class Documents:
    """Sends what is due; being done is a cause like any other."""

    def __init__(self, order_id: str, add: Callable[[Cause], None]) -> None:
        self._order_id = order_id
        self._add = add
        self._task: asyncio.Task[None] | None = None

    @property
    def are_on_their_way(self) -> bool:
        return self._task is not None

    def keep_up(self, progress: Progress | None) -> None:
        if self._task is None and progress and (progress.invoice_due or progress.receipt_due):
            self._task = asyncio.create_task(self._send(progress))

    def done(self) -> None:
        self._task = None

    async def _send(self, progress: Progress) -> None:
        at = workflow.now()
        if progress.invoice_due:
            await workflow.execute_activity_method(
                DocumentActivities.issue_invoice,
                InvoiceOrder(order_id=self._order_id, at=at),
                **DOCUMENT,
                summary="issue the invoice",
            )
        mail = MailOrder(
            order_id=self._order_id,
            kind=MailKind.RECEIPT,
            attempt=progress.latest_attempt.number,
            at=at,
        )
        await workflow.execute_activity_method(
            DocumentActivities.send_mail, mail, **DOCUMENT, summary="mail the receipt"
        )
        self._add(DocumentsSent())
