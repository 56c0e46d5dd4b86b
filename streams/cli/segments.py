"""`gedrag segments`: the live table of segments."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sys
from dataclasses import replace
from typing import Annotated, Any

import typer
from redis.exceptions import RedisError
from rich.console import Console
from rich.live import Live
from rich.table import Table

from scoring.segments.families import FAMILIES
from scoring.segments.faults import Faults
from scoring.segments.model import Definitions
from scoring.segments.read import read
from streams.agents.reach import reach_redis, redis_of
from streams.cli.configuration import Overrides, SettingsFile, settings_or_exit
from streams.cli.options import WRONG_USE
from streams.kafka.errors import Misconfigured
from streams.settings import Settings
from streams.sinks.live_view import Counts, LiveView, names

_HELP = """Shows how many customers each segment has now, as the worker's live view in Redis has it.

\b
Examples:
  gedrag segments
  gedrag segments --watch
  gedrag segments --json

"% of total" is of the customers seen in any segment change: with at least one group of tiers, that is everybody. Robots (the segment whose
`when` is `is_robot`) are counted apart: they are in no other row, and no part of the total.
Exit code 2: wrong settings or definitions, or Redis doesn't answer.
"""


def register(app: typer.Typer) -> None:
    app.command("segments", help=_HELP)(segments)


def segments(
    settings: SettingsFile = None,
    override: Overrides = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object a look.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Look again and again until Ctrl-C.")] = False,
    every: Annotated[float, typer.Option("--every", min=0.1, max=3600, help="Seconds between looks.")] = 1.0,
) -> None:
    configured = settings_or_exit(settings, override)
    try:
        definitions = read(configured.segments.read_text(encoding="utf-8"), str(configured.segments))
    except Faults as faults:
        typer.echo(faults.render(sys.stderr.isatty()), err=True)
        raise typer.Exit(WRONG_USE) from None
    except (OSError, UnicodeDecodeError) as error:
        typer.echo(f"gedrag segments: {configured.segments}: {getattr(error, 'strerror', None) or error}", err=True)
        raise typer.Exit(WRONG_USE) from None
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_show(configured, definitions, as_json, every if watch else None))
    except Misconfigured as error:
        typer.echo(f"gedrag segments: {error}", err=True)
        raise typer.Exit(WRONG_USE) from None


def _families(definitions: Definitions) -> dict[str, str]:
    """By row of the table its family: families in their order, within one the order of the definitions."""
    found = {name: each.family for each in definitions.segments for name in names(replace(definitions, segments=(each,)))}
    return dict(sorted(found.items(), key=lambda item: FAMILIES.index(item[1])))


async def _show(settings: Settings, definitions: Definitions, as_json: bool, every: float | None) -> None:
    families, robots = _families(definitions), definitions.robots
    names = list(families)
    await reach_redis(settings)
    client = redis_of(settings)
    view = LiveView(client, settings.app_id)
    try:
        if every is None:
            counts = await view.counts(names, robots)
            typer.echo(json.dumps(_report(counts, families), indent=1)) if as_json else Console().print(_table(counts, families, robots))
        elif as_json:
            while True:
                typer.echo(json.dumps(_report(await view.counts(names, robots), families)))
                await asyncio.sleep(every)
        else:
            with Live(_table(await view.counts(names, robots), families, robots), auto_refresh=False) as live:
                while True:
                    await asyncio.sleep(every)
                    live.update(_table(await view.counts(names, robots), families, robots), refresh=True)
    except (RedisError, OSError) as error:
        raise Misconfigured(f"Redis went away ({error})") from None
    finally:
        await client.aclose()


def _percent(count: int, counts: Counts) -> float:
    return round(100 * count / counts.customers, 2) if counts.customers else 0.0


def _report(counts: Counts, families: dict[str, str]) -> dict[str, Any]:
    membership = [
        {"segment": name, "family": families[name], "customers": n, "percent": _percent(n, counts)}
        for name, n in sorted(counts.members.items())
    ]
    return {"customers": counts.customers, "robots": counts.robots, "membership": membership}


def _table(counts: Counts, families: dict[str, str], robots: str | None) -> Table:
    table = Table(caption=f"{counts.customers:,} customers", caption_justify="left")
    table.add_column("Segment", no_wrap=True)
    table.add_column("Customers", justify="right")
    table.add_column("% of total", justify="right")
    family = ""
    for name, count in counts.members.items():
        if families[name] != family:
            family = families[name]
            table.add_section()
            table.add_row(family, style="bold")
        table.add_row(f"  {name}", f"{count:,}", "apart" if name == robots else f"{_percent(count, counts):.2f}")
    return table
