"""Whether the invariants hold for all that is stored and, if wanted, for what the gateway says."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from activities.examining import Examiner
from adapters.midtrans.gateway import MidtransGateway
from adapters.postgres.engine import create_engine
from adapters.postgres.invariants import InvariantEvidence
from adapters.postgres.sealing import Sealer
from payments.evidence import Evidence, OrderEvidence
from payments.gateway import StatusReport
from payments.invariants import INVARIANTS, Violation, promise, violations
from settings import Settings
from starter.doctor.examination import Finding
from starter.services import built

# More than anybody reads; all of them are counted.
SHOWN = 20
# Orders about which the gateway is asked together.
_BATCH = 20
_NEEDED = ("database_url", "keyset_database", "keyset_lookup")
_REMEDY = "see what became of it: python -m starter audit show ORDER"


@dataclass
class _Tally:
    """What was looked at, and the first violations of each invariant."""

    orders: int = 0
    asked: int = 0
    unanswered: int = 0
    counts: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    first: defaultdict[str, list[Violation]] = field(default_factory=lambda: defaultdict(list))

    def take(self, found: Iterable[Violation]) -> None:
        for each in found:
            self.counts[each.invariant] += 1
            if len(self.first[each.invariant]) < SHOWN:
                self.first[each.invariant].append(each)


async def examine_invariants(settings: Settings, *, ask: bool, grace: timedelta) -> list[Finding]:
    """One line for each; what is younger than `grace` may still be on its way."""
    settings.require(*_NEEDED, *(("midtrans_server_key", "midtrans_merchant_id") if ask else ()))
    due_before = datetime.now(UTC) - grace
    async with AsyncExitStack() as parts:
        engine = built(
            settings,
            "database_url",
            lambda url: create_engine(url, application_name="payments-doctor"),
        )
        parts.push_async_callback(engine.dispose)
        keysets = settings.keysets
        inside = InvariantEvidence(engine, Sealer(keysets.database, keysets.lookup))
        examiner = None
        if ask:
            gateway = MidtransGateway(settings.midtrans)
            parts.callback(gateway.shut_down)
            examiner = Examiner(gateway, settings.reconcile_rate)
        return _findings(await _tallied(inside, examiner, due_before), ask=ask)


async def _tallied(
    inside: InvariantEvidence, examiner: Examiner | None, due_before: datetime
) -> _Tally:
    tally = _Tally()
    tally.take(violations(await inside.whole()))
    async for batch in _batches(inside.orders(due_before)):
        seen = batch if examiner is None else await _asked(examiner, batch, tally)
        tally.orders += len(seen)
        for evidence in seen:
            tally.take(violations(evidence))
    async for stranger in inside.strangers(due_before):
        tally.take(violations(stranger))
    return tally


async def _batches(found: AsyncIterator[Evidence]) -> AsyncIterator[Sequence[Evidence]]:
    batch: list[Evidence] = []
    async for evidence in found:
        batch.append(evidence)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    yield batch


async def _asked(
    examiner: Examiner, batch: Sequence[Evidence], tally: _Tally
) -> Sequence[Evidence]:
    """With what the gateway says, of those orders about which it answers."""
    orders = [each for each in batch if isinstance(each, OrderEvidence)]
    attempts = [(each.payment, number) for each in orders for number in _numbers(each)]
    reports = defaultdict[str, list[StatusReport]](list)
    unanswered = set[str]()
    for asked in await examiner.examine(attempts, datetime.now(UTC)):
        order_id = asked.examined.payment.order_id
        reports[order_id] += [each.report for each in asked.answers if each.report is not None]
        if not asked.examined.was_answered:
            unanswered.add(order_id)
    tally.asked += len(orders)
    tally.unanswered += len(unanswered)
    return [
        replace(each, gateway=tuple(reports[each.order_id]))
        if isinstance(each, OrderEvidence) and each.order_id not in unanswered
        else each
        for each in batch
    ]


def _numbers(evidence: OrderEvidence) -> Iterable[int]:
    return (attempt.number for attempt in evidence.payment.attempts)


def _findings(tally: _Tally, *, ask: bool) -> list[Finding]:
    told = "Midtrans was not asked"
    if ask:
        told = f"Midtrans answered about {tally.asked - tally.unanswered}"
    is_well = tally.unanswered == 0
    looked = Finding(
        "orders",
        is_well=is_well,
        text=f"{tally.orders} examined, {told}",
        remedy="" if is_well else "run python -m starter doctor, and this again",
    )
    return [looked, *(_finding(name, tally) for name in INVARIANTS)]


def _finding(name: str, tally: _Tally) -> Finding:
    found = tally.first[name]
    if not found:
        return Finding(name, is_well=True, text=promise(name))
    more = tally.counts[name] - len(found)
    told = [f"{each.order_id} {each.what}".strip() for each in found]
    rest = [f"{more} more"] if more else []
    return Finding(name, is_well=False, text="; ".join([*told, *rest]), remedy=_REMEDY)
