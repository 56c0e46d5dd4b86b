"""`gedrag explain`: why a customer is where it is."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from redis.exceptions import RedisError
from rich.console import Console
from rich.table import Table

from scoring.engine import Engine
from scoring.events.invalid import Invalid
from scoring.events.schema import Product
from scoring.explain import Verdict
from scoring.explain import explain as judged
from scoring.expressions.problem import suggest
from scoring.instants import rfc3339
from scoring.state import Customer
from streams.agents.reach import redis_of
from streams.cli.configuration import Overrides, SettingsFile, settings_or_exit
from streams.cli.definitions import chosen_definitions
from streams.cli.options import WRONG_USE, instant
from streams.cli.output import quiet_ends
from streams.cli.progress import Meter
from streams.files import Rejected, Unreadable, read_events
from streams.lookup.ask import Moving, Workers
from streams.replay import Events, Replay
from streams.settings import Settings

_HELP = """Shows every segment of a customer: in or out, since when, which clause decides with its values, when time alone will change it.

With files of events, as they make it at --at (default: the last event); without, as the running worker knows the customer now, or, with
a later --at, as it will be then if nothing happens until.

\b
Examples:
  gedrag explain --customer c-117 shop.ndjson.gz
  gedrag explain --customer c-117 --at 2026-03-01T11:00:00Z shop.ndjson.gz
  gedrag explain --customer c-117 --json

Exit code 0: done; 2: wrong use, definitions or an unknown customer; 3: done, but some lines of the files were rejected."""

SOME_REJECTED = 3
#: Columns of the table where there is no terminal.
WIDTH = 180


def register(app: typer.Typer) -> None:
    app.command("explain", help=_HELP)(explain)


def explain(
    customer: Annotated[str, typer.Option("--customer", metavar="ID", help="Whose segments.")],
    files: Annotated[list[str] | None, typer.Argument(metavar="[FILE]...", help="Files of events.", show_default=False)] = None,
    at: Annotated[str | None, typer.Option("--at", metavar="INSTANT", help="RFC 3339, a date or epoch ms.", show_default=False)] = None,
    segments: Annotated[
        Path | None, typer.Option("--segments", metavar="FILE", help="The definitions; for files of events only.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a segment and line.")] = False,
    settings: SettingsFile = None,
    override: Overrides = None,
) -> None:
    configured = settings_or_exit(settings, override)
    rejected = 0
    with quiet_ends("nothing was changed"):
        try:
            end = None if at is None else instant(at, "--at")
            if files:
                engine = Engine(chosen_definitions(segments, configured), None, configured.lateness)
                state, now, rejected = _of_files(engine, configured, customer, files, end)
            else:
                engine, state, now = asyncio.run(_of_worker(configured, customer, end))
        except (Invalid, Unreadable) as error:
            sys.stderr.write(f"gedrag explain: {error.detail if isinstance(error, Invalid) else error}\n")
            raise typer.Exit(WRONG_USE) from None
        _show(judged(engine, state, now), customer, now, as_json)
    if rejected:
        raise typer.Exit(SOME_REJECTED)


def _of_files(engine: Engine, settings: Settings, customer: str, files: list[str], end: int | None) -> tuple[Customer, int, int]:
    """The customer's state, the instant, and how many lines were rejected. Raises Invalid, Unreadable."""
    events = Events()
    rejected: list[Rejected] = []
    known: set[str] = set()
    with Meter() as meter:
        meter.stage("reading", None)
        for event, _ in read_events(files, settings.currency, rejected.append, meter.update, engine.whole):
            events.add(event)
            if not isinstance(event, Product):
                known.add(event.customer_id)
        for each in rejected:
            meter.line(str(each))
        until = end if end is not None else events.last() or 0
        driver = Replay(engine, lambda instant, record: None)
        meter.stage("events", len(events), "events")
        for done, (place, event) in enumerate(events.taken(until, as_arrived=False)):
            driver.event(event, place)
            if done % 4096 == 0:
                meter.update(done, len(events))
        driver.until(until)
    state = driver.customers.get(customer)
    if state is None:
        if customer in known:
            said = f"--customer {customer}: there is nothing of that customer by {rfc3339(until)}, or it has another id now"
        else:
            near = suggest(customer, known, "customers") if len(known) <= 1000 else "look the id up in them"
            said = f"--customer {customer}: no event of that customer in the files; {near}"
        raise Invalid("unknown_customer", said)
    return state, until, len(rejected)


async def _of_worker(settings: Settings, customer: str, end: int | None) -> tuple[Engine, Customer, int]:
    """Raises Invalid."""
    redis = redis_of(settings)
    try:
        async with Workers(redis, settings) as workers:
            found = await workers.customer(customer)
            if found is None:
                raise Invalid("unknown_customer", f"--customer {customer}: the worker knows nobody of that id; or give files of events")
            engine = await workers.engine(customer, found.state.definitions)
    except Moving as error:
        raise Invalid("no_worker", f"{error}; start one, or give files of events") from None
    except (RedisError, OSError) as error:
        said = " ".join(str(error).split())[:200] or type(error).__name__
        raise Invalid("no_redis", f"Redis, which says where workers are, does not answer ({said}); or give files of events") from None
    finally:
        await redis.aclose()
    now = max(found.fired - 1, found.state.at)
    if end is not None and end < now:
        raise Invalid("too_early", f"--at: the worker knows the customer as of {rfc3339(now)}; for what was before, give files of events")
    return engine, found.state, now if end is None else end


def _show(verdicts: list[Verdict], customer: str, now: int, as_json: bool) -> None:
    if as_json:
        for each in verdicts:
            typer.echo(json.dumps(_json(each), ensure_ascii=False))
        return
    table = Table(title=f"{customer} at {rfc3339(now)}", title_justify="left")
    for column in ("Segment", "Now", "Since", "Time alone"):
        table.add_column(column, no_wrap=True)
    table.add_column("Because", overflow="fold", min_width=30)
    for each in verdicts:
        inside = each.tier or "in none" if each.kind == "tiers" else "in" if each.member else "out"
        style = "" if each.kind == "tiers" else "green" if each.member else "dim"
        table.add_row(each.segment, inside, "never" if each.since is None else _short(each.since), _ahead(each), each.reason, style=style)
    Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else WIDTH).print(table)


def _ahead(each: Verdict) -> str:
    if each.ahead is not None:
        what = f"to {each.ahead.to or 'none'}" if each.ahead.kind == "moved" else each.ahead.kind
        return f"{what} {_short(each.ahead.at)}"
    return "-" if each.sure_until is None else f"- (until {_short(each.sure_until)})"


def _short(at: int) -> str:
    return f"{rfc3339(at)[:19]}Z"


def _json(each: Verdict) -> dict[str, Any]:
    ahead = None if each.ahead is None else {**asdict(each.ahead), "at": rfc3339(each.ahead.at)}
    return {
        "segment": each.segment, "family": each.family, "kind": each.kind, "member": each.member, "tier": each.tier,
        "since": None if each.since is None else rfc3339(each.since), "reason": each.reason, "attributes": each.attributes,
        "changes": ahead, "looked_until": None if each.sure_until is None else rfc3339(each.sure_until),
    }  # fmt: skip
