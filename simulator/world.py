"""Everything the simulator holds, put together once; a reset makes a new one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from simulator.account_teller import AccountTeller
from simulator.accounts import PayAccounts
from simulator.behaviour import Behaviour
from simulator.card_teller import CardTeller
from simulator.cards import CardVault
from simulator.clock import Clock
from simulator.connections import Connections
from simulator.faults import FaultPlan
from simulator.idempotency import IdempotencyStore
from simulator.identifiers import Identifiers
from simulator.instructions import InstructionDesk
from simulator.ledger import Ledger
from simulator.lifecycle import Lifecycle
from simulator.merchants import DEFAULT_MERCHANT, Merchant, MerchantDirectory
from simulator.opening import TransactionOpener
from simulator.refunds import Refunds
from simulator.snap_sessions import SnapSessions
from simulator.subscription_charges import SubscriptionCharger
from simulator.subscriptions import Subscriptions
from simulator.webhooks import WebhookSender


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line says."""

    merchants: Sequence[Merchant] = (DEFAULT_MERCHANT,)
    notify_url: str = ""
    recurring_notify_url: str = ""
    account_notify_url: str = ""
    latency_ms: float = 0.0
    clock: datetime | None = None
    time_scale: float = 1.0
    seed: int | None = None


class World:
    def __init__(self, options: Options, connections: Connections) -> None:
        self.merchants = MerchantDirectory(options.merchants)
        self.behaviour = Behaviour(
            latency_ms=options.latency_ms,
            notify_url=options.notify_url,
            recurring_notify_url=options.recurring_notify_url,
            account_notify_url=options.account_notify_url,
        )
        self.clock = Clock(options.clock, options.time_scale)
        self.identifiers = Identifiers(options.seed)
        self.ledger = Ledger()
        self.faults = FaultPlan()
        self.idempotency = IdempotencyStore()
        self.cards = CardVault(self.identifiers)
        self.webhooks = WebhookSender(
            self.clock, self.behaviour, self.identifiers, self.faults, connections
        )
        self.lifecycle = Lifecycle(self.clock, self.behaviour, self.ledger, self.webhooks)
        self.refunds = Refunds(self.clock, self.behaviour, self.identifiers, self.lifecycle)
        self.opener = TransactionOpener(
            self.clock,
            self.behaviour,
            self.identifiers,
            InstructionDesk(self.identifiers, self.ledger),
            self.lifecycle,
        )
        self.teller = CardTeller(
            self.clock,
            self.behaviour,
            self.identifiers,
            self.cards,
            self.opener,
            self.lifecycle,
        )
        self.snap_sessions = SnapSessions(
            self.clock, self.behaviour, self.identifiers, self.ledger, self.opener, self.teller
        )
        self.accounts = PayAccounts(self.identifiers, self.webhooks)
        self.account_teller = AccountTeller(
            self.behaviour, self.accounts, self.opener, self.lifecycle
        )
        charger = SubscriptionCharger(
            self.clock, self.cards, self.opener, self.teller, self.account_teller
        )
        self.subscriptions = Subscriptions(self.clock, self.identifiers, charger)

    async def stop(self) -> None:
        self.clock.stop()
        await self.webhooks.stop()
