"""Which tasks of which queue somebody has to work on."""

from adapters.temporal.pollers import Tasks
from workflows.names import DOCUMENTS_QUEUE, PAYMENTS_QUEUE

SERVED = (
    (PAYMENTS_QUEUE, Tasks.WORKFLOWS),
    (PAYMENTS_QUEUE, Tasks.ACTIVITIES),
    (DOCUMENTS_QUEUE, Tasks.ACTIVITIES),
)
