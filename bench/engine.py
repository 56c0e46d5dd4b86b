"""What an event costs in the engine, without Kafka: decode the event, decode the state, fold, evaluate, encode the state.

    python -m bench.engine [--events N] [--customers N] [--segments FILE] [--batch N]

States are bytes at rest, decoded when touched and encoded once a batch, as the worker does it. CPU seconds of one core, collector frozen.
Prints a table and, as its last line, the same figures as one JSON object.
"""

from __future__ import annotations

import argparse
import gc
import json
import time
from pathlib import Path

from bench.traffic import traffic
from scoring.engine import Engine
from scoring.events.decode import decoders
from scoring.segments.read import read
from scoring.state import NEVER, decode, encode

DEFAULTS = Path(__file__).parent / "definitions" / "core.toml"


def run(events: int, customers: int, segments: Path, batch: int, seed: int, evenly: bool) -> dict[str, float]:
    """One run over `events` events; figures by name."""
    engine = Engine(read(segments.read_text(), str(segments)))
    records = list(traffic(events, customers, seed=seed, evenly=evenly))
    decode_event = decoders(whole=engine.whole)
    states: dict[bytes, bytes] = {}
    spent = dict.fromkeys(("event_decode", "state_decode", "fold_and_evaluate", "deadlines", "state_encode", "render"), 0.0)
    changes = fired = 0
    due_at: dict[bytes, int] = {}
    gc.collect()
    gc.freeze()
    gc.disable()
    clock = time.process_time
    for start in range(0, events, batch):
        chunk = records[start : start + batch]
        a = clock()
        decoded = [(key, decode_event[rank](value, key, ts)) for rank, key, value, ts in chunk]
        b = clock()
        spent["event_decode"] += b - a
        touched = {key: decode(value) for key in {record[1] for record in chunk} if (value := states.get(key)) is not None}
        a = clock()
        spent["state_decode"] += a - b
        out: list[list[object]] = []
        owners: list[str] = []
        for key, event in decoded:
            state = engine.event(touched.get(key), event, out)
            if state is not None:
                touched[key] = state
            if len(out) > len(owners):
                owners += [event.customer_id] * (len(out) - len(owners))
        b = clock()
        spent["fold_and_evaluate"] += b - a
        now = chunk[-1][3]
        for key in [key for key, due in due_at.items() if due <= now] if start % (batch * 8) == 0 else []:
            state = touched.get(key) or decode(states[key])
            fired += 1
            if engine.until(state, now, out):
                touched[key] = state
            due_at[key] = state.due
            owners += [key.decode()] * (len(out) - len(owners))
        a = clock()
        spent["deadlines"] += a - b
        for key, state in touched.items():
            states[key] = encode(state)
            if state.due < NEVER:
                due_at[key] = state.due
        b = clock()
        spent["state_encode"] += b - a
        for owner, entry in zip(owners, out, strict=True):
            engine.render(entry, owner, 0)
        changes += len(out)
        spent["render"] += clock() - b
    gc.enable()
    gc.unfreeze()
    core = sum(spent[name] for name in ("event_decode", "state_decode", "fold_and_evaluate", "state_encode"))
    return {
        "events_per_second": round(events / core),
        "events_per_second_with_deadlines_and_records": round(events / sum(spent.values())),
        **{f"{name}_us": round(seconds / events * 1e6, 2) for name, seconds in spent.items()},
        "changes_per_event": round(changes / events, 3),
        "deadlines_fired": fired,
        "customers": len(states),
        "bytes_per_customer": round(sum(map(len, states.values())) / len(states)),
    }


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--events", type=int, default=200_000)
    options.add_argument("--customers", type=int, default=20_000)
    options.add_argument("--segments", type=Path, default=DEFAULTS)
    options.add_argument("--batch", type=int, default=4_000, help="events between two encodings of a state (a flush)")
    options.add_argument("--runs", type=int, default=3)
    chosen = options.parse_args()
    figures: dict[str, dict[str, float]] = {}
    for name, evenly in (("visits in bursts", False), ("every event anybody's", True)):
        runs = [run(chosen.events, chosen.customers, chosen.segments, chosen.batch, seed, evenly) for seed in range(1, chosen.runs + 1)]
        figures[name] = sorted(runs, key=lambda each: each["events_per_second"])[len(runs) // 2]
    print(
        f"{chosen.events:,} events of {chosen.customers:,} customers, {chosen.segments.name}, the median of {chosen.runs} runs, one core\n"
    )
    print(f"{'':<48}" + "".join(f"{name:>24}" for name in figures))
    for row in next(iter(figures.values())):
        print(f"  {row.replace('_', ' '):<46}" + "".join(f"{each[row]:>24,}" for each in figures.values()))
    bursts, evenly = figures.values()
    print(json.dumps({**bursts, "every_event_anybodys": evenly}))


if __name__ == "__main__":
    main()
