"""Files of events, read and run through engines in event time, with progress on standard error: what `replay` and `diff` have in common."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Sequence

import typer

from streams.cli.progress import Meter
from streams.files import Rejected, read_events
from streams.replay import Events, Replay

#: Exit code of a command that did its work on files some lines of which were rejected.
SOME_REJECTED = 3
_REJECTED_SHOWN = 20  # in a terminal; elsewhere all are written
_STEP = 4096  # events between two looks at the progress


class Rejections:
    """Writes each rejected line; in a terminal only the first, and at the end how many more there were."""

    def __init__(self, meter: Meter) -> None:
        self.count = 0
        self._meter = meter
        self._limit = _REJECTED_SHOWN if sys.stderr.isatty() else None

    def __call__(self, rejected: Rejected) -> None:
        self.count += 1
        if self._limit is None or self.count <= self._limit:
            self._meter.line(str(rejected))

    def finish(self) -> None:
        if self._limit is not None and self.count > self._limit:
            typer.echo(f"… and {self.count - self._limit:,} more rejected lines (2> rejected.txt has them all)", err=True)


def events_of(files: list[str], currency: str, whole: frozenset[int], rejected: Callable[[Rejected], None], meter: Meter) -> Events:
    """All events of the files. `whole`: topics (ranks) whose events are wanted with the whole record. Raises Unreadable."""
    events = Events()
    meter.stage("reading", None)
    for event, _ in read_events(files, currency, rejected, meter.update, whole):
        events.add(event)
    return events


def drive(drivers: Sequence[Replay], events: Events, end: int, meter: Meter, as_arrived: bool = False) -> None:
    """Every event up to `end` through each of the drivers, and then time until `end`. The events are used up."""
    meter.stage("replaying", len(events), "events")
    gc.disable()  # a million live customers, no cycles among them
    try:
        for count, (place, event) in enumerate(events.taken(end, as_arrived)):
            for driver in drivers:
                driver.event(event, place)
            if count % _STEP == 0:
                meter.update(count, len(events))
        for driver in drivers:
            driver.until(end)
    finally:
        gc.enable()
