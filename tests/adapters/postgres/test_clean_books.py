"""Ten thousand attempts that are at the gateway as they are here: reconciliation finds nothing."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import ActivityEnvironment

from activities.examining import Examiner
from adapters.midtrans.settlement_file import read_settlements
from adapters.midtrans.settlement_mapping import read_mapping
from adapters.postgres.audit import Why
from adapters.postgres.cases import Cases
from adapters.postgres.reconciliation_store import ReconciliationStore
from adapters.postgres.sealing import Sealer
from benchmarks.books import Books
from payments.gateway import AttemptRef, StatusReport
from payments.invoice import WIB
from payments.methods import PaymentMethod
from payments.notice import Notice
from payments.payment import Payment
from payments.reconciliation import StartedRun, Tally
from payments.reconciling import RunKind
from payments.status import AttemptStatus
from starter.reconciling import FileReconciliation
from tests.adapters.postgres.lives import Life
from tests.adapters.postgres.reconciliations import batch_of, difference_of, examined_of, new_run
from tests.adapters.postgres.stories import lives
from tests.payments.model_gateway import State, Transaction
from tests.payments.samples import NOW
from tests.workflows.memory import MemoryGateway

pytestmark = pytest.mark.proof

ATTEMPTS = 10_000
BATCH = 500
WEEK_AGO = NOW - timedelta(days=7)
MAPPING = read_mapping(
    '{"fees": {"qris": {"percent": "0.7"}, "gopay": {"percent": "2"}, "bca_va": {"flat": 4000}}}'
)
HEADER = (
    *("Order ID", "Transaction ID", "Payment type", "Amount", "MDR amount", "Refund amount"),
    *("Transaction status", "Settlement time"),
)
TOLD_AS = {
    AttemptStatus.PAID: "settlement",
    AttemptStatus.DENIED: "deny",
    AttemptStatus.PARTIALLY_REFUNDED: "partial_refund",
    AttemptStatus.REFUNDED: "refund",
    AttemptStatus.CHARGED_BACK: "chargeback",
}


@dataclass
class ModelGateway(MemoryGateway):
    """Answers what the model of the gateway has, the newest transaction of an attempt first."""

    transactions: dict[tuple[str, str], Transaction] = field(default_factory=dict)
    newest: dict[str, Transaction] = field(default_factory=dict)

    def learn(self, transactions: Iterable[Transaction]) -> None:
        for each in transactions:
            self.transactions[each.gateway_order_id, each.transaction_id] = each
            self.newest[each.gateway_order_id] = each

    async def ask(self, attempt: AttemptRef) -> StatusReport | None:
        newest = self.newest.get(attempt.gateway_order_id)
        return None if newest is None else newest.report()

    async def ask_about(self, attempt: AttemptRef, transaction_id: str) -> StatusReport | None:
        found = self.transactions.get((attempt.gateway_order_id, transaction_id))
        return None if found is None else found.report()


@dataclass
class Silent:
    """Implements Orders: nobody is to be told of anything."""

    told: list[Notice] = field(default_factory=list)

    async def tell(self, notice: Notice) -> None:
        self.told.append(notice)


@dataclass
class CleanSet:
    """What is in the database, and what of it the gateway holds."""

    store: ReconciliationStore
    gateway: ModelGateway
    attempts: int
    waiting: int


@pytest.fixture
async def clean(fresh_engine: AsyncEngine, sealer: Sealer) -> CleanSet:
    gateway, found = ModelGateway(), list(lives(ATTEMPTS, NOW))
    for life in found:
        gateway.learn(life.transactions)
    attempts = await Books(fresh_engine, sealer).keep(_as_stored(life.payment) for life in found)
    await _keep_cases(fresh_engine, sealer, found)
    waiting = sum("pending" in life.payment.attempts[-1].status for life in found)
    store = ReconciliationStore(fresh_engine, sealer)
    return CleanSet(store, gateway, attempts, waiting)


def _as_stored(payment: Payment) -> Payment:
    """Each order has an invoice number of its own."""
    number = payment.invoice_number and f"INV-{payment.order_id}"
    return replace(payment, invoice_number=number)


async def _keep_cases(engine: AsyncEngine, sealer: Sealer, found: Sequence[Life]) -> None:
    cases, why = Cases(sealer), Why(actor="ani", cause="resolve_case", at=NOW)
    async with engine.begin() as connection:
        for payment in (life.payment for life in found):
            for case in payment.cases:
                await cases.open(connection, payment.order_id, case, NOW)
                if not case.is_open:
                    await cases.close(connection, payment.order_id, case, why)


async def status_run(clean: CleanSet, kind: RunKind) -> tuple[Tally, list[Notice]]:
    """What a run over everything comes to, and whom it would tell."""
    run_id, after, tally = new_run(), "", Tally()
    await clean.store.begin(StartedRun(run_id=run_id, kind=kind, at=NOW))
    examiner, notices = Examiner(clean.gateway, 1_000_000), list[Notice]()
    while True:
        batch = batch_of(run_id, kind=kind, since=WEEK_AGO, behind=after, size=BATCH, at=NOW)
        attempts = (await clean.store.attempts(batch)).readable
        asked = await examiner.examine(attempts, batch.at)
        tally = tally.plus(await clean.store.record(batch, [each.examined for each in asked]))
        notices += [notice for each in asked for notice in each.notices(batch)]
        if len(attempts) < BATCH:
            return tally, notices
        payment, number = attempts[-1]
        after = f"{payment.order_id}~{number}"


def settled_at(transaction: Transaction) -> datetime:
    """A card settles on the next day at 16:00 WIB, everything else at once (fact sheet §4.3)."""
    assert transaction.paid_at is not None
    if transaction.method is not PaymentMethod.CREDIT_CARD:
        return transaction.paid_at.astimezone(WIB)
    day = transaction.paid_at.astimezone(WIB).date() + timedelta(days=1)
    return datetime.combine(day, time(16), WIB)


def mdr(transaction: Transaction) -> int:
    percent = {PaymentMethod.QRIS: 70, PaymentMethod.GOPAY: 200}.get(transaction.method, 0)
    flat = 4_000 if transaction.method is PaymentMethod.BCA_VA else 0
    return (transaction.gross * percent + 5_000) // 10_000 + flat


def dashboard_export(transactions: Iterable[Transaction]) -> io.BytesIO:
    """Everything that settled, whatever became of it."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for each in transactions:
        if each.state not in {State.SETTLEMENT, State.REVERSAL} or each.paid_at is None:
            continue
        row = (each.gateway_order_id, each.transaction_id, "", each.gross, mdr(each))
        refunded, status = (
            sum(given.amount for given in each.refunds),
            TOLD_AS[each.report().status],
        )
        writer.writerow((*row, refunded, status, f"{settled_at(each):%Y-%m-%d %H:%M:%S}"))
    return io.BytesIO(text.getvalue().encode())


