"""Drawing a schedule from a seed: the same seed draws the same one."""

from collections.abc import Iterator
from random import Random

from tests.soak.schedule import Act, Choice, Customer, Outage, Rule, Schedule, Step, Trouble

CUSTOMERS = (4, 7)
OUTAGES_MOST = 3
# Of the payment window of `tests/soak/soak.py`, so that deadlines pass in the middle of trouble.
HESITATES_MOST = 2.5
BEGINS_MOST = 3.0
OUTAGE_BEGINS = (0.3, 9.0)
OUTAGE_LASTS = (0.3, 4.0)
AMOUNTS = (50_000, 125_000, 350_000, 1_200_000)

# ShopeePay is left out, because at night it makes no refunds until morning; so are methods that
# the gateway does not close within seconds.
CORE = (
    *("bca_va", "bni_va", "permata_va", "mandiri_bill", "indomaret", "alfamart"),
    *("qris", "qris", "gopay", "gopay"),
)
SNAP = ("any", "credit_card", "credit_card", "gopay", "qris", "bca_va")
CHOICES = (
    *(Choice(method=method, integration="core") for method in CORE),
    *(Choice(method=method, integration="snap") for method in SNAP),
)
STORIES = (
    (Act.PAY,),
    (Act.PAY,),
    (Act.PAY, Act.RETURN_ALL),
    (Act.PAY, Act.RETURN_A_PART, Act.RETURN_ALL),
    (Act.PAY, Act.CANCEL),
    (Act.BE_DENIED,),
    (Act.BE_DENIED, Act.SWITCH, Act.PAY),
    (Act.BE_DENIED, Act.PAY),
    (),
    (Act.WAIT_UNTIL_OVER, Act.PAY),
    (Act.WAIT_UNTIL_OVER, Act.SWITCH, Act.PAY),
    (Act.WAIT_UNTIL_ENDED, Act.PAY),
    (Act.CANCEL,),
    (Act.CANCEL, Act.PAY),
    (Act.SWITCH, Act.PAY),
    (Act.SWITCH, Act.PAY, Act.PAY_THE_FIRST),
    (Act.SWITCH, Act.PAY_THE_FIRST),
)

OPERATIONS = ("status", "cancel", "expire", "refund")
OPENING = {"core": ("charge",), "snap": ("snap_create", "snap_cancel")}
BRIEF = (
    *("refuse", "malformed", "slow:300", "slow:1500", "429", "429:2"),
    *("status:500", "status:502", "status:503", "status:504", "html:200", "html:502"),
)
# Each holds a call for as long as we wait for an answer.
LONG = ("timeout_before", "timeout_after")
DENIABLE = ("charge", "refund")
NOTICES = ("drop", "duplicate:1", "duplicate:3", "delay:1", "delay:4", "reorder", "before_response")


def draw(seed: int) -> Schedule:
    # No secret: it is there to be drawn again.
    random = Random(seed)  # noqa: S311
    customers = tuple(
        _customer(random, f"SOAK-{seed}-{number}")
        for number in range(1, random.randint(*CUSTOMERS) + 1)
    )
    rules = [rule for customer in customers for rule in _rules(random, customer)]
    return Schedule(seed=seed, customers=customers, faults=(*rules, *_outages(random)))


def _customer(random: Random, order_id: str) -> Customer:
    story = random.choice(STORIES)
    return Customer(
        order_id=order_id,
        amount=random.choice(AMOUNTS),
        begins_after=_seconds(random, 0, BEGINS_MOST),
        choice=random.choice(CHOICES),
        another=random.choice(CHOICES),
        steps=tuple(Step(act=act, after=_seconds(random, 0, HESITATES_MOST)) for act in story),
    )


def _rules(random: Random, customer: Customer) -> Iterator[Rule]:
    """At most one per kind of call, so that how often each was seen says how often it struck."""
    order_id = customer.order_id
    operations = (*OPENING[customer.choice.integration], *OPERATIONS)
    if random.random() < 0.75:
        for operation in random.sample(operations, random.randint(1, 3)):
            yield _call_rule(random, operation, order_id)
    if random.random() < 0.75:
        for fault in random.sample(NOTICES, random.randint(1, 2)):
            yield _rule(random, "webhook", order_id, fault, times_most=3)


def _call_rule(random: Random, operation: str, order_id: str) -> Rule:
    chance = random.random()
    if chance < 0.2:
        return _rule(random, operation, order_id, random.choice(LONG), times_most=1)
    if chance < 0.35 and operation in DENIABLE:
        return _rule(random, operation, order_id, "deny", times_most=1)
    return _rule(random, operation, order_id, random.choice(BRIEF), times_most=5)


def _rule(random: Random, operation: str, order_id: str, fault: str, *, times_most: int) -> Rule:
    return Rule(
        operation=operation,
        order_id=f"{order_id}~*",
        nth=random.choice((1, 1, 2)),
        times=random.randint(1, times_most),
        fault=fault,
    )


def _outages(random: Random) -> Iterator[Outage]:
    # Mails cannot be refused and broken off at once.
    mail = random.choice((Trouble.MAIL_IS_REFUSED, Trouble.MAIL_HANGS_UP))
    troubles = [each for each in Trouble if not each.name.startswith("MAIL")]
    for trouble in random.sample([*troubles, mail], random.randint(0, OUTAGES_MOST)):
        yield Outage(
            trouble=trouble,
            begins_after=_seconds(random, *OUTAGE_BEGINS),
            lasts=_seconds(random, *OUTAGE_LASTS),
        )


def _seconds(random: Random, least: float, most: float) -> float:
    return round(random.uniform(least, most), 2)
