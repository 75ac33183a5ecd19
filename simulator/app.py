"""The ASGI application: all doors on one port."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulator import (
    account_api,
    card_api,
    control_api,
    core_api,
    payer_pages,
    snap_api,
    snap_page,
    subscription_api,
    transaction_api,
)
from simulator.answers import GatewayError
from simulator.connections import Connections
from simulator.openapi_control import PREFIX
from simulator.world import Options, World

NO_ROUTE = "The requested resource is not found"


def create_app(options: Options, notify_ca: str | None = None) -> Starlette:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        connections = Connections(_webhook_tls(notify_ca))

        async def renew() -> None:
            await app.state.world.stop()
            app.state.world = World(options, connections)

        app.state.world = World(options, connections)
        app.state.renew = renew
        yield
        await app.state.world.stop()
        await connections.close()

    # Tried in this order for every request, so the busiest come first.
    routes = [
        *core_api.routes(),
        *snap_api.routes(),
        *transaction_api.routes(),
        *card_api.routes(),
        *account_api.routes(),
        *subscription_api.routes(),
        *control_api.routes(),
        *snap_page.routes(),
        *payer_pages.routes(),
    ]
    return Starlette(
        routes=routes, lifespan=lifespan, exception_handlers={404: no_route, 405: no_route}
    )


def no_route(request: Request, error: Exception) -> Response:
    """Answer a path or verb that nobody serves, as the Core API would."""
    code = error.status_code if isinstance(error, HTTPException) else HTTPStatus.NOT_FOUND
    if request.url.path.startswith(PREFIX):
        return JSONResponse({"error": "the control API has no such door"}, code)
    return GatewayError(code, NO_ROUTE).answer(real=True).response()


def _webhook_tls(notify_ca: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=notify_ca)
    # The real sender speaks TLS up to 1.2: a receiver of 1.3 alone hears nothing.
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context
