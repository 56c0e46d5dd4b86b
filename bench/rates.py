"""Rows of events a second: contestants in turn over the same topics, several rounds."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from bench.contestants import run
from bench.load import Load, fill
from bench.report import Report
from bench.sizes import EACH, Sizes
from bench.workers import Ended, Rate, Sample, Worker, running
from streams.kafka.names import Names

DEFINITIONS = Path(__file__).parent / "definitions"
#: What every shop has, and what its families add: `families` is the shipped files.
CORE = {"segments": str(DEFINITIONS / "core.toml"), "campaigns": str(DEFINITIONS / "core_campaigns.toml")}
REFERENCE = {"segments": str(DEFINITIONS / "reference.toml"), "campaigns": str(DEFINITIONS / "no_campaigns.toml")}
WORKERS: dict[str, dict[str, str]] = {"worker": CORE, "families": {}, "reference": REFERENCE}
ROWS = (*WORKERS, "faust", "raw")


def main_load(sizes: Sizes) -> Load:
    return Load("main", sizes.customers * EACH, sizes.customers)


def filled(report: Report, broker: str, load: Load) -> Load:
    """The load, on its topics."""
    report.step(f"{load.events:,} events of {load.customers:,} customers onto topics {load.prefix}…")
    if not asyncio.run(fill(broker, load)):
        report.step("  they are there already")
    return load


def app_id(name: str) -> str:
    """A consumer group and changelog nobody had."""
    return f"bench-{name}-{time.time_ns() // 1_000_000:x}"


def worker_rate(broker: str, load: Load, folder: Path, name: str, **settings: str) -> tuple[Rate, Sample]:
    """A worker over a load that is there."""
    with running(broker, load.prefix, settings.pop("app_id", app_id(name)), folder, **settings) as worker:
        worker.ready()
        rate = worker.applied(load.events)
        last = worker.sample()
    assert last is not None
    return rate, last


def measure(report: Report, broker: str, sizes: Sizes, folder: Path, rows: set[str]) -> Names | None:
    """The rows wanted, interleaved: a machine that is slow for a while is slow for all of them. Gives the default worker's app."""
    load = filled(report, broker, main_load(sizes))
    faust = Load("faust", sizes.faust_customers * EACH, sizes.faust_customers)
    if "faust" in rows:
        filled(report, broker, faust)
    found: dict[str, list[Rate]] = {}
    names: Names | None = None
    for number in range(1, sizes.rounds + 1):
        for row in (row for row in ROWS if row in rows and (row != "families" or sizes.families)):
            if row == "faust":
                rate, changes = run.plain_faust(broker, faust), None
            elif row == "raw":
                rate, changes = run.raw(broker, load), None
            else:
                name = app_id(row)
                if row == "worker":
                    names = Names(name, load.prefix)
                rate, last = worker_rate(broker, load, folder, row, app_id=name, **WORKERS[row])
                changes = last.counters["changes"] / last.counters["events"]
            found.setdefault(row, []).append(rate)
            if changes is not None:
                report.note(**{_prefix(row) + "changes_per_event": changes})
            report.step(f"round {number} of {sizes.rounds}  {row:<10}{rate.per_second:>10,.0f} events/s {rate.cpu_us:>8.2f} CPU µs/event")
    for row, rates in found.items():
        report.rates(_prefix(row), rates)
    report.ratio("ratio_to_plain_faust", "events_per_second", "plain_faust_events_per_second")
    report.ratio("families_ratio", "families_events_per_second", "events_per_second")
    report.ratio("reference_ratio_to_plain_faust", "reference_events_per_second", "plain_faust_events_per_second")
    # On a machine that has other things to do, this one holds.
    report.ratio("cpu_ratio_to_plain_faust", "plain_faust_cpu_us_per_event", "cpu_us_per_event")
    report.ratio("families_cpu_ratio", "cpu_us_per_event", "families_cpu_us_per_event")
    report.ratio("reference_cpu_ratio_to_plain_faust", "plain_faust_cpu_us_per_event", "reference_cpu_us_per_event")
    return names


def split(report: Report, broker: str, sizes: Sizes) -> None:
    """Where the worker's CPU goes; what no phase accounts for is sockets, acknowledgements and commits."""
    load = main_load(sizes)
    fetch = run.raw(broker, load, job=False).cpu_us
    phases = {"fetch": fetch} | run.split(broker, load, min(sizes.split_events, load.events // 2), CORE)
    report.note(**{f"{phase}_us": spent for phase, spent in phases.items()})
    whole = report.figures["cpu_us_per_event"]
    if isinstance(whole, float):
        report.note(produce_us=whole - sum(spent for spent in phases.values() if spent is not None))


def _prefix(row: str) -> str:
    return {"worker": "", "faust": "plain_faust_"}.get(row, f"{row}_")


def two_workers(report: Report, broker: str, sizes: Sizes, folder: Path) -> None:
    """Two workers, two partitions each, while both are at work; against one right before, so that the machine is as busy."""
    load = filled(report, broker, main_load(sizes))
    one, _ = worker_rate(broker, load, folder, "one", **CORE)
    group = app_id("two")
    with running(broker, load.prefix, group, folder, **CORE) as first, running(broker, load.prefix, group, folder, **CORE) as second:
        pair = (first, second)
        for worker in pair:
            worker.until(lambda seen: seen.counters["partitions"] == 2 and seen.applied > 0)
        seconds, both = _while_both_work(pair)
    report.step(f"one worker {one.per_second:,.0f} events/s, two {both:,.0f} over {seconds:.1f} s")
    report.note(two_workers_seconds=seconds)
    report.note(two_workers_events_per_second=round(both), one_worker_events_per_second=round(one.per_second))
    report.ratio("two_workers_ratio", "two_workers_events_per_second", "one_worker_events_per_second")


def _while_both_work(pair: tuple[Worker, Worker]) -> tuple[float, float]:
    """Until one of them has nothing left: for how many seconds, and events a second of both together."""
    first = before = _look(pair)
    while True:
        time.sleep(0.5)
        now = _look(pair)
        if any(b.applied == n.applied for b, n in zip(before, now, strict=True)):
            break
        before = now
    if before is first:
        raise Ended("two workers were through before both could be looked at: give them more events")
    both = sum((b.applied - f.applied) / (b.at - f.at) for f, b in zip(first, before, strict=True))
    return before[0].at - first[0].at, both


def _look(pair: tuple[Worker, Worker]) -> list[Sample]:
    return [worker.until(lambda seen: True) for worker in pair]