async def test_a_clean_set_of_ten_thousand_attempts_has_no_difference(clean: CleanSet) -> None:
    everything, told = await ActivityEnvironment().run(status_run, clean, RunKind.RECENT)
    still_open, told_of_open = await ActivityEnvironment().run(status_run, clean, RunKind.OPEN)
    orders = Silent()
    rows = read_settlements(dashboard_export(clean.gateway.transactions.values()), MAPPING)
    files = FileReconciliation(clean.store, orders, MAPPING.fees, lambda: NOW)
    summary = await files.run("reconciliation/file-clean", rows)

    assert (everything.checked, everything.unanswered) == (clean.attempts, 0)
    assert clean.attempts >= ATTEMPTS
    assert (everything.found, told) == ({}, [])
    assert still_open.checked == clean.waiting > 0
    assert (still_open.found, told_of_open) == ({}, [])
    assert summary.report.tally.checked > ATTEMPTS / 4
    assert (summary.report.tally.found, summary.unread, orders.told) == ({}, 0, [])
    assert await clean.store.discrepancies(open_only=False) == ()


async def test_no_batch_is_larger_than_asked_for(clean: CleanSet) -> None:
    of_all = batch_of(new_run(), kind=RunKind.RECENT, since=WEEK_AGO, size=50, at=NOW)
    of_open = replace(of_all, kind=RunKind.OPEN)
    await clean.store.begin(StartedRun(run_id=of_all.run_id, kind=of_all.kind, at=NOW))
    many = (await clean.store.attempts(replace(of_all, size=200))).readable
    found = [
        examined_of(payment, number, difference_of(f"{payment.order_id}~{number}"))
        for payment, number in many
    ]
    await clean.store.record(of_all, found)

    assert len(many) == 200
    assert len((await clean.store.attempts(of_all)).readable) == 50
    assert len((await clean.store.attempts(of_open)).readable) == 50
    assert len((await clean.store.to_recheck(of_all)).readable) == 50
