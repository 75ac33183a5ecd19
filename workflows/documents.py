"""Invoice and mails: beside the money path, never delaying or refusing a message."""

import asyncio
from collections.abc import Callable

from temporalio import workflow

from activities.documents import DocumentActivities
from payments.alerts import AlertCode
from payments.commands import InvoiceOrder, MailOrder
from payments.mails import Mail
from payments.progress import Progress
from workflows.causes import Cause, DocumentsSent
from workflows.options import DOCUMENT, DOCUMENT_SLOWLY
from workflows.steps import Steps
from workflows.tasks import start_beside


class Documents:
    """Sends what is due; being done is a cause like any other."""

    def __init__(self, order_id: str, steps: Steps, add: Callable[[Cause], None]) -> None:
        self._order_id = order_id
        self._steps = steps
        self._add = add
        self._task: asyncio.Task[None] | None = None

    @property
    def are_on_their_way(self) -> bool:
        return self._task is not None

    def keep_up(self, progress: Progress | None) -> None:
        if self._task is None and progress and (progress.invoice_due or progress.mail_due):
            self._task = start_beside(lambda: self._send(progress))

    def done(self) -> None:
        self._task = None

    async def _send(self, progress: Progress) -> None:
        if progress.invoice_due:
            await self._issue_invoice()
        if progress.mail_due is not None:
            await self._send_mail(progress.mail_due)
        self._add(DocumentsSent(progress.mail_due))

    async def _issue_invoice(self) -> None:
        order = InvoiceOrder(order_id=self._order_id, at=workflow.now())
        await self._steps.insist(
            lambda: workflow.start_activity_method(
                DocumentActivities.issue_invoice, order, **DOCUMENT, summary="issue the invoice"
            ),
            lambda: workflow.start_activity_method(
                DocumentActivities.issue_invoice,
                order,
                **DOCUMENT_SLOWLY,
                summary="issue the invoice",
            ),
            AlertCode.DOCUMENT_STUCK,
            AlertCode.DOCUMENT_STUCK,
        )

    async def _send_mail(self, mail: Mail) -> None:
        order = MailOrder(order_id=self._order_id, mail=mail, at=workflow.now())
        what = f"mail the {mail.kind}"
        await self._steps.insist(
            lambda: workflow.start_activity_method(
                DocumentActivities.send_mail, order, **DOCUMENT, summary=what
            ),
            lambda: workflow.start_activity_method(
                DocumentActivities.send_mail, order, **DOCUMENT_SLOWLY, summary=what
            ),
            AlertCode.DOCUMENT_STUCK,
            AlertCode.DOCUMENT_STUCK,
        )
