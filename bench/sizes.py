"""How much is measured: the whole (a few minutes) and the quick look (under 50 seconds)."""

from __future__ import annotations

from dataclasses import dataclass, replace

#: Events a customer has in the loads that contestants get: what a customer does first changes most (four segments at the first event), so
#: fewer would show more changes an event than a shop has.
EACH = 20


@dataclass(frozen=True)
class Sizes:
    """Events and customers of the rows; 0 leaves a row out.

    `customers` with EACH events are what every contestant gets, `rounds` times; plain Faust gets `faust_customers` of its own.
    `many` customers are cloned from those. `live`: seconds at each rate. `flood`: events a second, more than
    the worker can do, for `flood_seconds` and the two that live load warms up.
    """

    customers: int = 50_000
    rounds: int = 2
    faust_customers: int = 1_000
    families: bool = True  # all of them, beside the core
    split_events: int = 200_000
    flood: int = 80_000
    flood_seconds: float = 2.0
    segments_events: int = 200_000
    acting_events: int = 400_000
    two_workers: bool = True
    many: int = 1_000_000
    live: float = 12.0
    rates: tuple[int, ...] = (10_000, 20_000)
    half: bool = True  # live load at half of what the worker does too, growth, a second raw read


FULL = Sizes()
QUICK = Sizes(
    customers=6_000,
    rounds=1,
    faust_customers=200,
    families=False,
    split_events=60_000,
    flood_seconds=-1.0,
    segments_events=0,
    acting_events=0,
    two_workers=False,
    many=100_000,
    live=3.0,
    rates=(10_000,),
    half=False,
)
#: For the test of the benchmark itself: every row that QUICK has, small.
TINY = replace(
    QUICK,
    families=True,
    customers=1_000,
    faust_customers=50,
    split_events=8_000,
    flood=2_000,
    flood_seconds=0.0,
    many=5_000,
    live=2.0,
    rates=(1_000,),
)
