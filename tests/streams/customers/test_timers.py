"""The timer wheel against a plain list of who is due when."""

from __future__ import annotations

import random

import pytest

from scoring.state import NEVER
from streams.customers.timers import BUCKET, SPAN, Wheel

MINUTE = BUCKET * SPAN


class Customers:
    """Due times, and a wheel armed as the worker does: only when one comes forward."""

    def __init__(self, start: int = 0) -> None:
        self.due: dict[bytes, int] = {}
        self.wheel = Wheel(start)

    def set(self, key: bytes, due: int) -> None:
        if due < self.due.get(key, NEVER):
            self.wheel.arm(key, due)
        self.due[key] = due

    def take(self, until: int, limit: int = 10**9) -> set[bytes]:
        return self.wheel.take(until, lambda key: self.due.get(key, NEVER), limit)


def test_nobody_is_taken_early_and_everybody_within_a_bucket() -> None:
    customers = Customers()
    customers.set(b"a", 1_050)
    assert customers.take(1_050) == set()
    assert customers.take(1_098) == set()
    assert customers.take(1_099) == {b"a"}
    assert customers.wheel.fired == 1_100


def test_a_deadline_that_moved_away_is_looked_at_again_later() -> None:
    customers = Customers()
    customers.set(b"a", 1_000)
    customers.set(b"a", 9_000)
    assert customers.take(5_000) == set()
    assert customers.take(9_099) == {b"a"}


def test_a_deadline_in_the_past_is_taken_next() -> None:
    customers = Customers(10_000)
    customers.set(b"a", 500)
    assert customers.take(10_099) == {b"a"}


def test_nobody_without_a_deadline() -> None:
    wheel = Wheel()
    wheel.arm(b"a", NEVER)
    assert len(wheel) == 0


def test_a_leap_is_taken_in_portions_and_in_order() -> None:
    customers = Customers()
    for n in range(1_000):
        customers.set(b"%d" % n, n * 1_000)
    seen: list[int] = []
    while customers.wheel.fired <= 999_000:
        portion = customers.take(2_000_000, 100)
        assert len(portion) <= 100
        assert not seen or min((customers.due[key] for key in portion), default=NEVER) > seen[-1]
        seen += sorted(customers.due[key] for key in portion)
        assert all(due < customers.wheel.fired for due in seen)
    assert seen == [n * 1_000 for n in range(1_000)]


def test_many_at_one_instant_are_taken_in_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.customers.timers.LOOKS", 700)
    customers = Customers()
    for n in range(5_000):
        customers.set(b"%d" % n, 10 * MINUTE + 17)
    for n in range(2_000):  # of these only entries are left there
        customers.set(b"%d" % n, 30 * MINUTE)
    seen: set[bytes] = set()
    for _ in range(100):
        portion = customers.take(11 * MINUTE, 300)
        assert len(portion) <= 300 and not portion & seen
        seen |= portion
    assert seen == {b"%d" % n for n in range(2_000, 5_000)}
    assert customers.wheel.fired == 11 * MINUTE
    seen = set()
    while customers.wheel.fired < 30 * MINUTE + BUCKET:
        seen |= customers.take(31 * MINUTE, 10**9)
    assert seen >= {b"%d" % n for n in range(2_000)}


def test_centuries_without_deadlines_are_not_walked_through() -> None:
    customers = Customers()
    far = 200 * 365 * 86_400_000
    customers.set(b"a", far)
    assert customers.take(far - 1) == set()
    assert customers.take(far + BUCKET) == {b"a"}


@pytest.mark.parametrize("seed", range(30))
def test_as_a_plain_list_says(seed: int) -> None:
    dice = random.Random(seed)
    customers, now = Customers(), 0
    for _ in range(300):
        for _ in range(dice.randrange(6)):
            ahead = dice.choice([dice.randrange(500), dice.randrange(3 * MINUTE), dice.randrange(60 * MINUTE), NEVER])
            customers.set(b"%d" % dice.randrange(40), now + ahead)
        now += dice.choice([dice.randrange(300), dice.randrange(300), dice.randrange(5 * MINUTE)])
        over = (now + 1) // BUCKET * BUCKET
        want = {key for key, due in customers.due.items() if due < over}
        taken: set[bytes] = set()
        while customers.wheel.fired < over:
            portion = customers.take(now, dice.choice([1, 3, 100]))
            taken |= portion
        assert taken == want
        for key in taken:
            del customers.due[key]
