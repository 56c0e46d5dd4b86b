"""`gedrag diff`: what other definitions would make of the customers of files, before a worker takes them up.

Who is in under NEW is who would be had NEW always been in force (streams/comparison.py says why); what is told at once is what
`Engine.migrate` makes of the customers as OLD has them at the end.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from scoring.engine import Engine
from scoring.events.invalid import Invalid
from streams.cli.compared import Compared, report, write_names
from streams.cli.configuration import Overrides, SettingsFile, settings_or_exit
from streams.cli.definitions import load_definitions
from streams.cli.options import WRONG_USE, instant
from streams.cli.output import complete_file, quiet_ends
from streams.cli.progress import Meter
from streams.cli.replaying import SOME_REJECTED, Rejections, drive, events_of
from streams.comparison import Comparison
from streams.files import Unreadable
from streams.replay import Replay

_STEP = 1024  # customers between two looks at the progress

_HELP = """Says what other definitions would change: who would be in or out at the end of files of events, and how many changes a day.

\b
Examples:
  gedrag diff segments.toml new.toml shop.csv.gz
  gedrag diff segments.toml new.toml shop.csv.gz --out names.ndjson

Customers: who is in at the end, had each file always been in force: hold_for, cooldown, exit_when and settle look back as far as the
events do. Come in and Fall out compare the members, not how many they are. A segment by another name is another: one gone, one new.

At once: what a worker tells when it is restarted with NEW, of the customers as OLD has them at the end. Who has to hold first comes later.

Changes a day: those of the whole run under each file, by the days from the first event to the end, one at least. A move counts in both its
tiers, and once in the sum.

Exit code 0: done; 2: wrong use, definitions or an unreadable file; 3: done, but some lines were rejected."""


def register(app: typer.Typer) -> None:
    app.command("diff", help=_HELP)(diff)


def diff(
    old: Annotated[Path, typer.Argument(metavar="OLD.toml", help="The definitions as they are.", show_default=False)],
    new: Annotated[Path, typer.Argument(metavar="NEW.toml", help="The definitions as they are to be.", show_default=False)],
    files: Annotated[
        list[str], typer.Argument(metavar="FILE", help="Files of events; - reads NDJSON from standard input.", show_default=False)
    ],
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write here who differs, as NDJSON: customer_id, segment, old and new (in or out, or the tier).", show_default=False
        ),
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="Show the segments, too, that stay as they are.")] = False,
    until: Annotated[
        str | None,
        typer.Option(help="Compare at this instant: RFC 3339, a date (its midnight, UTC) or epoch ms. Default: the last event's.",
                     show_default=False),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the table as one JSON object.")] = False,
    settings: SettingsFile = None,
    overrides: Overrides = None,
) -> None:  # fmt: skip
    with quiet_ends("nothing was written" if out is None else f"{out} was not written"):
        chosen = settings_or_exit(settings, overrides)
        older, newer = (Engine(load_definitions(file), lateness=chosen.lateness) for file in (old, new))
        try:
            end = None if until is None else instant(until, "--until")
            compared = _compared(older, newer, files, chosen.currency, end, out)
        except (Invalid, Unreadable) as failure:
            typer.echo(f"gedrag diff: {failure.detail if isinstance(failure, Invalid) else failure}", err=True)
            raise typer.Exit(WRONG_USE) from None
        except BrokenPipeError:
            raise
        except OSError as failure:
            typer.echo(f"gedrag diff: {failure.filename or out}: {failure.strerror}", err=True)
            raise typer.Exit(WRONG_USE) from None
        report(compared, everything, as_json)
        raise typer.Exit(SOME_REJECTED if compared.rejected else 0)


def _compared(older: Engine, newer: Engine, files: list[str], currency: str, end: int | None, out: Path | None) -> Compared:
    """Both at once: events are held in memory once, and gone where both have had them. Raises Invalid, Unreadable, OSError."""
    comparison = Comparison(older, newer)
    olds, news = Replay(older, comparison.old_flow), Replay(newer, comparison.new_flow)
    with contextlib.ExitStack() as stack:
        names = None if out is None else stack.enter_context(complete_file(out))
        meter = stack.enter_context(Meter())
        rejected = Rejections(meter)
        events = events_of(files, currency, older.whole | newer.whole, rejected, meter)
        first, end = events.first(), events.last() if end is None else end
        if first is not None and end is not None:
            drive([olds, news], events, end, meter)
            meter.stage("comparing", len(olds.customers), "customers")
            for count, (customer_id, state) in enumerate(olds.customers.items()):
                found = comparison.customer(customer_id, state, news.customers[customer_id], end)
                if names is not None:
                    write_names(names, customer_id, found)
                if count % _STEP == 0:
                    meter.update(count, len(olds.customers))
    rejected.finish()
    return Compared(comparison, olds, first, end, rejected.count)
