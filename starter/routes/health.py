"""Whether the process lives, and whether it can do its work."""

from fastapi import APIRouter, Response

from adapters.health import ENDING, Readiness
from starter.bodies import HealthBody
from starter.exchange import answer
from starter.openapi import problems
from starter.parts import Parts
from starter.problems import ProblemCode, ProblemError

router = APIRouter(tags=["health"])


@router.get("/livez", response_model=HealthBody)
async def live() -> Response:
    """The process answers."""
    return answer(HealthBody(status="alive"))


@router.get(
    "/readyz",
    response_model=HealthBody,
    responses=problems(ProblemCode.TEMPORARILY_UNAVAILABLE),
)
async def ready(parts: Parts) -> Response:
    """Database and Temporal answer as well, and the process is to go on."""
    failed = await Readiness(parts.checks, parts.stop).hindrances()
    if failed:
        why = "it is ending" if ENDING in failed else f"no answer from: {', '.join(failed)}"
        raise ProblemError(ProblemCode.TEMPORARILY_UNAVAILABLE, why)
    return answer(HealthBody(status="ready"))
