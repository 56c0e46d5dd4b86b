"""`gedrag export`: a segment's members in a file."""

from __future__ import annotations

import asyncio
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from redis.exceptions import RedisError

from scoring.expressions.problem import suggest
from scoring.segments.faults import Faults
from scoring.segments.model import Definitions, Tiers
from scoring.segments.read import read
from streams.agents.reach import reach_redis, redis_of
from streams.cli.configuration import Overrides, SettingsFile, settings_or_exit
from streams.cli.exported import Table, csv_table, ndjson_table, parquet_table
from streams.cli.options import WRONG_USE
from streams.cli.output import complete_file, quiet_ends
from streams.cli.progress import Meter
from streams.kafka.errors import Misconfigured
from streams.settings import Settings
from streams.sinks.snapshot import snapshot

_HELP = """Writes a segment's members, each with since when, as they are at one instant in the live view; the longest there first.

SEGMENT is a segment, a tier as group.tier, or a group of tiers: then each customer comes with its tier. Parquet needs pyarrow.

\b
Examples:
  gedrag export cart_abandoned > carts.csv
  gedrag export engagement.dormant --format ndjson --out dormant.ndjson
  gedrag export engagement --out engagement.parquet

Exit code 2: wrong use, settings or definitions, or Redis doesn't answer.
"""


class Format(StrEnum):
    csv = "csv"
    ndjson = "ndjson"
    parquet = "parquet"


class WrongUse(Exception):
    """A sentence for whoever called."""


def register(app: typer.Typer) -> None:
    app.command("export", help=_HELP)(export)


def export(
    segment: Annotated[str, typer.Argument(metavar="SEGMENT", help="A segment, a group of tiers, or group.tier.")],
    form: Annotated[Format | None, typer.Option("--format", help="Default: by the ending of --out, else csv.", show_default=False)] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write here; the file appears when it is complete. Default: standard output.", show_default=False)
    ] = None,
    settings: SettingsFile = None,
    override: Overrides = None,
) -> None:
    configured = settings_or_exit(settings, override)
    form = form or next((each for each in Format if out is not None and out.suffix == f".{each}"), Format.csv)
    with quiet_ends(f"{out} was not written" if out else "what was written is not all"):
        try:
            if form is Format.parquet and out is None and sys.stdout.isatty():
                raise WrongUse("Parquet is no text: give --out FILE, or redirect standard output")
            written = asyncio.run(_export(configured, segment, form, out))
        except Faults as faults:
            typer.echo(faults.render(sys.stderr.isatty()), err=True)
            raise typer.Exit(WRONG_USE) from None
        except BrokenPipeError:
            raise
        except (WrongUse, Misconfigured, LookupError) as error:
            _end(str(error))
        except (RedisError, OSError, UnicodeDecodeError) as error:
            file, words = getattr(error, "filename", None), getattr(error, "strerror", None) or str(error)
            _end(f"{file}: {words}" if file else words)
    typer.echo(f"{written:,} members of {segment}" + (f" in {out}" if out else ""), err=True)


def _end(words: str) -> None:
    typer.echo(f"gedrag export: {words}", err=True)
    raise typer.Exit(WRONG_USE)


async def _export(settings: Settings, segment: str, form: Format, out: Path | None) -> int:
    """How many were written."""
    definitions = read(settings.segments.read_text(encoding="utf-8"), str(settings.segments))
    tiers = _names(definitions, segment)
    table = _table(form, with_tier=tiers is not None)
    await reach_redis(settings)
    redis = redis_of(settings)
    try:
        names = {f"{segment}.{tier}": tier for tier in tiers} if tiers is not None else {segment: ""}
        async with snapshot(redis, settings.app_id, list(names)) as taken:
            total, done = sum(taken.counts.values()), 0
            with Meter() as meter, complete_file(out) as file, table(file) as write:
                meter.stage(f"exporting {segment}", total, "members")
                for name, tier in names.items():
                    async for page in taken.members(name):
                        write(tier, page)
                        done += len(page)
                        meter.update(done, total)
            return done
    finally:
        await redis.aclose()


def _names(definitions: Definitions, wanted: str) -> list[str] | None:
    """The tiers of a group; None for a segment or one tier. Raises WrongUse."""
    known: dict[str, list[str] | None] = {}
    for each in definitions.segments:
        known[each.name] = [tier.name for tier in each.tiers] if isinstance(each, Tiers) else None
        if isinstance(each, Tiers):
            known |= dict.fromkeys((f"{each.name}.{tier.name}" for tier in each.tiers), None)
    if wanted not in known:
        raise WrongUse(f"there is no segment {wanted!r}; {suggest(wanted, known, 'segments')}")
    return known[wanted]


def _table(form: Format, *, with_tier: bool) -> Table:
    if form is Format.csv:
        return csv_table(with_tier)
    if form is Format.ndjson:
        return ndjson_table(with_tier)
    try:
        return parquet_table(with_tier)
    except ImportError:
        raise WrongUse("Parquet needs pyarrow: pip install 'gedrag[parquet]' (or pip install pyarrow)") from None
