"""What must hold before a request is passed on to the workflow; nothing is written until it does."""

from collections.abc import Collection
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from payments.changes import Terms
from payments.errors import FieldProblem, InvalidRequestError
from payments.gateway import ClosingCause
from payments.methods import METHODS
from payments.payment import ANOTHER_METHOD_MAY_BE_TRIED, MONEY_WAS_HERE, Payment
from payments.refunding import RefundWish, refund_requested
from payments.request import PaymentRequest, check_request
from payments.status import OPEN
from starter.errors import AlreadyPaidError, AttemptConflictError, NotRetryableError
from workflows.messages import TryAnotherMethod

REASON_LENGTH_MAX = 500
# Whether money may go back depends on the payment alone; on the terms, who must approve it.
_ANY_TERMS = Terms(merchant_id="", another_method=timedelta())


def require_valid(request: PaymentRequest, return_hosts: Collection[str]) -> None:
    """InvalidRequestError naming every broken rule at once."""
    problems: tuple[FieldProblem, ...] = ()
    try:
        check_request(request)
    except InvalidRequestError as error:
        problems = error.problems
    url = request.return_url
    if url is not None and not _leads_to(url, return_hosts):
        hosts = " or ".join(sorted(return_hosts)) or "no host"
        problems += (FieldProblem("return_url", f"must be an https URL on {hosts}"),)
    if problems:
        raise InvalidRequestError(problems)


def require_reason(reason: str) -> None:
    if not reason.strip() or len(reason) > REASON_LENGTH_MAX or not reason.isprintable():
        rule = f"1 to {REASON_LENGTH_MAX} printable characters"
        raise InvalidRequestError((FieldProblem("reason", rule),))


def require_refundable(payment: Payment, wish: RefundWish, now: datetime) -> None:
    """What the workflow will ask too, here with the field and the rule."""
    refund_requested(payment, wish, _ANY_TERMS, now)


def is_made(payment: Payment, wish: TryAnotherMethod) -> bool:
    """Whether this very attempt exists; AttemptConflictError when another one took its place."""
    if not 1 <= wish.after_attempt <= len(payment.attempts):
        rule = f"must be an attempt of the order: 1 to {len(payment.attempts)}"
        raise InvalidRequestError((FieldProblem("after_attempt", rule),))
    if wish.after_attempt == payment.latest_attempt.number:
        return False
    made = payment.attempts[wish.after_attempt]
    if (made.method, made.integration) == (wish.method, wish.integration):
        return True
    if payment.status in MONEY_WAS_HERE:
        raise AlreadyPaidError(payment)
    raise AttemptConflictError(payment)


def require_that_it_may_be_tried(payment: Payment, wish: TryAnotherMethod, now: datetime) -> None:
    """What the workflow will ask too, here with the field and the rule."""
    if payment.status in MONEY_WAS_HERE:
        raise AlreadyPaidError(payment)
    _require_method_and_integration(payment, wish)
    if _is_being_switched(payment):
        return
    is_over = payment.retry_until is not None and now >= payment.retry_until
    if payment.status not in ANOTHER_METHOD_MAY_BE_TRIED or is_over:
        raise NotRetryableError(payment)


def _require_method_and_integration(payment: Payment, wish: TryAnotherMethod) -> None:
    rules = METHODS[wish.method]
    problems = []
    if not rules.allows_amount(payment.request.amount):
        upper = f"at most {rules.amount_max}" if rules.amount_max else "no upper limit"
        rule = f"{wish.method} takes at least {rules.amount_min}, {upper}"
        problems.append(FieldProblem("method", rule))
    if wish.integration not in rules.integrations:
        rule = f"{wish.method} is served through {' or '.join(rules.integrations)} only"
        problems.append(FieldProblem("integration", rule))
    if problems:
        raise InvalidRequestError(tuple(problems))


def _is_being_switched(payment: Payment) -> bool:
    """An earlier wish is under way; the same one again waits for its answer."""
    latest = payment.latest_attempt
    return latest.status in OPEN and latest.closing is ClosingCause.OTHER_METHOD


def _leads_to(url: str, hosts: Collection[str]) -> bool:
    """Whether a browser would go to one of the hosts, by the strictest reading of the URL."""
    # Browsers read a backslash as a slash and drop control characters; urlsplit does not.
    if "\\" in url or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        has_own_port = parts.port is not None
    except ValueError:
        return False
    is_plain = parts.username is None and parts.password is None and not has_own_port
    return parts.scheme == "https" and is_plain and parts.hostname in hosts
