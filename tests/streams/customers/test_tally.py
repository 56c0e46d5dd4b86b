"""Members counted from changes, and from states while changes go on."""

from __future__ import annotations

import random

from scoring.engine.changes import DEADLINE, EVENT, UNDEFINED
from scoring.engine.steps import ENTERED, EXITED, MOVED
from scoring.expressions.code import Layout
from scoring.state import create, encode
from streams.customers.changelog import value
from streams.customers.counters import Counters
from streams.customers.members import PORTION, Members
from streams.customers.tally import Said, Tallies

LAYOUT = Layout({"cart": 1}, {"level": {"high": 2, "low": 4}})
SEGMENTS = ("cart", "level")


def change(
    key: bytes, index: int, kind: int, come_from: str | None = None, to: str | None = None, cause: int = EVENT
) -> tuple[int, bytes, list]:  # type: ignore[type-arg]
    values = ["gone", "other", "0123"] if index == UNDEFINED else []
    return 1_000, key, [0, index, kind, come_from, to, 1_000, cause, 1, values]


def stored(members: int) -> bytes:
    state = create(0)
    state.members = members
    return value(1, 0, 7, encode(state))


def test_members_and_totals_of_flushes() -> None:
    counters, members = Counters(), Members()
    tallies = Tallies(counters, SEGMENTS)
    said: Said = [
        change(b"a", 0, ENTERED), change(b"a", 1, MOVED, None, "low"), change(b"b", 1, MOVED, None, "low"),
        change(b"a", 1, MOVED, "low", "high", DEADLINE), change(b"a", 0, EXITED, cause=DEADLINE),
        (1_000, b"a", [1, "win_back", 1, "suppressed", "no_consent", 1_000, 3]),
        (1_000, b"b", [1, "win_back", 1, "suppressed", "no_consent", 1_000, 4]),
    ]  # fmt: skip
    tally = tallies.begun(members)
    tallies.add(tally, said[:3])
    tallies.fold()
    tallies.add(tally, said[3:])
    tallies.delivered(tally, 0.02, 2, 1_080)
    tallies.fold()
    assert members.counts == {("cart", ""): 0, ("level", "low"): 1, ("level", "high"): 1}
    assert counters.detail.turns["level", MOVED, None, "low", EVENT] == 2
    assert counters.detail.decided == {("win_back", "suppressed", "no_consent"): 2}
    by_event, by_deadline = counters.detail.latency
    assert (sum(by_event.buckets), sum(by_deadline.buckets)) == (3, 2)
    assert by_event.buckets[by_event.bounds.index(0.1)] == 3  # 80 ms
    assert round(by_event.sum, 3) == 0.24


def test_a_segment_that_is_defined_no_longer_is_left_by_its_name() -> None:
    counters, members = Counters(), Members()
    members.counts = {("gone", ""): 1}
    tallies = Tallies(counters, SEGMENTS)
    tallies.add(tallies.begun(members), [change(b"a", UNDEFINED, EXITED), change(b"b", 0, ENTERED)])
    tallies.fold()
    assert members.counts == {("gone", ""): 0, ("cart", ""): 1}


def test_counting_states_while_they_change() -> None:
    """Customers enter, leave and come anew between portions; in the end the count is that of the states."""
    dice = random.Random(5)
    masks = {b"c%d" % n: dice.choice((2, 3, 4, 5)) for n in range(3 * PORTION)}
    states = {key: stored(mask) for key, mask in masks.items()}
    counters, members = Counters(), Members()
    tallies = Tallies(counters, SEGMENTS)
    members.begin(states)
    new = 0
    while not members.whole:
        said = []
        for _ in range(400):
            key = dice.choice(list(masks)) if dice.random() < 0.9 else b"new%d" % new
            if key not in masks:
                new += 1
                masks[key] = 4
                said.append(change(key, 1, MOVED, None, "low"))
            else:
                said.append(change(key, 0, EXITED if masks[key] & 1 else ENTERED))
                masks[key] ^= 1
            states[key] = stored(masks[key])
        tallies.add(tallies.begun(members), said)
        tallies.fold()
        members.count(states, lambda fingerprint: LAYOUT)
    assert members.counts == {
        ("cart", ""): sum(mask & 1 for mask in masks.values()),
        ("level", "high"): sum(mask >> 1 & 1 for mask in masks.values()),
        ("level", "low"): sum(mask >> 2 & 1 for mask in masks.values()),
    }
