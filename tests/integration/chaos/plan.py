"""What is done to whom, from a seed: rounds of faults, as data."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from streams.customers.faults import POINTS, TAKEOVER_POINTS

#: Where a worker is killed: half of the time at no point in particular.
AT_RANDOM = "at random"
STARTING = "while starting"

#: How often a worker comes by a point before it is killed there, at most: not much longer than a second of traffic.
_TIMES = {"committing": 3, "committed": 3} | dict.fromkeys(TAKEOVER_POINTS, 2)
_OFTEN = 40


@dataclass(frozen=True)
class Kill:
    """`after`: seconds from the start or from when the worker is ready; or `times`: the how manieth time it comes by the point.

    `batch_bytes`: how small batches are made, so that a flush takes several; 0: as usual.
    """

    point: str
    after: float = 0.0
    times: int = 0
    batch_bytes: int = 0


@dataclass(frozen=True)
class Join:
    """A second worker joins, stays, and leaves; `kill` ends it instead, `first_killed` kills the first one so long after the join began."""

    stays: float
    kill: Kill | None = None
    first_killed: float | None = None


@dataclass(frozen=True)
class Outage:
    """Of `what` (broker, redis, smtp), `how`: stopped, killed or paused, for `seconds`."""

    what: str
    how: str
    seconds: float


@dataclass(frozen=True)
class Zombie:
    """A worker is out for longer than its session, another takes over; then it goes on.

    `held`: its bytes are held back by the network instead of stopping it. `dead`: and it is killed before they arrive, so that nobody takes
    its partitions over again and puts right what they did.
    """

    beyond: float
    held: bool = False
    dead: bool = False


Act = Kill | Join | Outage | Zombie


@dataclass(frozen=True)
class Round:
    """`scene` says who runs; see scenes.py."""

    seed: int
    scene: str
    acts: tuple[Act, ...] = field(default=())

    def count(self, kind: type) -> int:
        return sum(isinstance(act, kind) for act in self.acts)

    @property
    def kills(self) -> int:
        own = sum(isinstance(act, Kill) or (isinstance(act, Join) and act.kill is not None) for act in self.acts)
        return own + sum(isinstance(act, Join) and act.first_killed is not None for act in self.acts)

    @property
    def rebalances(self) -> int:
        """A join is one, a leave another."""
        return sum(1 if act.kill else 2 for act in self.acts if isinstance(act, Join))


class Dice:
    """Acts from a seed; named points come round in turn, so that none is left out."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        points = list(POINTS + TAKEOVER_POINTS)
        self._dice.shuffle(points)
        self._points = self._forever(points)

    def _forever(self, points: list[str]) -> Iterator[str]:
        while True:
            yield from points

    def kill(self) -> Kill:
        roll = self._dice.random()
        if roll < 0.35:
            return Kill(AT_RANDOM, after=self._dice.uniform(0, 1.5))
        if roll < 0.45:
            return Kill(STARTING, after=self._dice.uniform(0.6, 1.4))
        point = next(self._points)
        small = self._dice.choice([0, 400]) if point not in TAKEOVER_POINTS else 0
        return Kill(point, times=self.times(point), batch_bytes=small)

    def times(self, point: str) -> int:
        return self._dice.randint(1, _TIMES.get(point, _OFTEN))

    def kills(self, count: int) -> tuple[Kill, ...]:
        return tuple(self.kill() for _ in range(count))

    def join(self) -> Join:
        join = Join(self._dice.uniform(0.2, 1.5))
        roll = self._dice.random()
        if roll < 0.15:
            return replace(join, kill=Kill(AT_RANDOM, after=self._dice.uniform(0, 1.0)))
        if roll < 0.45:
            return replace(join, first_killed=self._dice.uniform(0.5, 2.5))
        return join

    def among(self, acts: list[Act], more: tuple[Act, ...]) -> tuple[Act, ...]:
        """Shuffled together."""
        acts = [*acts, *more]
        self._dice.shuffle(acts)
        return tuple(acts)

    def uniform(self, low: float, high: float) -> float:
        return self._dice.uniform(low, high)


def _scene(scene: str, seed: int, size: float) -> Round:
    """One round; `size` 1 for a long run, smaller for a glance."""
    dice = Dice(seed)

    def some(count: int) -> int:
        return max(1, round(count * size))

    acts: tuple[Act, ...]
    if scene == "one":
        acts = dice.kills(some(25))
    elif scene == "two":
        acts = dice.kills(some(30))
    elif scene == "joins":
        acts = tuple(dice.join() for _ in range(some(9)))
    elif scene == "broker":
        away: list[Act] = [
            Outage("broker", "stopped", 1.0), Outage("broker", "paused", 3.0),
            Outage("broker", "killed", 0.5), Outage("broker", "paused", 9.0),
        ]  # fmt: skip
        acts = dice.among(away[: some(4)], dice.kills(some(4)))
    elif scene == "zombies":
        acts = dice.among([Zombie(dice.uniform(1.0, 4.0)) for _ in range(some(3))], dice.kills(some(2)))
    elif scene == "held":
        acts = dice.among([Zombie(dice.uniform(1.0, 4.0), held=True) for _ in range(some(2))], dice.kills(some(2)))
        acts = (*acts, Zombie(dice.uniform(1.0, 4.0), held=True, dead=True))
    elif scene in ("outages", "senders"):
        away = [
            Outage("redis", "stopped", dice.uniform(1, 4)), Outage("smtp", "stopped", dice.uniform(1, 4)),
            Outage("redis", "killed", dice.uniform(0, 1)), Outage("smtp", "paused", dice.uniform(1, 4)),
            Outage("redis", "paused", dice.uniform(1, 6)),
        ]  # fmt: skip
        acts = dice.among(away[: some(5)], dice.kills(some(8)))
    else:
        raise ValueError(scene)
    return Round(seed, scene, acts)


def dozen(seed: int) -> Round:
    """One of nearly everything, for every day."""
    dice = Dice(seed)
    kills = tuple(Kill(point, times=dice.times(point)) for point in (*POINTS, "published"))
    away: list[Act] = [Outage("broker", "stopped", 0.5), Outage("redis", "stopped", 1.0), Outage("smtp", "stopped", 1.0)]
    return Round(seed, "one", dice.among([*away, Join(0.5, first_killed=dice.uniform(0.5, 2.0))], kills))


#: In a long run over and over, in a short one once.
SCENES = ("one", "joins", "broker", "two", "joins", "zombies", "senders", "one", "held", "joins", "outages", "two")


def plan(kills: int, seed: int) -> list[Round]:
    """Rounds with at least so many kills, and a quarter as many rebalances."""
    size = min(1.0, kills / 160)
    rounds: list[Round] = []
    while True:
        for scene in SCENES:
            rounds.append(_scene(scene, seed * 1_000 + len(rounds), size))
        if sum(each.kills for each in rounds) >= kills and sum(each.rebalances for each in rounds) >= kills / 4:
            return _trimmed(rounds, kills)


def _trimmed(rounds: list[Round], kills: int) -> list[Round]:
    """Without rounds at the end that are not needed, but with every scene at least once."""
    while len(rounds) > len(SCENES):
        fewer = rounds[:-1]
        if sum(each.kills for each in fewer) < kills or sum(each.rebalances for each in fewer) < kills / 4:
            break
        rounds = fewer
    return rounds
