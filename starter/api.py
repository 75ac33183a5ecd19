"""The checkout API over HTTP: routes, who may call them, and one shape for every error."""

from fastapi import FastAPI

from starter.handlers import handle_errors
from starter.openapi import describe
from starter.parts import ApiParts
from starter.routes import events, health, methods, pay, payments, refund, refunds


def create_api(parts: ApiParts) -> FastAPI:
    app = FastAPI(
        title="Skaters payments",
        version="1",
        description="Start payments, follow them, and know for sure when an order is paid.",
        # Their pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    app.state.parts = parts
    for module in (payments, refunds, events, methods, pay, refund, health):
        app.include_router(module.router)
    handle_errors(app)
    describe(app)
    return app
