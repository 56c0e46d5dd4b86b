"""Whatever an event changes, whoever reads it is looked at: each attribute's conditions agree with memberships all along."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from random import Random

from scoring.engine import Engine
from scoring.events.rows import from_row
from scoring.expressions.parse import parse
from scoring.segments.read import read
from scoring.state import Customer, decode, encode
from scoring.traits.attribute import OCCASION, Attribute
from scoring.traits.catalog import CATALOG
from streams.simulate.characters import perform
from streams.simulate.shop import START
from streams.simulate.visits import Row
from tests.contracts.scenario import toml

#: What attributes with an argument of the shop's own words are asked for.
WORDS = {"category": "shoes", "feature": "search", OCCASION: "christmas"}
#: Bounds that customers of the simulated shop cross, ms for durations.
NUMBERS, DURATIONS = (0, 1, 3), ("minutes(1)", "hours(2)", "days(20)")
CALENDAR = '[calendar]\ncountry = "NL"\n[[occasion]]\nname = "christmas"\nholiday = "Christmas Day"\n'


def conditions(attribute: Attribute) -> list[str]:
    """Some that read it."""
    argument = attribute.choices[0] if attribute.choices else WORDS.get(attribute.argument, "a word")
    given = [repr(argument)] if attribute.argument else []
    spelled = [attribute.name + (f"({', '.join(given)})" if given else "")]
    if attribute.windowed:
        spelled.append(f"{attribute.name}({', '.join([*given, 'days(2)'])})")
    found = []
    for text in spelled:
        if attribute.kind == "boolean":
            found.append(text)
            continue
        found.append(f"{text} is None")
        if attribute.kind == "string":
            found += [f"{text} == {value!r}" for value in attribute.values[:3]] or [f"{text} != 'a word'"]
        elif attribute.kind == "duration":
            found += [f"{text} >= {bound}" for bound in DURATIONS] + [f"{text} < {DURATIONS[1]}"]
        else:
            found += [f"{text} >= {bound}" for bound in NUMBERS] + [f"{text} > 0.3", f"{text} < 2"]
    return found


def mixed(customers: int, events: int) -> Iterator[list[Row]]:
    """Histories made of what all characters do, in any order: what comes first in no story may come first in a shop."""
    dice = Random(7)
    pool: dict[str, list[Row]] = defaultdict(list)
    for rows in perform(1, 5, START):
        for _, row in rows:
            pool[row["event_type"]].append(row)
    del pool["catalog"]
    for _ in range(customers):
        ts, found = START, []
        for event_type in dice.choices([*pool], k=events):
            ts += int(1_000 * 10 ** dice.uniform(0, 5.5))
            found.append(dice.choice(pool[event_type]) | {"customer_id": "c", "ts": ts})
        yield found


def test_conditions_agree_with_memberships_after_every_event() -> None:
    texts = [text for attribute in CATALOG.values() for text in conditions(attribute)]
    engine = Engine(read("".join(toml(text, f"s{n}") for n, text in enumerate(texts)) + CALENDAR))
    asked = [engine.condition(parse(text)) for text in texts]
    ever = 0
    for rows in mixed(70, 20):
        state: Customer | None = None
        for row in rows:
            state = engine.event(state, from_row(row, whole=engine.whole), []) or state
            assert state is not None
            state = decode(encode(state))
            members = state.members
            assert isinstance(members, int)
            wrong = [text for n, text in enumerate(texts) if asked[n](state, state.at) != bool(members >> n & 1)]
            assert not wrong, f"after {row}: {wrong}"
            ever |= members
    never = [text for n, text in enumerate(texts) if not ever >> n & 1]
    assert len(never) < len(texts) // 2, never
