"""Schedules are drawn from their seed alone, and their faults are those that there are."""

import subprocess
import sys
from dataclasses import asdict

import pytest

from local_stack.processes import PROJECT
from simulator.body import Body
from simulator.faults import read_plan
from tests.soak.__main__ import seeds_in
from tests.soak.drawing import CHOICES, draw
from tests.soak.schedule import Act, Rule, Trouble

MANY = range(1, 301)
DRAWN_ELSEWHERE = "from tests.soak.drawing import draw; print(draw(1234).text())"


def test_the_same_seed_draws_the_same_schedule_in_any_process() -> None:
    drawn = subprocess.run(  # noqa: S603
        [sys.executable, "-c", DRAWN_ELSEWHERE],
        cwd=PROJECT,
        check=True,
        capture_output=True,
        text=True,
    )

    assert drawn.stdout.strip() == draw(1234).text()


def test_another_seed_draws_another_schedule() -> None:
    schedules = {draw(seed).text().replace(f"SOAK-{seed}-", "").partition("\n")[2] for seed in MANY}

    assert len(schedules) == len(MANY)


def test_every_act_method_and_trouble_is_drawn_by_some_seed() -> None:
    schedules = [draw(seed) for seed in MANY]

    customers = [customer for schedule in schedules for customer in schedule.customers]
    assert {step.act for customer in customers for step in customer.steps} == set(Act)
    assert {customer.choice for customer in customers} == set(CHOICES)
    outages = [outage for schedule in schedules for outage in schedule.outages]
    assert {outage.trouble for outage in outages} == set(Trouble)


def test_the_simulator_takes_every_rule_that_is_drawn() -> None:
    rules = [asdict(rule) for seed in MANY for rule in draw(seed).rules]

    taken = read_plan(Body({"faults": rules}))

    assert [(rule.operation, rule.text) for rule in taken] == [
        (rule["operation"], rule["fault"]) for rule in rules
    ]


def test_only_some_faults_of_a_seed_can_be_kept() -> None:
    schedule = next(each for each in map(draw, MANY) if each.outages and len(each.rules) > 1)
    last = len(schedule.faults) - 1

    kept = schedule.only({0, last})

    assert kept.customers == schedule.customers
    assert kept.faults == (schedule.faults[0], schedule.faults[last])
    assert isinstance(kept.faults[0], Rule)


@pytest.mark.parametrize(
    ("text", "seeds"), [("7", [7]), ("1-4", [1, 2, 3, 4]), ("3,5,8-9,5", [3, 5, 8, 9])]
)
def test_seeds_are_named_one_by_one_or_from_to_and_each_counts_once(
    text: str, seeds: list[int]
) -> None:
    assert seeds_in(text) == seeds
