"""Invoice, credit notes and mails: beside the money path, never delaying or refusing a message."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from temporalio import workflow

from activities.documents import DocumentActivities
from payments.alerts import AlertCode
from payments.commands import CreditNoteOrder, InvoiceOrder, MailOrder
from payments.progress import Progress
from workflows.causes import Cause, DocumentsSent
from workflows.options import DOCUMENT, DOCUMENT_SLOWLY
from workflows.steps import Steps
from workflows.tasks import start_beside

A = TypeVar("A")


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
        if self._task is None and progress and progress.has_documents_due:
            self._task = start_beside(lambda: self._send(progress))

    def done(self) -> None:
        self._task = None

    async def _send(self, progress: Progress) -> None:
        if progress.invoice_due:
            order = InvoiceOrder(order_id=self._order_id, at=workflow.now())
            await self._make(DocumentActivities.issue_invoice, order, "issue the invoice")
        for refund_key in progress.credit_notes_due:
            note = CreditNoteOrder(
                order_id=self._order_id, refund_key=refund_key, at=workflow.now()
            )
            await self._make(DocumentActivities.issue_credit_note, note, "issue the credit note")
        for mail in progress.mails_due:
            letter = MailOrder(order_id=self._order_id, mail=mail, at=workflow.now())
            await self._make(DocumentActivities.send_mail, letter, f"mail the {mail.kind}")
        self._add(DocumentsSent(progress))

    async def _make(
        self, activity: Callable[[DocumentActivities, A], Awaitable[Any]], order: A, what: str
    ) -> None:
        await self._steps.insist(
            lambda: workflow.start_activity_method(activity, order, **DOCUMENT, summary=what),
            lambda: workflow.start_activity_method(
                activity, order, **DOCUMENT_SLOWLY, summary=what
            ),
            AlertCode.DOCUMENT_STUCK,
            AlertCode.DOCUMENT_STUCK,
        )
