"""`gedrag replay`: files of events through the engine, in event time."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer
from rich.console import Console
from rich.table import Table

from scoring.engine import Engine
from scoring.events.invalid import Invalid
from scoring.instants import rfc3339
from scoring.segments.model import Definitions
from streams.cli.check import load_definitions
from streams.cli.configuration import Overrides, SettingsFile, settings_or_exit
from streams.cli.options import WRONG_USE, instant
from streams.cli.output import complete_file, quiet_ends
from streams.cli.progress import Meter
from streams.files import Rejected, Unreadable, read_events
from streams.replay import Events, Replay, membership
from streams.settings import Settings

SOME_REJECTED = 3
_REJECTED_SHOWN = 20  # in a terminal; elsewhere all are written
_STEP = 4096  # events between two looks at the progress

_HELP = """Runs files of events (.ndjson, .csv, each also .gz) through the engine in event time; writes segment changes as NDJSON.

Example: gedrag replay shop.csv.gz --segments segments.toml --until 2026-03-01T00:00:00Z --out changes.ndjson

Exit code 0: done; 2: wrong use, definitions or an unreadable file; 3: done, but some lines were rejected."""


def register(app: typer.Typer) -> None:
    app.command("replay", help=_HELP)(replay)


def replay(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE", help="Files of events; - reads NDJSON from standard input.", show_default=False)
    ],
    segments: Annotated[
        Path | None, typer.Option(help="Definitions. Default: segments.toml here, else the shipped ones.", show_default=False)
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            help="Take in events and deadlines up to and including this instant: RFC 3339, a date (its midnight, UTC) or epoch ms. "
            "Default: the last event's.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write the changes here instead of to standard output; the file appears when it is complete.", show_default=False
        ),
    ] = None,
    as_arrived: Annotated[
        bool, typer.Option("--as-arrived", help="Take the events in the order read, as a worker would get them, so that some are late.")
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print the table of segments on standard output as JSON; changes are then written with --out only."),
    ] = False,
    settings: SettingsFile = None,
    overrides: Overrides = None,
) -> None:
    file_left = "the changes written so far are complete up to their last line" if out is None else f"{out} was not written"
    with quiet_ends(file_left):
        chosen = settings_or_exit(settings, overrides)
        raise typer.Exit(_run(files, _definitions(segments, chosen), chosen, until, out, as_arrived, as_json))


def _run(
    files: list[str], definitions: Definitions, settings: Settings, until: str | None, out: Path | None, as_arrived: bool, as_json: bool
) -> int:
    try:
        end = None if until is None else instant(until, "--until")
        engine = Engine(definitions, lateness=settings.lateness)
        # A bar and changes on one terminal would write over each other.
        bar = out is not None or as_json or not sys.stdout.isatty()
        with complete_file(out) as file, Meter(bar) as meter:
            rejected = _Rejections(meter)
            events = _read(files, settings.currency, rejected, meter)
            end = events.last() if end is None else end
            driver = _replay(engine, events, end, as_arrived, None if as_json and out is None else file, meter)
    except (Invalid, Unreadable) as failure:
        typer.echo(f"gedrag replay: {failure.detail if isinstance(failure, Invalid) else failure}", err=True)
        return WRONG_USE
    except BrokenPipeError:
        raise
    except OSError as failure:
        typer.echo(f"gedrag replay: {failure.filename or out}: {failure.strerror}", err=True)
        return WRONG_USE
    rejected.finish()
    _report(driver, end, rejected.count, as_json)
    return SOME_REJECTED if rejected.count else 0


def _definitions(given: Path | None, settings: Settings) -> Definitions:
    """Says on standard error which file it is, unless that was said on the command line. Ends the program when it is faulty."""
    if given is None:
        origin = settings.origins["segments"]
        shown = "those shipped with gedrag" if origin == "shipped" else str(settings.segments)
        typer.echo(f"definitions: {shown}", err=True)
    return load_definitions(given or settings.segments)


class _Rejections:
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


def _read(files: list[str], currency: str, rejected: Callable[[Rejected], None], meter: Meter) -> Events:
    events = Events()
    meter.stage("reading", None)
    for event, _ in read_events(files, currency, rejected, meter.update):
        events.add(event)
    return events


def _replay(engine: Engine, events: Events, end: int | None, as_arrived: bool, file: BinaryIO | None, meter: Meter) -> Replay:
    held: list[tuple[int, bytes]] = []

    def write(at: int, change: bytes) -> None:
        if file is not None:
            file.write(change + b"\n")

    def hold(at: int, change: bytes) -> None:
        held.append((at, change))

    driver = Replay(engine, hold if as_arrived else write)
    if end is None:
        return driver
    meter.stage("replaying", len(events), "events")
    gc.disable()  # a million live customers, no cycles among them
    try:
        for count, (place, event) in enumerate(events.taken(end, as_arrived)):
            driver.event(event, place)
            if count % _STEP == 0:
                meter.update(count, len(events))
        driver.until(end)
    finally:
        gc.enable()
    # Late events give changes at instants that have passed; a customer's own stay in the order of their evaluation.
    held.sort(key=lambda change: change[0])
    for at, change in held:
        write(at, change)
    return driver


def _report(driver: Replay, until: int | None, rejected: int, as_json: bool) -> None:
    customers = len(driver.customers)
    counts = membership(driver.engine, driver.customers.values())
    percent = {name: round(100 * count / customers, 2) if customers else 0.0 for name, count in counts.items()}
    if as_json:
        report: dict[str, Any] = {
            "customers": customers,
            "events": driver.events,
            "changes": driver.changes,
            "until": None if until is None else rfc3339(until),
            "repeats": driver.repeats,
            "rejected": rejected,
            "membership": [{"segment": name, "customers": counts[name], "percent": percent[name]} for name in sorted(counts)],
        }
        typer.echo(json.dumps(report, indent=1))
        return
    table = Table()
    table.add_column("Segment", no_wrap=True)
    table.add_column("Customers", justify="right")
    table.add_column("% of total", justify="right")
    for name, count in counts.items():
        table.add_row(name, f"{count:,}", f"{percent[name]:.2f}")
    console = Console(stderr=True, highlight=False)
    console.print(table)
    ended = "" if until is None else f", until {rfc3339(until)}"
    console.print(
        f"{customers:,} customers, {driver.events:,} events, {driver.changes:,} changes; "
        f"{driver.repeats:,} repeats, {rejected:,} rejected{ended}",
        soft_wrap=True,
    )
