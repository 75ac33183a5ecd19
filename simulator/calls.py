"""One call of a merchant, and what every operation does around its own work."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus

from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from simulator.answers import (
    Answer,
    GatewayError,
    SnapError,
    snap_unauthorized,
)
from simulator.body import Body, MalformedBodyError
from simulator.fault_injection import respond, strike_before
from simulator.idempotency import LONGEST_KEY
from simulator.lifecycle import NotPermittedError
from simulator.merchants import Merchant
from simulator.methods import charged_method, variant_field
from simulator.order_request import read_destination
from simulator.transactions import Destination
from simulator.world import World

_LARGEST_BODY = 16_000


class Surface(StrEnum):
    CORE = "core"
    SNAP = "snap"


@dataclass(frozen=True, slots=True)
class Call:
    merchant: Merchant
    body: Body
    path: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str]
    base_url: str

    @property
    def destination(self) -> Destination:
        return read_destination(
            self.headers.get("x-append-notification", ""),
            self.headers.get("x-override-notification", ""),
        )


Work = Callable[[World, Call], Answer]


class Operation:
    """Runs one operation: faults, authentication, idempotency, latency, then the work itself.

    The work is synchronous, so that each effect is whole when the next call sees it.
    """

    def __init__(
        self,
        name: str,
        work: Work,
        surface: Surface = Surface.CORE,
        *,
        keyed: bool = True,
        client_key: bool = False,
    ) -> None:
        self._name = name
        self._work = work
        self._surface = surface
        self._keyed = keyed
        self._client_key = client_key

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        world: World = scope["app"].state.world
        request = Request(scope, receive)
        raw = await request.body()
        body = _read_body(raw)
        fault = world.faults.for_call(self._name, _order_id(world, request, body))
        if fault is not None and await strike_before(fault, scope, receive, send):
            return
        answer = await self._answer(world, request, raw, body)
        await world.webhooks.settle_before_response()
        await respond(fault, answer, scope, receive, send)

    async def _answer(
        self, world: World, request: Request, raw: bytes, body: Body | None
    ) -> Answer:
        try:
            merchant = self._authenticate(world, request)
            if body is None or len(raw) > _LARGEST_BODY:
                raise self._malformed()
            call = Call(
                merchant=merchant,
                body=body,
                path=request.path_params,
                query=request.query_params,
                headers=request.headers,
                base_url=f"{request.url.scheme}://{request.url.netloc}",
            )
            return await self._once_per_key(world, call)
        except (GatewayError, SnapError) as error:
            return self._refusal(world, error)

    def _authenticate(self, world: World, request: Request) -> Merchant:
        """Check who calls, before anything else about the call is looked at."""
        merchants = world.merchants
        merchant = merchants.by_authorization(request.headers.get("authorization", ""))
        if merchant is None and self._client_key:
            merchant = merchants.by_client_key(request.query_params.get("client_key", ""))
        if merchant is not None:
            return merchant
        if self._surface is Surface.SNAP:
            raise snap_unauthorized()
        raise GatewayError(HTTPStatus.UNAUTHORIZED)

    def _malformed(self) -> GatewayError | SnapError:
        if self._surface is Surface.SNAP:
            return SnapError(HTTPStatus.BAD_REQUEST, ["Payload format is not supported."])
        return GatewayError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)

    async def _once_per_key(self, world: World, call: Call) -> Answer:
        key = call.headers.get("idempotency-key", "")
        if not self._keyed or not key or len(key) > LONGEST_KEY or _ignores_keys(call):
            return await self._work_after_latency(world, call)
        merchant_id, now = call.merchant.merchant_id, world.clock.now
        known = world.idempotency.begin(merchant_id, key, now())
        if known is not None:
            return known
        try:
            answer = await self._work_after_latency(world, call)
        except BaseException:
            world.idempotency.forget(merchant_id, key)
            raise
        world.idempotency.finish(merchant_id, key, answer, now())
        return answer

    async def _work_after_latency(self, world: World, call: Call) -> Answer:
        if world.behaviour.latency_ms:
            await asyncio.sleep(world.behaviour.latency_ms / 1000)
        try:
            return self._work(world, call)
        except NotPermittedError as error:
            raise GatewayError(HTTPStatus.PRECONDITION_FAILED) from error

    def _refusal(self, world: World, error: GatewayError | SnapError) -> Answer:
        if isinstance(error, SnapError):
            return error.answer()
        if self._surface is Surface.SNAP:
            return SnapError(error.code, error.problems or [error.message]).answer()
        return error.answer(http_status_codes=world.behaviour.http_status_codes)


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
    details = (body or Body({})).section("transaction_details")
    return details.text("order_id") or ""
