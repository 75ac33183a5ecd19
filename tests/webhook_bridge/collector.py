"""Stands in for the payment workflow: it keeps what it is told, until it is told to end."""

from temporalio import workflow

from workflows.names import GATEWAY_REPORTED, PAYMENT_WORKFLOW


@workflow.defn(name=PAYMENT_WORKFLOW)
class Collector:
    def __init__(self) -> None:
        self._notices: list[dict[str, str]] = []
        self._ended = False

    @workflow.run
    async def run(self, _order_id: str) -> list[dict[str, str]]:
        await workflow.wait_condition(lambda: self._ended)
        return self._notices

    @workflow.signal(name=GATEWAY_REPORTED)
    def gateway_reported(self, notice: dict[str, str]) -> None:
        self._notices.append(notice)

    @workflow.signal
    def end(self) -> None:
        self._ended = True
