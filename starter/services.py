"""The parts that the API and the commands are made of, built from the settings."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from ipaddress import ip_network
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client, Interceptor

from adapters.postgres.audit_log import AuditLog
from adapters.postgres.bank_details_store import BankDetailsStore
from adapters.postgres.credit_note_store import CreditNoteStore
from adapters.postgres.decodings import Decodings
from adapters.postgres.engine import create_engine
from adapters.postgres.finance_store import FinanceStore
from adapters.postgres.invoice_store import InvoiceStore
from adapters.postgres.keyset_uses import KeysetUses
from adapters.postgres.logs import OperatorLog
from adapters.postgres.payment_reads import PaymentReads
from adapters.postgres.reconciliation_store import ReconciliationStore
from adapters.postgres.sealing import Sealer
from adapters.rates import Rate
from adapters.temporal.client import connect
from adapters.temporal.runtime import sdk_runtime
from settings import PREFIX, Settings, SettingsError
from starter.client import PaymentClient
from starter.errors import UnavailableError
from starter.keys import ApiKeys
from starter.limits import RequestLimits
from starter.operators import OperatorClient
from starter.parts import ApiParts
from starter.pay_page.pages import PayPages
from workflows.orders import OrderSignals

REQUIRED = ("database_url", "keyset_temporal", "keyset_database", "keyset_lookup")

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    settings: Settings
    engine: AsyncEngine
    temporal: Client
    payments: PaymentReads
    invoices: InvoiceStore
    credit_notes: CreditNoteStore
    bank_details: BankDetailsStore
    client: PaymentClient
    operators: OperatorClient
    reconciliation: ReconciliationStore
    finance: FinanceStore
    audit: AuditLog
    operator_log: OperatorLog
    decodings: Decodings
    orders: OrderSignals

    def api_parts(self) -> ApiParts:
        return ApiParts(
            client=self.client,
            lists=self.payments,
            links=self.payments,
            invoices=self.invoices,
            credit_notes=self.credit_notes,
            refund_forms=self.bank_details,
            keys=api_keys(self.settings),
            limits=request_limits(self.settings),
            pages=PayPages(self.settings.merchant, livemode=self.settings.livemode),
            pay_url=self.settings.pay_url,
            livemode=self.settings.livemode,
            checks={"database": self.reach_database, "temporal": self._reach_temporal},
        )

    async def reach_database(self) -> None:
        await self.payments.events(None, 1)

    async def _reach_temporal(self) -> None:
        if not await self.client.is_temporal_reachable():
            raise UnavailableError("Temporal")


@asynccontextmanager
async def open_services(
    settings: Settings,
    name: str,
    *,
    serves: bool = False,
    interceptors: Sequence[Interceptor] = (),
) -> AsyncIterator[Services]:
    """Nothing is connected before it is used, so that a process starts while others are down.

    A process that serves tells which keys it has, for as long as it does.
    """
    settings.require(*REQUIRED)
    keysets = settings.keysets
    engine = built(settings, "database_url", lambda url: create_engine(url, application_name=name))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(engine.dispose)
        if serves:
            telling = KeysetUses(engine).told(name.removeprefix("payments-"), keysets.by_name())
            await stack.enter_async_context(telling)
        sealer = Sealer(keysets.database, keysets.lookup)
        temporal = await connect(
            keysets.temporal,
            interceptors=interceptors,
            lazy=True,
            runtime=sdk_runtime(None) if serves else None,
        )
        yield assembled(settings, engine, sealer, temporal)


def assembled(
    settings: Settings, engine: AsyncEngine, sealer: Sealer, temporal: Client
) -> Services:
    payments = PaymentReads(engine, sealer)
    return Services(
        settings=settings,
        engine=engine,
        temporal=temporal,
        payments=payments,
        invoices=InvoiceStore(engine, sealer, settings.merchant),
        credit_notes=CreditNoteStore(engine, sealer),
        bank_details=BankDetailsStore(engine, sealer),
        client=PaymentClient(temporal, payments, return_hosts=settings.return_hosts),
        operators=OperatorClient(temporal, payments),
        reconciliation=ReconciliationStore(engine, sealer, settings.discrepancy_alert_after),
        finance=FinanceStore(engine, sealer),
        audit=AuditLog(engine, sealer),
        operator_log=OperatorLog(engine, sealer),
        decodings=Decodings(engine, sealer),
        orders=OrderSignals(temporal),
    )


def api_keys(settings: Settings) -> ApiKeys:
    try:
        return ApiKeys.parse(settings.api_keys)
    except ValueError as error:
        raise SettingsError(f"{PREFIX}API_KEYS: {error}") from None


def request_limits(settings: Settings) -> RequestLimits:
    found = []
    for name in ("api_rate", "guess_rate"):
        try:
            found.append(Rate.parse(getattr(settings, name)))
        except ValueError as error:
            raise SettingsError(f"{PREFIX}{name.upper()}: {error}") from None
    calls, guesses = found
    return RequestLimits(calls, guesses)


def trusted_proxies(settings: Settings) -> list[str]:
    """Whose word counts for where a request comes from; `*` would be everybody's."""
    try:
        return [str(ip_network(proxy)) for proxy in settings.trusted_proxies]
    except ValueError as error:
        raise SettingsError(f"{PREFIX}TRUSTED_PROXIES: {error}") from None


def built(settings: Settings, name: str, build: Callable[[str], T]) -> T:
    """What a secret setting describes; SettingsError names the setting, never its value."""
    try:
        return build(settings.secret(name))
    except ValueError as error:
        raise SettingsError(f"{PREFIX}{name.upper()}: {error}") from None
