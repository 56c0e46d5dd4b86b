"""Plans for deadlines are kept by what is told of where a customer is: nobody gets a plan that was made for somebody else."""

from __future__ import annotations

import random
from importlib import resources

import pytest

from scoring.engine.pace import DAYS, HOURS, WEEKS
from scoring.engine.plan import Plans
from scoring.engine.steps import Steps
from scoring.segments.model import Segment
from scoring.segments.read import read

STEPS = Steps(read((resources.files("streams") / "defaults" / "segments.toml").read_text()))


def anybody(dice: random.Random) -> tuple[int, int]:
    """(members, holding): in one tier of each group, and some segments; waiting for a few."""
    members = holding = 0
    for each in STEPS.by_index:
        count = 1 if isinstance(each.definition, Segment) else len(each.codes)
        if count > 1 or dice.random() < 0.3:
            members |= each.bit << dice.randrange(count)
        if each.definition.settle and dice.random() < 0.1:
            holding |= each.bit << dice.randrange(count)
    return members, holding


@pytest.mark.parametrize("pace", [HOURS, DAYS, WEEKS])
def test_a_kept_plan_is_the_one_that_would_be_made(pace: int) -> None:
    plans, dice = Plans(STEPS), random.Random(pace)
    shared = 0
    for _ in range(2_000):
        members, holding = anybody(dice)
        kept = plans.timed(pace, members, holding)
        made = plans._at_deadline(pace, members, holding)
        assert kept == made
        shared += kept is plans.timed(pace, members ^ (members & ~plans._telling[pace]), holding)
    assert shared == 2_000, "who differs in nothing that tells shares a plan"


def test_hours_have_the_fewest_plans() -> None:
    plans, dice = Plans(STEPS), random.Random(4)
    for _ in range(2_000):
        where = anybody(dice)
        for pace in (HOURS, DAYS, WEEKS):
            plans.timed(pace, *where)
    few, more, most = map(len, plans._at_deadlines)
    assert few < more <= most
