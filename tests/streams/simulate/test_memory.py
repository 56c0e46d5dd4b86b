"""What a customer of the simulated shop takes at rest after thirty days, with every family and campaign on."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from statistics import mean, median

import msgspec

from scoring.campaigns.read import read as read_campaigns
from scoring.engine import Engine
from scoring.events.rows import from_row
from scoring.segments.read import read
from scoring.state import NEVER, Customer, decode, encode, facts_of
from scoring.traits.catalog import TRAITS
from streams.customers.changelog import value
from streams.replay import Replay
from streams.simulate import simulate
from streams.simulate.shop import START

DAYS = 30
CUSTOMERS = 120
SHIPPED = Path(__file__).parents[3] / "streams" / "defaults"
#: Bytes in the median, as measured and a little more, so that whoever adds to them sees it: what all traits beyond the core keep, and the
#: whole state, which has the core's series of hours and the history of memberships besides.
TRAITS_AT_MOST = 680
STATE_AT_MOST = 1_520
#: Of a value in the worker's memory and in the changelog.
AT_REST_AT_MOST = 1_000

_pack = msgspec.msgpack.encode


def sizes(values: list[bytes]) -> dict[str, list[int]]:
    """Bytes of each value by what takes them: each trait's facts, their whole, and the other fields."""
    found: dict[str, list[int]] = defaultdict(list)
    names = {trait.key: trait.families[0] for trait in TRAITS}
    for each in values:
        fields = dict(zip(Customer.__struct_fields__, msgspec.msgpack.decode(each), strict=False))
        for name, field in fields.items():
            found[name].append(len(_pack(field)))
        facts = facts_of(decode(each)) or {}
        for key, family in names.items():
            found[f"facts {key} ({family})"].append(len(_pack({key: facts[key]})) - 1 if key in facts else 0)
    return found


def test_a_customer_is_small() -> None:
    definitions = read((SHIPPED / "segments.toml").read_text())
    engine = Engine(definitions, read_campaigns((SHIPPED / "campaigns.toml").read_text(), definitions))
    driver = Replay(engine, lambda at, change: None)
    for place, row in enumerate(simulate(CUSTOMERS, DAYS, seed=3)):
        driver.event(from_row(row, whole=driver.engine.whole), place)
    driver.until(START + DAYS * 86_400_000)
    values = [encode(state) for state in driver.customers.values()]
    by_part = sizes(values)
    whole, traits = median(map(len, values)), median(by_part["facts"])
    largest = sorted(by_part.items(), key=lambda part: -mean(part[1]))[:30]
    figures = "\n".join(f"{name}: {median(sizes):g} bytes in the median, {mean(sizes):.0f} in the mean" for name, sizes in largest)
    assert traits <= TRAITS_AT_MOST and whole <= STATE_AT_MOST, f"{traits:g} bytes of traits in {whole:g} of a state\n{figures}"
    at_rest = median(len(value(1, NEVER, engine.fingerprint, state)) for state in values)
    assert at_rest <= AT_REST_AT_MOST, f"{at_rest:g} bytes at rest of a state of {whole:g}"
