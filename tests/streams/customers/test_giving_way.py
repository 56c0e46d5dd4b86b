"""Others have a turn while one customer's deadlines of two thousand years fire, with what comes of it as if they had fired in one go; and
while what a flush had in hand goes."""

from __future__ import annotations

from typing import Any

import pytest

from scoring.events.schema import PURCHASES, Purchase
from scoring.state import DAY, encode
from streams.customers import outbox
from streams.customers.alignment import Item
from streams.customers.counters import Counters
from streams.customers.draft import Draft
from streams.customers.evaluate import SLICE, Evaluator, opened
from streams.customers.partition import Partition
from streams.customers.timers import Wheel
from tests.fuzz.in_process import NAMES, Kept, engine

NOW = 1_767_225_600_000
FIRST = -62_135_596_800_000  # of the year 1
ENGINE = engine()


def order(n: int, ts: int) -> Purchase:
    return Purchase("c", ts, f"o{n}", False, 1_000)


def run(*instants: int) -> tuple[int, Partition]:
    """A customer's orders; how often others had a turn, and the partition then."""
    partition, turns = Partition(0, wheel=Wheel(FIRST)), 0
    draft = Draft(partition, ENGINE, NOW, Kept)
    items: list[Item] = [(n, PURCHASES, n, b"c", order(n, ts)) for n, ts in enumerate(instants)]
    for _ in Evaluator(ENGINE, NAMES.inputs, Counters()).run(partition, items, NOW, 100, draft):
        turns += 1
    list(draft.outputs())
    assert not items, "events that are done go customer by customer, not all at the end"
    return turns, partition


@pytest.mark.parametrize("instants", [(FIRST,), (FIRST, NOW - 1)])
def test_deadlines_of_centuries_do_not_hold_up_others(instants: tuple[int, ...]) -> None:
    few, _ = run(NOW - DAY)
    many, partition = run(*instants)
    assert many - few >= (NOW - FIRST) // SLICE - 2
    out: list[Any] = []
    alone = None
    for n, ts in enumerate(instants):
        alone = ENGINE.event(alone, order(n, ts), out)
        assert alone is not None
        if n == 0:
            alone.offsets = opened(b"c", partition.states[b"c"]).offsets
    assert alone is not None
    ENGINE.until(alone, partition.wheel.reached, out, b"c")
    got = opened(b"c", partition.states[b"c"])
    alone.definitions = got.definitions
    assert encode(got) == encode(alone)


def test_outputs_that_are_at_the_broker_go_little_by_little() -> None:
    flushes: outbox.Open = [(n, {b"%d" % customer: [[0]] for customer in range(10_000)}) for n in (1, 2, 3)]
    done = outbox.confirmed(flushes, 2)
    assert [sequence for sequence, _ in flushes] == [3] and len(flushes[0][1]) == 10_000
    assert sum(1 for _ in outbox.forgotten(done)) == 2 * 10_000 // outbox.FORGOTTEN
    assert done == [{}, {}]
