"""Many customers: recovery against a raw read, memory, the cost of an event among them, latency, and the longest pauses."""

from __future__ import annotations

import asyncio
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from bench.clones import clone, newest
from bench.contestants import run
from bench.load import make_topics
from bench.rates import CORE, app_id
from bench.report import Report
from bench.sizes import Sizes
from bench.watch import longest
from bench.workers import Rate, Worker, resident_bytes, running
from scoring.events.schema import TOPICS
from streams.customers.changelog import RESERVED
from streams.kafka.names import Names

FEW = 10_000
#: The clock of many customers' worker, and of all traffic to it, is so far ahead (ms): so the deadlines of checkouts left 45 minutes
#: before fall due while live load comes, a hundred a second. Further ahead, most of them would fall due at once before it begins.
AHEAD = 33 * 60_000
#: Deadlines are measured without it; the default waits 5 s longer for events that were made and have not arrived.
NO_GRACE = {"grace": "0s"}


def measure(report: Report, broker: str, sizes: Sizes, folder: Path, source: Names) -> None:
    """`source`: an app whose customers have a history under the core definitions."""
    many = _cloned(report, broker, "many", source, sizes.many)
    empty = _empty(broker, folder)
    raw = _raw_read(report, broker, many)
    with _running(broker, many, folder) as worker:
        _recovery(report, worker)
        _caught_up(worker)
        time.sleep(1.5)
        customers = worker.until(lambda seen: True).counters["customers"]
        report.note(customers=customers, bytes_per_customer=round((resident_bytes(worker.pid) - empty) / customers))
        began = time.monotonic()
        many_rate = _full_load(report, broker, sizes, many.prefix, sizes.many, worker)
        _pauses(report, worker, "longest_", began)
        report.note(many_cpu_us_per_event=many_rate.cpu_us, many_events_per_second=round(many_rate.per_second))
        _live(report, broker, sizes, many.prefix, worker, many_rate)
    if sizes.half:  # once more, since one reading says little
        raw = min(raw, _raw_read(report, broker, many))
    records = report.figures["recovery_records"]
    assert isinstance(records, int)
    report.note(raw_read_seconds=raw * records)
    report.ratio("recovery_ratio", "recovery_seconds", "raw_read_seconds")
    values = asyncio.run(newest(broker, many.changelog, 1))[0]
    sums = [len(key) + len(value) for key, value in values.items() if key < RESERVED]
    report.note(changelog_bytes_per_customer=round(sum(sums) / len(sums)))
    if sizes.half:
        few = _cloned(report, broker, "few", source, FEW)
        with _running(broker, few, folder) as worker:
            worker.ready()
            _caught_up(worker)
            few_rate = _full_load(report, broker, sizes, few.prefix, FEW, worker)
        report.note(few_cpu_us_per_event=few_rate.cpu_us, growth_customers_ratio=many_rate.cpu_us / few_rate.cpu_us)


def _cloned(report: Report, broker: str, name: str, source: Names, customers: int) -> Names:
    report.step(f"a changelog of {customers:,} customers, cloned from those of {source.app_id}")
    app = app_id(name)
    target = Names(app, f"{app}.")
    asyncio.run(clone(broker, source, target, customers))
    return target


def _running(broker: str, names: Names, folder: Path) -> AbstractContextManager[Worker]:
    return running(broker, names.prefix, names.app_id, folder, watch=True, ahead=AHEAD, **NO_GRACE, **CORE)


def _caught_up(worker: Worker) -> None:
    """The deadlines of the time that has passed since the customers' last events have fired, or were found to be later: what is left is
    what falls due now, well below one in 500 customers a second."""
    worker.until(lambda seen: seen.counters["lag"] == 0 and 0 < seen.counters["watermark_delay"] < 1_500)
    before = worker.until(lambda seen: True)
    while True:
        time.sleep(1)
        now = worker.until(lambda seen: True)
        looked = sum(now.counters[name] - before.counters[name] for name in ("fired", "quiet"))
        if looked < max(10, now.counters["customers"] // 500):
            return
        before = now


def _raw_read(report: Report, broker: str, names: Names) -> float:
    """Seconds a record."""
    read = run.raw_changelog(broker, names.changelog)
    report.step(f"raw read of {read.events:,} records: {read.seconds:.2f} s")
    return read.seconds / read.events


def _full_load(report: Report, broker: str, sizes: Sizes, prefix: str, customers: int, worker: Worker) -> Rate:
    """More events a second than it can do, each anybody's, until all are applied."""
    before = worker.until(lambda seen: True)
    figures = run.live(broker, prefix, customers, sizes.flood, sizes.flood_seconds, 100, AHEAD)
    end = before.applied + int(figures["sent"] or 0)
    after = worker.until(lambda seen: seen.applied >= end)
    rate = Rate(after.applied - before.applied, after.at - before.at, after.cpu - before.cpu)
    report.step(f"{rate.events:,} events of {customers:,} customers: {rate.cpu_us:.2f} CPU µs/event")
    return rate


def _empty(broker: str, folder: Path) -> int:
    """Resident bytes of a worker with no customers and nothing to read."""
    prefix = "bench-empty."
    asyncio.run(make_topics(broker, [prefix + topic for topic in TOPICS]))
    with running(broker, prefix, app_id("empty"), folder, **CORE) as worker:
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


def _live(report: Report, broker: str, sizes: Sizes, prefix: str, worker: Worker, full: Rate) -> None:
    """`full`: what it does among these customers when there is more to do than it can."""
    began = time.monotonic()
    rates = [*sizes.rates, *([int(full.per_second) // 2000 * 1000] if sizes.half else [])]
    for seed, rate in enumerate(rates, 101):
        report.step(f"live: {rate:,} events/s for {sizes.live:g} s")
        figures = run.live(broker, prefix, sizes.many, rate, sizes.live, seed, AHEAD)
        suffix = f"_at_{rate}" if rate in sizes.rates else "_at_half_load"
        report.latency(f"{rate:,}", suffix, figures)
        report.headline("p99_event_to_change_ms", suffix, rate)  # the last: half of full load
        if rate in sizes.rates:
            report.headline("p99_deadline_to_change_ms", suffix, rate)
        report.step("  " + ", ".join(f"{name} {figure}" for name, figure in figures.items()))
        worker.until(lambda seen: seen.counters["lag"] == 0)
    report.note(grace_ms=0)
    _pauses(report, worker, "longest_live_", began)
