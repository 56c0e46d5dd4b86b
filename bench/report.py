"""The figures of a run by name, shown while they come: as a table for people, as one flat JSON object for programs."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from statistics import median
from typing import TextIO

from rich.console import Console
from rich.table import Table

from bench.workers import Rate

Figure = float | int | str | None

#: Every name with what it means, in the order of the table; those not measured are null.
NAMES: dict[str, dict[str, str]] = {
    "Events a second, one process": {
        "events_per_second": "our worker, core definitions, all guarantees",
        "ratio_to_plain_faust": "  times plain Faust",
        "cpu_us_per_event": "  CPU µs per event",
        "cpu_ratio_to_plain_faust": "  plain Faust's to ours",
        "changes_per_event": "  changes per event",
        "families_events_per_second": "our worker, all families (the shipped definitions)",
        "families_ratio": "  to the core definitions",
        "families_cpu_us_per_event": "  CPU µs per event",
        "families_cpu_ratio": "  the core definitions' to it",
        "families_changes_per_event": "  changes per event",
        "reference_events_per_second": "our worker, the reference job",
        "reference_ratio_to_plain_faust": "  times plain Faust",
        "reference_cpu_us_per_event": "  CPU µs per event",
        "reference_cpu_ratio_to_plain_faust": "  plain Faust's to ours",
        "reference_changes_per_event": "  changes per event",
        "plain_faust_events_per_second": "plain Faust, the reference job",
        "plain_faust_cpu_us_per_event": "  CPU µs per event",
        "raw_events_per_second": "raw limit: getmany, decode, dict",
        "raw_cpu_us_per_event": "  CPU µs per event",
        "two_workers_events_per_second": "two of our workers, two partitions each",
        "one_worker_events_per_second": "  one of them, right before",
        "two_workers_ratio": "  two to one",
        "two_workers_seconds": "  seconds in which both were at work",
    },
    "Where our worker's CPU goes, µs per event": {
        "fetch_us": "fetch (aiokafka's getmany)",
        "decode_us": "decode events",
        "merge_us": "merge topics by time",
        "state_decode_us": "decode states",
        "fold_us": "fold",
        "evaluate_us": "evaluate segments",
        "deadlines_us": "deadlines",
        "encode_us": "encode states",
        "render_us": "render changes",
        "batches_us": "fill batches",
        "flush_us": "bookkeeping around them",
        "produce_us": "produce, acknowledgements, the rest",
    },
    "Growth, CPU per event": {
        "growth_customers_ratio": "10,000 customers to {many}",
        "few_cpu_us_per_event": "  CPU µs per event, 10,000 customers",
        "many_cpu_us_per_event": "  CPU µs per event, {many} customers",
        "many_events_per_second": "  events/s at full load, {many} customers",
        "growth_segments_ratio": "10 segments to 100",
        "cpu_us_per_event_10_segments": "  CPU µs per event, 10 segments",
        "cpu_us_per_event_100_segments": "  CPU µs per event, 100 segments",
    },
    "Campaigns": {
        "acting_ratio": "all customers writable, shipped campaigns, to no campaigns: CPU per event",
        "silent_cpu_us_per_event": "  CPU µs per event without campaigns",
        "acting_cpu_us_per_event": "  CPU µs per event with them",
        "acting_messages_per_event": "  decisions per event",
    },
    "A customer": {
        "customers": "customers, deadlines armed",
        "bytes_per_customer": "bytes in memory, all in",
        "changelog_bytes_per_customer": "bytes in the changelog, newest record",
    },
    "Latency, ms": {},
    "Pauses of the loop, ms": {
        "longest_pause_ms": "longest at full load",
        "longest_pause_cpu_ms": "  of which computing",
        "longest_recovery_pause_ms": "longest in recovery",
        "longest_recovery_pause_cpu_ms": "  of which computing",
        "longest_live_pause_ms": "longest at live load",
        "longest_live_pause_cpu_ms": "  of which computing",
    },
    "Recovery": {
        "recovery_records": "records of the changelog",
        "recovery_seconds": "seconds from assigned to taken over",
        "recovery_start_seconds": "seconds from the start of the process",
        "raw_read_seconds": "seconds of a raw read of the same topic",
        "recovery_ratio": "recovery to raw read",
    },
}
#: What a live load tells; its names get a suffix that says which. The JSON has two of them without a suffix too, see `headline`.
LATENCY = {
    "p99_event_to_change_ms": "event to change at {rate} events/s: p99",
    "p50_event_to_change_ms": "  p50",
    "max_event_to_change_ms": "  longest",
    "p99_deadline_to_change_ms": "deadline to change, grace 0, at {rate} events/s: p99",
    "p50_deadline_to_change_ms": "  p50",
    "max_deadline_to_change_ms": "  longest",
    "deadline_changes": "  deadlines seen",
}
HEADLINES = ("p99_event_to_change_ms", "p99_deadline_to_change_ms")


class Report:
    """`note` figures as they come; `finish` prints."""

    def __init__(self, out: TextIO = sys.stdout, progress: TextIO = sys.stderr) -> None:
        self.figures: dict[str, Figure] = {name: None for group in NAMES.values() for name in group}
        self.figures |= dict.fromkeys(HEADLINES)
        self._labels = {title: dict(group) for title, group in NAMES.items()}
        self._out = out
        self._progress = progress
        self._began = time.monotonic()

    def step(self, what: str) -> None:
        """Tells on stderr what is going on."""
        self._progress.write(f"{time.monotonic() - self._began:5.0f} s  {what}\n")
        self._progress.flush()

    def note(self, **figures: Figure) -> None:
        for name, figure in figures.items():
            self.figures[name] = rounded(figure) if isinstance(figure, float) else figure

    def rates(self, name: str, found: list[Rate]) -> None:
        """The median of several runs."""
        self.note(**{f"{name}events_per_second": round(median(each.per_second for each in found))})
        self.note(**{f"{name}cpu_us_per_event": median(each.cpu_us for each in found)})

    def latency(self, label: str, suffix: str, figures: Mapping[str, Figure]) -> None:
        """A load's latencies; the names get `suffix`, the table says `label`."""
        for name, said in LATENCY.items():
            self._labels["Latency, ms"][name + suffix] = said.format(rate=label)
            self.note(**{name + suffix: figures.get(name)})

    def headline(self, name: str, suffix: str, rate: int) -> None:
        """A latency of one of the loads, without its suffix, and `…_at_events_per_second`."""
        self.note(**{name: self.figures[name + suffix], name.removesuffix("_ms") + "_at_events_per_second": rate})

    def ratio(self, name: str, above: str, below: str) -> None:
        upper, lower = self.figures[above], self.figures[below]
        if isinstance(upper, int | float) and isinstance(lower, int | float) and lower:
            self.note(**{name: upper / lower})

    def finish(self) -> None:
        console = Console(file=self._out, width=None if self._out.isatty() else 100, highlight=False)
        for title, names in self._labels.items():
            table = Table(title=title, title_justify="left", show_header=False, box=None, padding=(0, 2), title_style="bold")
            table.add_column(min_width=58)
            table.add_column(justify="right", min_width=14)
            for name, label in names.items():
                table.add_row(label.format(many=_shown(self.figures.get("customers"))), _shown(self.figures.get(name)))
            if names:
                console.print(table)
                console.print()
        self._out.write(json.dumps(self.figures, ensure_ascii=False) + "\n")
        self._out.flush()


def rounded(figure: float) -> float:
    """As it is shown and written: what a benchmark can tell."""
    return round(figure, 2) if abs(figure) < 100 else round(figure, 1)


def _shown(figure: Figure) -> str:
    if figure is None:
        return "not measured"
    return f"{figure:,}" if isinstance(figure, int | float) else figure
