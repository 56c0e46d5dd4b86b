"""`gedrag simulate`: a plausible shop's events, made up."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from scoring.events.instants import LATEST
from scoring.events.invalid import Invalid
from streams.cli.options import WRONG_USE, instant
from streams.cli.output import complete_file, quiet_ends
from streams.simulate import simulate as rows
from streams.simulate.rhythm import DAY
from streams.simulate.shop import START

_HELP = """Writes a plausible shop's events as NDJSON, in order of time: visits, carts, orders, refunds, profiles, feedback and mails read.

The same options give the same bytes. Nobody in it is real.

\b
Examples:
  gedrag simulate --customers 5000 --days 60 --seed 7 --out shop.ndjson
  gedrag simulate --of-each 10 --out shop.ndjson    # and ten each of about a hundred characters, such as price_hunter-0001

What a character does is a story that one of the shipped segments should find. Stories end with the file and may begin years before it."""


def register(app: typer.Typer) -> None:
    app.command("simulate", help=_HELP)(simulate)


def simulate(
    customers: Annotated[int, typer.Option(min=0, max=10_000_000, help="How many customers there are.")] = 1000,
    days: Annotated[float, typer.Option(min=0, max=4000, help="How many days to simulate.")] = 30,
    seed: Annotated[int, typer.Option(help="Another seed gives other customers.")] = 1,
    start: Annotated[
        str | None,
        typer.Option(help="The first instant: RFC 3339, a date (its midnight, UTC) or epoch ms. Default: 2026-01-05.", show_default=False),
    ] = None,
    of_each: Annotated[
        int,
        typer.Option(min=0, max=100, help="Also so many of each character: customers whose id and `traits.character` say what they do."),
    ] = 0,
    out: Annotated[
        Path | None,
        typer.Option(help="Write here instead of to standard output; the file appears when it is complete.", show_default=False),
    ] = None,
) -> None:
    with quiet_ends("the events written so far are complete up to their last line" if out is None else f"{out} was not written"):
        raise typer.Exit(_run(customers, days, seed, start, of_each, out))


def _run(customers: int, days: float, seed: int, start: str | None, of_each: int, out: Path | None) -> int:
    encode = msgspec.json.Encoder().encode
    try:
        first = START if start is None else instant(start, "--start")
        if first + days * DAY > LATEST:
            raise Invalid("bad_ts", f"--start {start} and --days {days:g}: the last day must be before the year 10000")
        with complete_file(out) as file:
            for row in rows(customers, days, seed, first, of_each):
                file.write(encode(row) + b"\n")
    except Invalid as failure:
        typer.echo(f"gedrag simulate: {failure.detail}", err=True)
        return WRONG_USE
    except BrokenPipeError:
        raise
    except OSError as failure:
        typer.echo(f"gedrag simulate: {failure.filename or out}: {failure.strerror}", err=True)
        return WRONG_USE
    return 0
