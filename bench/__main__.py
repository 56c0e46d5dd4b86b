"""What the machine does on real Apache Kafka: a table, and as the last line of stdout the same figures as one JSON object.

make bench                                      all of it, some minutes; a container, removed afterwards
make bench QUICK=1                              under 50 seconds
BROKER=localhost:9092 make bench                on a broker of one's own, where it leaves topics bench-…
python -m bench --only worker,faust             single rows: {rows}
python -m bench.broker &                        for comparing before and after a change of the code: a broker that stays, and
BROKER=… python -m bench --only worker --rounds 3      topics filled once and read by every run
python -m bench.engine                          the engine alone, without Kafka
"""

from __future__ import annotations

import argparse
import dataclasses
import logging
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

import structlog

from bench import acting, many, rates, segments
from bench.broker import NoBroker, broker
from bench.report import Report
from bench.sizes import EACH, FULL, QUICK, TINY, Sizes
from streams.kafka.names import Names

ROWS = (*rates.ROWS, "split", "two", "segments", "acting", "many")


def main() -> int:
    chosen = options()
    # Stdout is for the table and the figures.
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING), logger_factory=structlog.PrintLoggerFactory(sys.stderr)
    )
    report = Report()
    report.note(
        machine=f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        quick=int(chosen.sizes.many < FULL.many),
    )
    try:
        with broker() as address, tempfile.TemporaryDirectory() as folder:
            report.step(f"Apache Kafka at {address}")
            measure(report, address, chosen.sizes, Path(folder), chosen.rows)
    except NoBroker as why:
        return without_kafka(report, chosen.sizes, why)
    report.finish()
    return 0


def measure(report: Report, address: str, sizes: Sizes, folder: Path, rows: set[str]) -> None:
    worker: Names | None = None
    if rows & {*rates.ROWS, "many"}:
        contestants = rows | ({"worker"} if "many" in rows else set())  # whose customers are cloned
        worker = rates.measure(report, address, sizes, folder, contestants)
    if "split" in rows:
        report.step("where the worker's CPU goes")
        rates.split(report, address, sizes)
    if "two" in rows and sizes.two_workers:
        rates.two_workers(report, address, sizes, folder)
    if "segments" in rows and sizes.segments_events:
        segments.measure(report, address, sizes, folder)
    if "acting" in rows and sizes.acting_events:
        acting.measure(report, address, sizes, folder)
    if "many" in rows and worker is not None:
        many.measure(report, address, sizes, folder, worker)


def without_kafka(report: Report, sizes: Sizes, why: NoBroker) -> int:
    """The engine's own figures, and how to get the others."""
    sys.stderr.write(f"\nNO KAFKA: only the engine is measured. {why}\n\n")
    events = str(min(200_000, sizes.customers * EACH))
    done = subprocess.run([sys.executable, "-m", "bench.engine", "--runs", "1", "--events", events], stdout=subprocess.PIPE, text=True)
    sys.stdout.write("\n".join(done.stdout.splitlines()[:-1]) + "\n\n")
    report.finish()
    sys.stderr.write(f"\nNO KAFKA: only the engine was measured. {why}\n")
    return 1


@dataclasses.dataclass(frozen=True)
class Chosen:
    sizes: Sizes
    rows: set[str]


def options() -> Chosen:
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description=(__doc__ or "").format(rows=", ".join(ROWS)),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--quick", action="store_true", help="under 50 seconds; what it leaves out is null")
    parser.add_argument("--tiny", action="store_true", help="to see that it works: the figures mean nothing")
    parser.add_argument("--only", metavar="ROW,…", default="", help="only these rows")
    parser.add_argument("--rounds", type=int, metavar="N", help="times each contestant runs")
    given = parser.parse_args()
    rows = set(filter(None, given.only.split(","))) or set(ROWS)
    if unknown := rows - set(ROWS):
        parser.error(f"--only {', '.join(sorted(unknown))}: choose from {', '.join(ROWS)}")
    quick = given.quick or os.environ.get("QUICK", "") not in ("", "0")
    sizes = TINY if given.tiny else QUICK if quick else FULL
    if "families" in given.only.split(","):
        sizes = dataclasses.replace(sizes, families=True)
    if given.rounds:
        sizes = dataclasses.replace(sizes, rounds=given.rounds)
    return Chosen(sizes, rows)


if __name__ == "__main__":
    sys.exit(main())
