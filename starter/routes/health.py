"""Whether the process lives, and whether it can do its work."""

import asyncio
import logging

from fastapi import APIRouter, Response

from starter.bodies import HealthBody
from starter.exchange import answer
from starter.openapi import problems
from starter.parts import Check, Parts
from starter.problems import ProblemCode, ProblemError

router = APIRouter(tags=["health"])
log = logging.getLogger(__name__)

CHECK_SECONDS = 3


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
    """Database and Temporal answer as well."""
    found = await asyncio.gather(*(_answers(name, check) for name, check in parts.checks.items()))
    silent = [name for name, answers in zip(parts.checks, found, strict=True) if not answers]
    if silent:
        raise ProblemError(
            ProblemCode.TEMPORARILY_UNAVAILABLE, f"no answer from: {', '.join(silent)}"
        )
    return answer(HealthBody(status="ready"))


async def _answers(name: str, check: Check) -> bool:
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            await check()
    except Exception:
        # Whatever it is, it is what the probe is there to find.
        log.warning("readiness.failed", extra={"part": name}, exc_info=True)
        return False
    return True
