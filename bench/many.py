"""Many customers: recovery against a raw read, memory, the cost of an event among them, latency, and the longest pauses."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

from bench.clones import clone, newest
from bench.contestants import run
from bench.load import Load, make_topics
from bench.rates import app_id, filled
from bench.report import Report
from bench.sizes import Sizes
from bench.watch import longest
from bench.workers import Worker, resident_bytes, running
from scoring.events.schema import TOPICS
from streams.customers.changelog import RESERVED
from streams.kafka.names import Names

#: Event time of the backlog many customers find: short, so that it lies after all that is in their states.
SECONDS = 20.0
FEW = 10_000
#: The clock of many customers' worker, and of all traffic to it, is so far ahead (ms): so the deadlines that follow a visit an hour
#: before fall due while live load comes, hundreds a second. Kafka takes timestamps up to an hour ahead.
AHEAD = 50 * 60_000
#: Deadlines are measured without it; the default waits 5 s longer for events that were made and have not arrived.
NO_GRACE = {"grace": "0s"}


def measure(report: Report, broker: str, sizes: Sizes, folder: Path, source: Names) -> None:
    """`source`: an app whose customers have a history under the default definitions."""
    load, few = _load("many", sizes.many, sizes), _load("few", FEW, sizes)  # both ahead, so that they differ in nothing else
    filled(report, broker, load)
    target = Names(app_id("many"), load.prefix)
    report.step(f"a changelog of {sizes.many:,} customers, cloned from those of {source.app_id}")
    asyncio.run(clone(broker, source, target, sizes.many))
    empty = _empty(broker, folder)
    read = [run.raw_changelog(broker, target.changelog)]
    report.step(f"raw read of {read[0].events:,} records: {read[0].seconds:.2f} s")
    with running(broker, load.prefix, target.app_id, folder, watch=True, ahead=AHEAD, **NO_GRACE) as worker:
        _recovery(report, worker)
        began = time.monotonic()
        rate = worker.applied(load.events)
        _pauses(report, worker, "longest_", began)
        report.step(f"{rate.events:,} events of {sizes.many:,} customers: {rate.cpu_us:.2f} CPU µs/event")
        worker.until(lambda seen: seen.counters["lag"] == 0 and seen.counters["watermark_delay"] < 1_500)
        time.sleep(1.5)
        customers = worker.until(lambda seen: True).counters["customers"]
        report.note(customers=customers, bytes_per_customer=round((resident_bytes(worker.pid) - empty) / customers))
        _live(report, broker, sizes, load, worker)
    if sizes.half:  # once more, since one reading of such a thing says little
        read.append(run.raw_changelog(broker, target.changelog))
        read = [min(read, key=lambda each: each.seconds / each.events)]
    records = report.figures["recovery_records"]
    assert isinstance(records, int)
    report.note(raw_read_seconds=read[0].seconds / read[0].events * records)
    report.ratio("recovery_ratio", "recovery_seconds", "raw_read_seconds")
    values = asyncio.run(newest(broker, target.changelog, 1))[0]
    sums = [len(key) + len(value) for key, value in values.items() if key < RESERVED]
    report.note(changelog_bytes_per_customer=round(sum(sums) / len(sums)))
    if sizes.half:
        _growth(report, broker, few, folder, source, rate.cpu_us)


def _load(name: str, customers: int, sizes: Sizes) -> Load:
    return Load(name, sizes.growth_events, customers, seed=int(time.time()) % 1_000_000, seconds=SECONDS, ahead=AHEAD)


def _empty(broker: str, folder: Path) -> int:
    """Resident bytes of a worker with no customers and nothing to read."""
    prefix = "bench-empty."
    asyncio.run(make_topics(broker, [prefix + topic for topic in TOPICS]))
    with running(broker, prefix, app_id("empty"), folder) as worker:
        worker.ready()
        time.sleep(0.5)
        return resident_bytes(worker.pid)


def _recovery(report: Report, worker: Worker) -> None:
    """From the assignment of the partitions to the last one taken over, by the worker's own log."""
    start = worker.ready()
    end = time.monotonic()
    assigned, taken = worker.said("partitions assigned"), worker.said("partition taken over")
    seconds = _instant(taken[-1]) - _instant(assigned[0])
    report.note(recovery_seconds=seconds, recovery_start_seconds=start)
    report.note(recovery_records=sum(int(str(line["records"])) for line in taken))
    progress = len(worker.said("reading the changelog"))
    report.step(f"recovered in {seconds:.2f} s, {start:.2f} s after the start of the process, with {progress} lines of progress")
    _pauses(report, worker, "longest_recovery_", worker.began, end)


def _instant(line: dict[str, Any]) -> float:
    """Seconds since the epoch."""
    from datetime import datetime

    return datetime.fromisoformat(str(line["time"]).replace("Z", "+00:00")).timestamp()


def _pauses(report: Report, worker: Worker, prefix: str, since: float, until: float | None = None) -> None:
    time.sleep(0.3)  # for the watch's next line
    found = longest(worker.pauses, since, time.monotonic() if until is None else until)
    report.note(**{prefix + name: figure for name, figure in found.items()})


def _live(report: Report, broker: str, sizes: Sizes, load: Load, worker: Worker) -> None:
    began = time.monotonic()
    half = report.figures["events_per_second"]
    rates = [*sizes.rates, *([half // 2000 * 1000] if sizes.half and isinstance(half, int) else [])]
    for seed, rate in enumerate(rates, 101):
        report.step(f"live: {rate:,} events/s for {sizes.live:g} s")
        figures = run.live(broker, load.prefix, sizes.many, rate, sizes.live, seed, AHEAD)
        suffix = f"_at_{rate}" if rate in sizes.rates else "_at_half_load"
        report.latency(f"{rate:,}", suffix, figures)
        report.headline("p99_event_to_change_ms", suffix, rate)  # the last: half of full load
        if rate in sizes.rates:
            report.headline("p99_deadline_to_change_ms", suffix, rate)
        report.step("  " + ", ".join(f"{name} {figure}" for name, figure in figures.items()))
        worker.until(lambda seen: seen.counters["lag"] == 0)
    report.note(grace_ms=0)
    _pauses(report, worker, "longest_live_", began)


def _growth(report: Report, broker: str, few: Load, folder: Path, source: Names, many_cpu_us: float) -> None:
    """The same backlog of few customers, cloned from the same ones."""
    filled(report, broker, few)
    target = Names(app_id("few"), few.prefix)
    asyncio.run(clone(broker, source, target, few.customers))
    with running(broker, few.prefix, target.app_id, folder, ahead=AHEAD, **NO_GRACE) as worker:
        worker.ready()
        rate = worker.applied(few.events)
    report.step(f"{rate.events:,} events of {few.customers:,} customers: {rate.cpu_us:.2f} CPU µs/event")
    report.note(growth_customers_ratio=many_cpu_us / rate.cpu_us)
