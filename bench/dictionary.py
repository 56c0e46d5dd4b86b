"""Makes the dictionary that states are compressed with, from customers of the simulated shop.

    python -m bench.dictionary FILE

A changelog can be read with the dictionaries it was written with alone: those that were released stay as they are. A new one is a new file,
with a format of its own (streams/customers/compression.py). Prints what it saves for customers it has not seen.
"""

from __future__ import annotations

import sys
from pathlib import Path

import zstandard

from bench.traffic import traffic
from scoring.campaigns.read import read as read_campaigns
from scoring.engine import Engine
from scoring.events.decode import decoders
from scoring.events.rows import from_row
from scoring.segments.read import read as read_segments
from scoring.state import Customer, decode, encode
from streams.customers.compression import compressor
from streams.replay import Replay
from streams.simulate import simulate
from streams.simulate.shop import START

BYTES = 16_384
_SHIPPED = Path(__file__).parents[1] / "streams" / "defaults"
_CORE = Path(__file__).parent / "definitions"
_DAY = 86_400_000


def main() -> None:
    families = _engine(_SHIPPED / "segments.toml", _SHIPPED / "campaigns.toml")
    core = _engine(_CORE / "core.toml", _CORE / "core_campaigns.toml")
    seen = _simulated(families, 150, 30, 5) + _simulated(families, 120, 7, 6)
    seen += _simulated(families, 60, 90, 7) + _simulated(core, 120, 30, 8)
    made = zstandard.train_dictionary(BYTES, seen)
    Path(sys.argv[1]).write_bytes(made.as_bytes())
    compress = compressor(made)
    for what, states in (
        ("simulated shop, all families", _simulated(families, 150, 30, 1)),
        ("simulated shop, core", _simulated(core, 150, 30, 2)),
        ("traffic of the benchmark, core", _benchmark(core)),
        ("traffic of the benchmark, all families", _benchmark(families)),
    ):
        before, after = sum(map(len, states)) / len(states), sum(len(compress(each)) for each in states) / len(states)
        print(f"{what:<40}{before:>8.0f} bytes{after:>8.0f}{after / before:>8.2f}")


def _engine(segments: Path, campaigns: Path) -> Engine:
    definitions = read_segments(segments.read_text(), str(segments))
    return Engine(definitions, read_campaigns(campaigns.read_text(), definitions, str(campaigns)))


def _simulated(engine: Engine, customers: int, days: int, seed: int) -> list[bytes]:
    driver = Replay(engine, lambda at, change: None)
    for place, row in enumerate(simulate(customers, days, seed=seed)):
        driver.event(from_row(row, whole=engine.whole), place)
    driver.until(START + days * _DAY)
    return [_stored(state) for state in driver.customers.values()]


def _benchmark(engine: Engine) -> list[bytes]:
    decode_event, states = decoders(whole=engine.whole), dict[bytes, Customer | None]()
    for rank, key, value, ts in traffic(20_000, 1_000, evenly=True):
        states[key] = engine.event(states.get(key), decode_event[rank](value, key, ts), [])
    return [_stored(state) for state in states.values() if state is not None]


def _stored(state: Customer) -> bytes:
    """As the worker writes it: due time and fingerprint stand elsewhere."""
    state = decode(encode(state))
    state.due = state.definitions = 0
    state.offsets = [-1] * 8
    return encode(state)


if __name__ == "__main__":
    main()
