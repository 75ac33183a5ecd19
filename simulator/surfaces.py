"""The three manners of speaking: the Core API's, Snap's, and the Subscription API's."""

from enum import StrEnum
from http import HTTPStatus

from simulator.answers import (
    Answer,
    GatewayError,
    RecurringError,
    SnapError,
    snap_unauthorized,
)

Refusal = GatewayError | SnapError | RecurringError


class Surface(StrEnum):
    CORE = "core"
    SNAP = "snap"
    RECURRING = "recurring"


def unauthorized(surface: Surface) -> Refusal:
    match surface:
        case Surface.SNAP:
            return snap_unauthorized()
        case Surface.CORE:
            return GatewayError(HTTPStatus.UNAUTHORIZED)
        case Surface.RECURRING:
            message = GatewayError(HTTPStatus.UNAUTHORIZED).message
            return RecurringError(HTTPStatus.UNAUTHORIZED, message)


def malformed(surface: Surface) -> Refusal:
    match surface:
        case Surface.SNAP:
            return SnapError(HTTPStatus.BAD_REQUEST, ["Payload format is not supported."])
        case Surface.CORE:
            return GatewayError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        case Surface.RECURRING:
            return RecurringError(HTTPStatus.BAD_REQUEST, "Bad request")


def answered(surface: Surface, refusal: Refusal, *, real: bool) -> Answer:
    """Word a refusal; `real` tells whether the Core API says its code by HTTP as well."""
    if not isinstance(refusal, GatewayError):
        return refusal.answer()
    match surface:
        case Surface.SNAP:
            messages = refusal.problems or [refusal.message]
            return SnapError(refusal.code, messages).answer()
        case Surface.CORE:
            return refusal.answer(real=real)
        case Surface.RECURRING:
            return RecurringError(refusal.code, refusal.message, refusal.problems).answer()
