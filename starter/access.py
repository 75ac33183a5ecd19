"""Who may call which route: a bearer key with the right scope."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from starter.keys import ApiCaller, Scope
from starter.parts import Parts, address_of
from starter.problems import ProblemCode, ProblemError

_REALM = 'Bearer realm="payments"'
_bearer = HTTPBearer(auto_error=False, scheme_name="key", description="a key of PAYMENTS_API_KEYS")

Presented = Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]


def _allowed(scope: Scope) -> Callable[..., Awaitable[ApiCaller]]:
    async def caller(presented: Presented, request: Request, parts: Parts) -> ApiCaller:
        if presented is None:
            raise ProblemError(
                ProblemCode.UNAUTHENTICATED,
                "send Authorization: Bearer and your key",
                {"WWW-Authenticate": _REALM},
            )
        found = parts.keys.caller(presented.credentials, parts.now())
        if found is None:
            parts.limits.count_guess(address_of(request))
            raise ProblemError(
                ProblemCode.UNAUTHENTICATED,
                "the key is not known, or its last day is over",
                {"WWW-Authenticate": f'{_REALM}, error="invalid_token"'},
            )
        request.state.client = found.name
        parts.limits.count_call(found.name)
        if scope not in found.scopes:
            raise ProblemError(
                ProblemCode.FORBIDDEN,
                f"the key lacks the scope {scope}",
                {"WWW-Authenticate": f'{_REALM}, error="insufficient_scope", scope="{scope}"'},
            )
        return found

    return caller


Starter = Annotated[ApiCaller, Security(_allowed(Scope.START))]
Refunder = Annotated[ApiCaller, Security(_allowed(Scope.REFUND))]
Reader = Annotated[ApiCaller, Security(_allowed(Scope.READ))]
