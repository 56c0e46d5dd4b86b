"""Characters are found by the shipped segments written for them, and by few others."""

from __future__ import annotations

import itertools
import os
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from scoring.engine import Engine
from scoring.events.rows import from_row
from scoring.segments.families import FAMILIES
from scoring.segments.model import Tiers
from scoring.segments.read import read
from streams.replay import Replay
from streams.simulate import simulate
from streams.simulate.characters import CHARACTERS, Character, perform
from streams.simulate.shop import START

DAY = 86_400_000
SHIPPED = Path(__file__).parents[3] / "streams" / "defaults" / "segments.toml"
#: 2025-12-01T12:00:00Z: before Sinterklaas and Christmas, so that who is found at their time of the year only is found.
END = 1_764_590_400_000
OF_EACH = 40 if os.environ.get("GEDRAG_TEST_LONG") else 7

#: Whom a segment also finds, and rightly so.
BY_NATURE: dict[str, tuple[str, ...]] = {
    # What has just become cheaper is cheaper.
    "cheaper_than_seen": ("drop_hearer",),
    # Whoever stops at the checkout has left a cart; so has one we can write to.
    "cart_abandoned": ("checkout_leaver", "cart_leaver_with_address"),
    # Whom we write to, in whatever story, can be written to.
    "mailable": ("cart_leaver_with_address", "mail_reader", "silent_receiver", "mail_clicker"),
    # Waiting in the cart for a lower price takes days from the first look to the order.
    "no_rush": ("cart_waiter",),
    # Sinterklaas is a time of the year, and it is near.
    "season_ahead": ("sinterklaas_buyer",),
    # An order a month is three in three months.
    "loyal": ("monthly_buyer",),
    # Who bought from six categories is at home in the whole shop.
    "all_rounder": ("everything_buyer",),
    # The best of RFM spend as much.
    "vip": ("champion",),
    # Once a year leaves most of a year without; the lower rows of RFM are those who have not bought for long.
    "lapsed": ("sinterklaas_buyer", "black_friday_buyer", "once_a_year", "at_risk", "hibernating"),
    # A parcel that came, and nothing since: that is looking in now and then.
    "stays_occasional": ("receiver",),
    # Four of five, after five of five, is what a passive one says.
    "satisfaction.passive": ("disappointed",),
    # An open complaint and parcels sent back are what this segment is about, this year long.
    "once_bitten": ("complainer", "returner_of_goods"),
}

#: Groups of tiers that say how much of something there is: everybody is in one of them, whatever their story. Their characters are told
#: from each other; other groups tell theirs from everybody.
HOW_MUCH = frozenset(("engagement", "usage", "value", "journey", "rfm"))

#: What no character is written for: the three parts that `rfm` is made of.
PARTS = frozenset(("rfm_recency", "rfm_frequency", "rfm_money"))


def names(engine: Engine) -> set[str]:
    """Segments, and tiers as `group.tier`."""
    found = set()
    for each in engine.definitions.segments:
        found |= {f"{each.name}.{tier.name}" for tier in each.tiers} if isinstance(each, Tiers) else {each.name}
    return found


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(read(SHIPPED.read_text()))


@pytest.fixture(scope="module")
def members(engine: Engine) -> dict[str, Counter[str]]:
    """By segment, or `group.tier`: how many of each character are in it at the end. Robots are in that segment alone, as everywhere."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for character in CHARACTERS:
        for number in range(1, OF_EACH + 1):
            driver = Replay(engine, lambda at, change: None)
            for place, (_, row) in enumerate(character.play(1, number, END)):
                driver.event(from_row(row, whole=engine.whole), place)
            driver.until(END)
            (state,) = driver.customers.values()
            memberships = engine.memberships(state)
            for name, member in memberships.items():
                if memberships["robot"] and name != "robot":
                    continue
                if member:
                    found[name if member is True else f"{name}.{member}"][character.name] += 1
    return found


def written_for(segment: str) -> list[Character]:
    return [each for each in CHARACTERS if each.segment == segment]


@pytest.mark.parametrize("character", CHARACTERS, ids=lambda each: each.name)
def test_nine_of_ten_are_found(character: Character, members: dict[str, Counter[str]]) -> None:
    assert members[character.segment][character.name] >= 0.9 * OF_EACH


@pytest.mark.parametrize("segment", sorted({each.segment for each in CHARACTERS}))
def test_nine_of_ten_who_are_found_belong_there(segment: str, members: dict[str, Counter[str]]) -> None:
    belong = {each.name for each in written_for(segment)} | set(BY_NATURE.get(segment, ()))
    group = segment.partition(".")[0]
    judged = {each.name for each in CHARACTERS if group not in HOW_MUCH or each.segment.startswith(f"{group}.")}
    found = Counter({name: count for name, count in members[segment].items() if name in judged})
    right = sum(count for name, count in found.items() if name in belong)
    assert right >= 0.9 * found.total(), f"also found: { {name: count for name, count in found.items() if name not in belong} }"


def test_every_shipped_segment_and_every_family_has_a_character(engine: Engine) -> None:
    have = {each.segment for each in CHARACTERS}
    assert have <= names(engine)
    assert {name.partition(".")[0] for name in names(engine) - have} <= PARTS
    family = {each.name: each.family for each in engine.definitions.segments}
    assert {family[segment.partition(".")[0]] for segment in have} >= set(FAMILIES)


def test_the_list_of_who_else_belongs_is_no_longer_than_needed(members: dict[str, Counter[str]]) -> None:
    idle = {(segment, name) for segment, others in BY_NATURE.items() for name in others if not members[segment][name]}
    assert not idle


def test_a_characters_label_is_in_its_id_and_its_profile() -> None:
    rows = [row for row in simulate(20, 30, seed=5, of_each=1) if not row.get("customer_id", "c0000").startswith("c0000")]
    labels = {row["customer_id"]: row["traits"]["character"] for row in rows if row["event_type"] == "profile"}
    assert labels == {f"{each.name}-0001": each.name for each in CHARACTERS}
    assert {row["customer_id"] for row in rows} == set(labels)


def test_the_shop_stays_as_it_is_and_its_rows_in_order_with_characters_among_them() -> None:
    both = [(from_row(row).ts, row) for row in simulate(20, 30, seed=5, of_each=1)]
    assert all(earlier[0] <= later[0] for earlier, later in itertools.pairwise(both))
    assert both[0][0] < START - 365 * DAY
    assert both[-1][0] < START + 30 * DAY
    of_customers = [row for _, row in both if row.get("customer_id", "").startswith("c0000")]
    assert of_customers == [row for row in simulate(20, 30, seed=5) if "customer_id" in row]


def test_a_character_does_not_depend_on_how_many_others_there_are() -> None:
    few, many = (list(perform(of_each, 3, END)) for of_each in (1, 2))
    assert few == many[::2]
    assert few != list(perform(1, 4, END))
