"""A call to the look-alike: what every operation does around its own work."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from http import HTTPStatus

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from simulator.answers import Answer, GatewayError, RecurringError, SnapError
from simulator.body import Body, MalformedBodyError
from simulator.fault_injection import respond, strike_before
from simulator.faults import Fault
from simulator.idempotency import LIFE, LONGEST_KEY
from simulator.lifecycle import NotPermittedError
from simulator.merchants import Merchant
from simulator.methods import charged_method, variant_field
from simulator.order_request import read_destination
from simulator.surfaces import Surface, answered, malformed, unauthorized
from simulator.transactions import Destination
from simulator.wording import reworded
from simulator.world import World

_LARGEST_BODY = 16_000
_NULL = b"null"
# Of the errors of the Core API, the one that is documented to come as an HTTP code too.
_REAL_CODES = frozenset({HTTPStatus.UNAUTHORIZED})


@dataclass(frozen=True, slots=True)
class Call:
    merchant: Merchant
    body: Body
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    base_url: str
    # Some clients send JSON's null where nothing was given.
    sent_null: bool = False
    # A fault wants the provider or the bank to refuse this one.
    denied: bool = False

    @property
    def destination(self) -> Destination:
        return read_destination(
            self.headers.get("x-append-notification", ""),
            self.headers.get("x-override-notification", ""),
        )


Work = Callable[[World, Call], Answer]
Check = Callable[[World, Call], None]


@dataclass(frozen=True, slots=True)
class Manner:
    """How an operation is called and answered, apart from what it does."""

    surface: Surface = Surface.CORE
    # How long an answer is kept under its idempotency key; None: keys play no part.
    key_life: timedelta | None = LIFE
    # Browsers have the client key only.
    client_key: bool = False
    # What is looked at before the idempotency key is.
    check: Check | None = None
    real_codes: frozenset[int] = _REAL_CODES


CORE = Manner()
READING = Manner(key_life=None)


class Operation:
    """Runs one operation: faults, authentication, idempotency, latency, then the work itself.

    The work is synchronous, so that each effect is whole when the next call sees it.
    """

    def __init__(self, name: str, work: Work, manner: Manner = CORE) -> None:
        self._name = name
        self._work = work
        self._manner = manner

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        world: World = scope["app"].state.world
        request = Request(scope, receive)
        raw = await request.body()
        body = _read_body(raw)
        fault = world.faults.for_call(self._name, _order_id(world, request, body))
        if fault is not None and await strike_before(fault, scope, receive, send):
            return
        answer = await self._answer(world, request, raw, body, fault)
        await world.webhooks.settle_before_response()
        await respond(fault, reworded(answer, world.behaviour), scope, receive, send)

    async def _answer(
        self, world: World, request: Request, raw: bytes, body: Body | None, fault: Fault | None
    ) -> Answer:
        try:
            merchant = self._authenticate(world, request)
            if body is None or len(raw) > _LARGEST_BODY:
                raise malformed(self._manner.surface)
            call = Call(
                merchant=merchant,
                body=body,
                path=request.path_params,
                query=request.query_params,
                headers=request.headers,
                base_url=f"{request.url.scheme}://{request.url.netloc}",
                sent_null=raw.strip() == _NULL,
                denied=fault is not None and fault.kind == "deny",
            )
            if self._manner.check is not None:
                self._manner.check(world, call)
            return await self._once_per_key(world, call)
        except (GatewayError, SnapError, RecurringError) as error:
            code = error.code if isinstance(error, GatewayError) else 0
            real = world.behaviour.http_status_codes or code in self._manner.real_codes
            return answered(self._manner.surface, error, real=real)

    def _authenticate(self, world: World, request: Request) -> Merchant:
        """Check who calls, before anything else about the call is looked at."""
        merchants = world.merchants
        authorization = request.headers.get("authorization", "")
        merchant = merchants.by_authorization(authorization, client_keys=self._manner.client_key)
        if merchant is None and self._manner.client_key:
            merchant = merchants.by_client_key(request.query_params.get("client_key", ""))
        if merchant is None:
            raise unauthorized(self._manner.surface)
        return merchant

    async def _once_per_key(self, world: World, call: Call) -> Answer:
        key, life = call.headers.get("idempotency-key", ""), self._manner.key_life
        if life is None or not key or len(key) > LONGEST_KEY or _ignores_keys(call):
            return await self._work_after_latency(world, call)
        merchant_id, now = call.merchant.merchant_id, world.clock.now
        known = world.idempotency.begin(merchant_id, key, now() + life, now())
        if known is not None:
            return known
        try:
            answer = await self._work_after_latency(world, call)
        except BaseException:
            world.idempotency.forget(merchant_id, key)
            raise
        world.idempotency.finish(merchant_id, key, answer, now() + life)
        return answer

    async def _work_after_latency(self, world: World, call: Call) -> Answer:
        if world.behaviour.latency_ms:
            await asyncio.sleep(world.behaviour.latency_ms / 1000)
        try:
            return self._work(world, call)
        except NotPermittedError as error:
            raise GatewayError(HTTPStatus.PRECONDITION_FAILED) from error


def _read_body(raw: bytes) -> Body | None:
    try:
        return Body.parse(raw)
    except MalformedBodyError:
        return None


def _ignores_keys(call: Call) -> bool:
    """Tell whether this is a charge by one of the methods that know no idempotency key."""
    payment_type = call.body.text("payment_type")
    if payment_type is None:
        return False
    field = variant_field(payment_type)
    variant = call.body.section(payment_type).text(field) if field else None
    method = charged_method(payment_type, variant or "")
    return method is not None and not method.idempotent


def _order_id(world: World, request: Request, body: Body | None) -> str:
    """Say which order a call is about, as far as can be seen; fault rules go by it."""
    named = request.path_params.get("id")
    if named is not None:
        transaction = world.ledger.by_id(named)
        return transaction.order_id if transaction else str(named)
    session = world.snap_sessions.find(request.path_params.get("token", ""))
    if session is not None:
        return session.order.order_id
    body = body or Body({})
    captured = world.ledger.by_id(body.text("transaction_id") or "")
    if captured is not None:
        return captured.order_id
    return body.section("transaction_details").text("order_id") or ""
