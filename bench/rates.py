"""Rows of events a second: contestants in turn over the same topics, several rounds."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from bench.contestants import run
from bench.load import Load, fill
from bench.report import Report
from bench.sizes import EACH, Sizes
from bench.workers import Rate, Sample, Worker, running
from streams.kafka.names import Names

DEFINITIONS = Path(__file__).parent / "definitions"
REFERENCE = {"segments": str(DEFINITIONS / "reference.toml"), "campaigns": str(DEFINITIONS / "no_campaigns.toml")}
ROWS = ("worker", "reference", "faust", "raw")


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
        for row in (row for row in ROWS if row in rows):
            if row == "faust":
                rate, changes = run.plain_faust(broker, faust), None
            elif row == "raw":
                rate, changes = run.raw(broker, load), None
            else:
                name = app_id(row)
                if row == "worker":
                    names = Names(name, load.prefix)
                rate, last = worker_rate(broker, load, folder, row, app_id=name, **(REFERENCE if row == "reference" else {}))
                changes = last.counters["changes"] / last.counters["events"]
            found.setdefault(row, []).append(rate)
            if changes is not None:
                report.note(**{_prefix(row) + "changes_per_event": changes})
            report.step(f"round {number} of {sizes.rounds}  {row:<10}{rate.per_second:>10,.0f} events/s {rate.cpu_us:>8.2f} CPU µs/event")
    for row, rates in found.items():
        report.rates(_prefix(row), rates)
    report.ratio("ratio_to_plain_faust", "events_per_second", "plain_faust_events_per_second")
    report.ratio("reference_ratio_to_plain_faust", "reference_events_per_second", "plain_faust_events_per_second")
    # On a machine that has other things to do, this one holds.
    report.ratio("cpu_ratio_to_plain_faust", "plain_faust_cpu_us_per_event", "cpu_us_per_event")
    report.ratio("reference_cpu_ratio_to_plain_faust", "plain_faust_cpu_us_per_event", "reference_cpu_us_per_event")
    return names


def split(report: Report, broker: str, sizes: Sizes) -> None:
    """Where the worker's CPU goes; what no phase accounts for is sockets, acknowledgements and commits."""
    load = main_load(sizes)
    fetch = run.raw(broker, load, job=False).cpu_us
    phases = {"fetch": fetch} | run.split(broker, load, min(sizes.split_events, load.events // 2))
    report.note(**{f"{phase}_us": spent for phase, spent in phases.items()})
    whole = report.figures["cpu_us_per_event"]
    if isinstance(whole, float):
        report.note(produce_us=whole - sum(spent for spent in phases.values() if spent is not None))


def _prefix(row: str) -> str:
    return {"worker": "", "reference": "reference_", "faust": "plain_faust_", "raw": "raw_"}[row]


def two_workers(report: Report, broker: str, sizes: Sizes, folder: Path) -> None:
    """Two workers, two partitions each, from when both are at work until the first has nothing left; against one in the same run."""
    load = filled(report, broker, main_load(sizes))
    group = app_id("two")
    with running(broker, load.prefix, group, folder) as first, running(broker, load.prefix, group, folder) as second:
        pair = (first, second)
        begun = [_at_work(worker) for worker in pair]
        rates = [end.applied - begin.applied for begin, end in zip(begun, _while_both_work(pair, load.events), strict=True)]
        seconds = time.monotonic() - max(each.at for each in begun)
    report.note(two_workers_events_per_second=round(sum(rates) / seconds))
    report.ratio("two_workers_ratio", "two_workers_events_per_second", "events_per_second")


def _at_work(worker: Worker) -> Sample:
    return worker.until(lambda seen: seen.counters["partitions"] == 2 and seen.applied > 0)


def _while_both_work(pair: tuple[Worker, Worker], total: int) -> list[Sample]:
    """Looks at both until one of them has slowed down to nothing."""
    before: list[Sample] | None = None
    while True:
        time.sleep(0.5)
        now = [sample for worker in pair if (sample := worker.sample())]
        if before and any(b.applied == n.applied for b, n in zip(before, now, strict=True)):
            return before
        before = now
