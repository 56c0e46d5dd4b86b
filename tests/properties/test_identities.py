"""Ids joined in any order, in chains and circles, with everything on its way arriving whenever it likes."""

from __future__ import annotations

from collections import Counter
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from scoring.engine import Engine
from scoring.engine.changes import CAUSES
from scoring.engine.telling import KINDS
from scoring.events.schema import Identity, PageView, Purchase
from scoring.segments.read import read
from scoring.state import Customer
from tests.properties.profiles import searching
from tests.properties.world import World

DAY0 = 1_768_435_200_000
ENGINE = Engine(
    read("""
    [[segment]]
    name = "viewer"
    family = "usage"
    when = "page_views >= 2"
    [[segment]]
    name = "buyer"
    family = "purchase_habits"
    when = "purchases >= 1"
    exit_when = "purchases == 0"
    [[tiers]]
    name = "spender"
    family = "purchase_habits"
    tiers = [ { name = "much", when = "spend >= 30" }, { name = "little" } ]
    """)
)
NAMES = ["a", "b", "c", "d", "e"]
names = st.sampled_from(NAMES)
links = st.tuples(st.just("link"), names, names)
views = st.tuples(st.just("view"), names, st.just(""))
orders = st.tuples(st.just("order"), names, st.just(""))
pauses = st.tuples(st.just("pause"), st.just(""), st.just(""))
happenings = st.lists(st.one_of(links, links, views, views, orders, pauses), min_size=1, max_size=25)


def told(world: World, happenings: list[tuple[str, str, str]], chance: Random) -> Counter[str]:
    """Tells the world; what it must count in all."""
    counted: Counter[str] = Counter()
    for n, (what, name, other) in enumerate(happenings):
        ts = DAY0 + n * 1_000
        if what == "link":
            world.event(Identity(name, ts, other))
        elif what == "view":
            world.event(PageView(name, ts))
            counted["views"] += 1
        elif what == "order":
            world.event(Purchase(name, ts, f"o{n}", amount=1_000))
            counted["orders"] += 1
        else:
            for _ in range(chance.randint(0, 5)):
                world.deliver()
    return counted


@searching(150)
@given(happenings, st.integers(0, 1 << 30), st.booleans(), st.integers(1, 4))
def test_everything_counts_once_wherever_it_ends_up(happenings: list, seed: int, repeats: bool, partitions: int) -> None:
    chance = Random(seed)
    world = World(ENGINE, chance, partitions, repeats)
    counted = told(world, happenings, chance)
    world.repeats = False
    world.settle()
    living = [world.state(name) for name in world.living()]
    assert sum(s.other_view_count for s in living if s) == counted["views"]
    assert sum(s.order_count for s in living if s) == counted["orders"]
    for name in world.states:  # no pointers in a circle, none into nothing
        assert world.leads_to(name) in world.living()
    # What was said to be one is one; where two want an id, it goes to whoever's word reaches it first.
    wanted = {(name, other) for what, name, other in happenings if what == "link" and name != other}
    if len({other for _, other in wanted}) == len(wanted):
        assert all(world.leads_to(name) == world.leads_to(other) for name, other in wanted)
    # What comes later finds its way.
    for name in world.states:
        world.event(PageView(name, DAY0 + 10_000_000))
    world.settle()
    assert sum(s.other_view_count for s in map(world.state, world.living()) if s) == counted["views"] + len(world.states)


@searching(120)
@given(happenings, st.integers(0, 1 << 30), st.booleans())
def test_changes_never_contradict_each_other(happenings: list, seed: int, repeats: bool) -> None:
    """Entered and exited alternate, moves join up, episodes count on, no change twice at one instant; at the end changes say what is so."""
    chance = Random(seed)
    world = World(ENGINE, chance, 2, repeats)
    told(world, happenings, chance)
    world.settle()
    for name, changes in world.changes.items():
        standing: dict[int, object] = {}
        episodes: dict[int, int] = {}
        last = 0
        for _, index, kind, come_from, to, at, cause, episode, *_ in changes:
            assert at >= last, "in order"
            last = at
            if KINDS[kind] == "moved":
                assert standing.get(index) == come_from and come_from != to
                assert episode == episodes.get(index, 0) + 1 or (come_from is None and episode > episodes.get(index, 0))
                standing[index], episodes[index] = to, episode
            else:
                assert bool(standing.get(index)) is (KINDS[kind] == "exited")
                standing[index] = KINDS[kind] == "entered"
                if standing[index]:
                    assert episode > episodes.get(index, 0)
                    episodes[index] = episode
                assert episode == episodes[index]
            if CAUSES[cause] == "merge":
                same = [c for c in changes if c[1] == index and c[5] == at and c[6] == cause and c[2] == kind]
                assert len({c[7] for c in same}) == len(same)
        state = world.state(name)
        assert state is not None
        if name in world.living():
            held = {i: standing.get(i) or False for i in range(2)} | {2: standing.get(2)}
            found = ENGINE.memberships(state)
            assert [held[i] for i in range(3)] == [found["viewer"], found["buyer"], found.get("spender")]
        else:
            assert not any(standing.values())


def all_but_counts(world: World, name: str) -> Customer:
    """A state, but for how much it has said to others and heard from them."""
    state = world.state(name)
    assert state is not None
    if state.ties is not None:
        state.ties.sent, state.ties.received = 0, {}
    return state


@searching(80)
@given(happenings, names, st.integers(0, 1 << 30), st.booleans())
def test_who_is_forgotten_is_forgotten_under_every_id(happenings: list, whom: str, seed: int, repeats: bool) -> None:
    chance = Random(seed)
    world = World(ENGINE, chance, 2, repeats)
    told(world, happenings, chance)
    world.settle()
    person = world.leads_to(whom)
    ids = [name for name in world.states if world.leads_to(name) == person] or [whom]
    others = {name: all_but_counts(world, name) for name in world.living() if name != person}
    world.event(Identity(whom, DAY0 + 1_000_000, forget=True))
    world.settle()
    for name in ids:
        world.event(PageView(name, DAY0 + 2_000_000))
        world.event(Purchase(name, DAY0 + 2_000_000, f"late {name}", amount=10_000))
    world.settle()
    for name in ids:
        state = world.state(name)
        assert state is not None and state.ties is not None and name not in world.living()
        assert state.other_view_count == state.order_count == 0 and not state.ties.names and not state.ties.into
        standing = {c[1]: c for c in world.changes.get(name, ())}
        assert all(KINDS[c[2]] == "exited" or c[4] is None for c in standing.values())
    assert {name: all_but_counts(world, name) for name in world.living()} == others
