"""Alerts to the administrator: one per cause, with reminders that grow rarer."""

import asyncio
from collections.abc import Callable, Collection

from temporalio import workflow

from activities.documents import DocumentActivities
from payments.alerts import AlertCode, reminder_pause
from payments.cases import CaseCode
from payments.commands import AlertOrder
from workflows.options import DOCUMENT_SLOWLY
from workflows.tasks import start_beside


class Alerts:
    def __init__(self, order_id: str, changed: Callable[[], None]) -> None:
        self._order_id = order_id
        self._changed = changed
        self._sounding: dict[AlertCode, asyncio.Task[None]] = {}
        self._once: list[asyncio.Task[None]] = []

    @property
    def sounding(self) -> tuple[AlertCode, ...]:
        """The causes, the one that has waited longest first."""
        return tuple(self._sounding)

    def keep_up(self, open_cases: Collection[CaseCode]) -> None:
        """Sound for each kind of case as long as one is open."""
        for code in CaseCode:
            if code in open_cases:
                self.sound(AlertCode(code))
            else:
                self.silence(AlertCode(code))

    def sound(self, code: AlertCode) -> None:
        """Alert, and remind until the cause is silenced; sounding twice is sounding once."""
        if code not in self._sounding:
            self._sounding[code] = start_beside(lambda: self._remind(code))
            self._changed()

    def silence(self, code: AlertCode) -> None:
        """The cause is gone."""
        task = self._sounding.pop(code, None)
        if task is not None:
            task.cancel()
            self._changed()

    def send_once(self, code: AlertCode) -> None:
        """Alert about something that no run waits for."""
        self._once.append(start_beside(lambda: self._send(code, 0)))

    @property
    def are_on_their_way(self) -> bool:
        """Whether one is being sent that would be lost if the run ended."""
        return any(not task.done() for task in self._once)

    async def _remind(self, code: AlertCode) -> None:
        sent = 0
        while True:
            await self._send(code, sent)
            sent += 1
            await workflow.sleep(reminder_pause(sent), summary=f"remind the administrator: {code}")

    async def _send(self, code: AlertCode, sent: int) -> None:
        alert = AlertOrder(order_id=self._order_id, code=code, sent=sent, at=workflow.now())
        await workflow.execute_activity_method(
            DocumentActivities.send_alert,
            alert,
            **DOCUMENT_SLOWLY,
            summary=f"alert the administrator: {code}",
        )
