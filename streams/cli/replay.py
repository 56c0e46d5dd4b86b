"""`gedrag replay`: files of events through the engine, in event time; with campaigns, a back-test."""

from __future__ import annotations

import contextlib
import operator
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from scoring.campaigns.decide import Campaigns
from scoring.engine import Engine
from scoring.events.invalid import Invalid
from streams.backtest import Tally
from streams.cli.configuration import Overrides, SettingsFile, settings_or_exit
from streams.cli.definitions import chosen_campaigns, chosen_definitions
from streams.cli.options import WRONG_USE, instant
from streams.cli.output import complete_file, quiet_ends
from streams.cli.progress import Meter
from streams.cli.replayed import Outcome, report
from streams.cli.replaying import SOME_REJECTED, Rejections, drive, events_of
from streams.files import Unreadable
from streams.replay import Events, Replay

_HELP = """Runs files of events (.ndjson, .csv, each also .gz) through the engine in event time; writes segment changes as NDJSON.

Example: gedrag replay shop.csv.gz --segments segments.toml --until 2026-03-01T00:00:00Z --out changes.ndjson

With --campaigns or --messages it is a back-test: who would have got which mail when, and what each rule stopped.

Example: gedrag replay shop.ndjson --campaigns campaigns.toml --messages out.ndjson

Exit code 0: done; 2: wrong use, definitions or an unreadable file; 3: done, but some lines were rejected."""


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What was asked for on the command line, but files."""

    until: str | None
    out: Path | None
    messages: Path | None
    as_arrived: bool
    as_json: bool
    assume_consent: bool
    campaigns: Campaigns | None

    @property
    def changes(self) -> bool:
        """Whether changes are written. Where a screen shows the back-test's table, they would bury it."""
        return self.out is not None or not (self.as_json or (self.campaigns is not None and sys.stdout.isatty()))


def register(app: typer.Typer) -> None:
    app.command("replay", help=_HELP)(replay)


def replay(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE", help="Files of events; - reads NDJSON from standard input.", show_default=False)
    ],
    segments: Annotated[
        Path | None, typer.Option(help="Definitions. Default: segments.toml here, else the shipped ones.", show_default=False)
    ] = None,
    campaigns: Annotated[
        Path | None,
        typer.Option(
            help="Back-test these campaigns. Default with --messages: campaigns.toml here, else the shipped ones.", show_default=False
        ),
    ] = None,
    messages: Annotated[
        Path | None,
        typer.Option(
            help="Write here what the campaigns decide, one record a line, also what is not sent and why. Changes still go to standard "
            "output, except in a terminal.",
            show_default=False,
        ),
    ] = None,
    assume_consent: Annotated[
        bool,
        typer.Option(
            "--assume-consent",
            help="Back-test as if every customer had an address and had consented, until an event of theirs says otherwise. "
            "For files without profiles.",
        ),
    ] = False,
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
        typer.Option("--json", help="Print the tables on standard output as JSON; changes are then written with --out only."),
    ] = False,
    settings: SettingsFile = None,
    overrides: Overrides = None,
) -> None:
    with quiet_ends(_left(out, messages)):
        chosen = settings_or_exit(settings, overrides)
        definitions = chosen_definitions(segments, chosen)
        acting = chosen_campaigns(campaigns, chosen, definitions) if campaigns or messages else None
        wanted = _Wanted(until, out, messages, as_arrived, as_json, assume_consent, acting)
        raise typer.Exit(_run(files, Engine(definitions, acting, chosen.lateness), chosen.currency, wanted))


def _left(out: Path | None, messages: Path | None) -> str:
    """What an interrupted run leaves behind."""
    said = [f"{path} was not written" for path in (out, messages) if path is not None]
    if out is None:
        said.insert(0, "the changes written so far are complete up to their last line")
    return ", ".join(said)


def _run(files: list[str], engine: Engine, currency: str, wanted: _Wanted) -> int:
    try:
        end = None if wanted.until is None else instant(wanted.until, "--until")
        if wanted.out is not None and wanted.out == wanted.messages:
            raise Invalid("same_file", "--out and --messages name the same file; give each its own")
        if wanted.assume_consent and wanted.campaigns is None:
            raise Invalid("no_campaigns", "--assume-consent is for back-tests; add --campaigns FILE or --messages FILE")
        # A bar and changes on one terminal would write over each other.
        bar = not (wanted.changes and wanted.out is None and sys.stdout.isatty())
        with contextlib.ExitStack() as stack:
            changes = stack.enter_context(complete_file(wanted.out)) if wanted.changes else None
            messages = stack.enter_context(complete_file(wanted.messages)) if wanted.messages is not None else None
            meter = stack.enter_context(Meter(bar))
            rejected = Rejections(meter)
            events = events_of(files, currency, engine.whole, rejected, meter)
            end = events.last() if end is None else end
            driver, tally = _replay(engine, events, end, wanted, changes, messages, meter)
    except (Invalid, Unreadable) as failure:
        typer.echo(f"gedrag replay: {failure.detail if isinstance(failure, Invalid) else failure}", err=True)
        return WRONG_USE
    except BrokenPipeError:
        raise
    except OSError as failure:
        typer.echo(f"gedrag replay: {failure.filename or wanted.out}: {failure.strerror}", err=True)
        return WRONG_USE
    rejected.finish()
    report(Outcome(driver, tally, end, rejected.count, wanted.assume_consent), wanted.as_json)
    return SOME_REJECTED if rejected.count else 0


class _InOrderOfTime:
    """Writes NDJSON lines; with `hold` at the end, in order of their instants, each customer's own as they came."""

    def __init__(self, file: BinaryIO | None, hold: bool) -> None:
        self._write = None if file is None else file.write
        self._held: list[tuple[int, bytes]] | None = [] if hold else None

    def __call__(self, at: int, line: bytes) -> None:
        if self._write is None:
            return
        if self._held is None:
            self._write(line + b"\n")
        else:
            self._held.append((at, line))

    def finish(self) -> None:
        if self._write is not None and self._held is not None:
            for _, line in sorted(self._held, key=operator.itemgetter(0)):
                self._write(line + b"\n")


def _replay(
    engine: Engine, events: Events, end: int | None, wanted: _Wanted, changes: BinaryIO | None, messages: BinaryIO | None, meter: Meter
) -> tuple[Replay, Tally | None]:
    # Late events give changes at instants that have passed.
    change, message = _InOrderOfTime(changes, wanted.as_arrived), _InOrderOfTime(messages, wanted.as_arrived)
    tally = None if wanted.campaigns is None else Tally(each.name for each in wanted.campaigns.campaigns)

    def decided(at: int, customer_id: str, record: bytes) -> None:
        assert tally is not None, "messages without campaigns"
        tally.add(customer_id, record)
        message(at, record)

    driver = Replay(engine, change, decided, assume_consent=wanted.assume_consent)
    if end is None:
        return driver, tally
    drive([driver], events, end, meter, wanted.as_arrived)
    change.finish()
    message.finish()
    return driver, tally
