"""`gedrag percentiles`: what divides the customers of files into fifths, or how long they stay in a stage; for thresholds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from scoring.engine import Engine
from scoring.events.invalid import Invalid
from scoring.expressions.parse import parse, parse_value
from scoring.expressions.problem import Problems
from scoring.expressions.types import span_text
from scoring.expressions.words import span
from scoring.segments.faults import Faults
from scoring.segments.model import Definitions, Tiers
from scoring.segments.read import read
from streams.cli.configuration import Overrides, SettingsFile, settings_or_exit
from streams.cli.definitions import chosen_definitions, load_definitions, refuse, text_of
from streams.cli.options import WRONG_USE, instant
from streams.cli.output import complete_file, quiet_ends
from streams.files import Unreadable, read_events
from streams.percentiles import Stays, nearest_rank
from streams.replay import Events, Replay
from streams.settings import Settings
from streams.thresholds import in_segments, in_tiers

_MINUTE = 60_000
_HELP = """Measures the customers of files (.ndjson, .csv, each also .gz): percentiles of an attribute, or of the time in a tier.

What comes out are constants for a definition file: who is in a tier depends on that customer alone, so "the best fifth" is measured now
and then, and written down. --write puts the numbers into the file's own conditions and leaves everything else as it is.

\b
Examples:
  gedrag percentiles shop.csv.gz --attribute "spend(days(365))" --where "purchases >= 1"
  gedrag percentiles shop.csv.gz --attribute "spend(days(365))" --where "purchases >= 1" --tiers rfm_money --write segments.toml
  gedrag percentiles shop.ndjson --stage journey
  gedrag percentiles shop.ndjson --stage journey --cuts 75 --write segments.toml

A percentile is the smallest value that occurs which at least so many percent of the customers are at or below. Time in a tier is that of
customers who moved on from it; --write puts the first of --cuts into the segments stuck_in_<tier>."""


def register(app: typer.Typer) -> None:
    app.command("percentiles", help=_HELP)(percentiles)


def percentiles(
    files: Annotated[list[str], typer.Argument(metavar="FILE", help="Files of events.", show_default=False)],
    attribute: Annotated[str | None, typer.Option(help='What to measure, such as "spend(days(365))".', show_default=False)] = None,
    stage: Annotated[str | None, typer.Option(help="Measure the time in each tier of this group instead.", show_default=False)] = None,
    where: Annotated[str, typer.Option(help="Only customers of whom this is true.")] = "True",
    cuts: Annotated[str, typer.Option(help="Which percentiles. Default: 20,40,60,80; with --stage 50.", show_default=False)] = "",
    at: Annotated[
        str | None, typer.Option("--at", help="The instant: RFC 3339 or a date. Default: the last event's.", show_default=False)
    ] = None,
    tiers: Annotated[str | None, typer.Option(help="With --write: the group of tiers to put them into.", show_default=False)] = None,
    write: Annotated[Path | None, typer.Option(help="The definition file to put them into.", show_default=False)] = None,
    segments: Annotated[Path | None, typer.Option(help="Definitions to measure with. Default: as replay.", show_default=False)] = None,
    settings: SettingsFile = None,
    overrides: Overrides = None,
) -> None:
    with quiet_ends("nothing was written"):
        chosen = settings_or_exit(settings, overrides)
        try:
            if (attribute is None) == (stage is None):
                raise Invalid("bad_use", "give either --attribute or --stage")
            if write is not None and attribute is not None and tiers is None:
                raise Invalid("bad_use", "--write needs --tiers NAME: the group of tiers to put the cuts into")
            until = None if at is None else instant(at, "--at")
            wanted = [_percent(each) for each in (cuts or ("50" if stage else "20,40,60,80")).split(",")]
            definitions = chosen_definitions(segments, chosen)
            if stage is not None:
                _stays(files, definitions, chosen, stage, until, wanted, write)
            elif attribute is not None:
                _attribute(files, definitions, chosen, attribute, where, until, sorted(wanted), tiers, write)
        except Problems as problems:
            _end("; ".join(f"{each.message} ({each.hint})" if each.hint else each.message for each in problems.problems))
        except (Invalid, Unreadable) as failure:
            _end(failure.detail if isinstance(failure, Invalid) else str(failure))
        except ValueError as failure:
            _end(str(failure))


def _attribute(
    files: list[str], definitions: Definitions, settings: Settings, text: str, where: str, until: int | None, cuts: list[float],
    tiers: str | None, write: Path | None,
) -> None:  # fmt: skip
    node = parse_value(text, definitions.calendar.occasions)
    names = {each.name: tuple(t.name for t in each.tiers) for each in definitions.segments if isinstance(each, Tiers)}
    segments = {each.name for each in definitions.segments} - set(names)
    asked = parse(where, segments=segments, tiers=names, occasions=definitions.calendar.occasions)
    driver, now = _replayed(files, definitions, settings, until, lambda at, change: None)
    measure, among = driver.engine.value(node), driver.engine.condition(asked)
    found = [measure(state, now) for state in driver.customers.values() if among(state, now)]
    values = sorted(each for each in found if each is not None)
    if not values:
        raise Invalid("nobody", f"of no customer is `{text}` known; look at --where and --at")
    duration = node.kind == "duration"
    bounds = [nearest_rank(values, each) for each in cuts]
    for percent, bound in zip(cuts, bounds, strict=True):
        typer.echo(f"{percent:5g} %  {span(bound) if duration else f'{bound:g}'}")
    typer.echo(f"{len(values):,} customers, {len(found) - len(values):,} of whom it isn't known left out", err=True)
    if write is not None and tiers is not None:
        said = [_written(bound, duration) for bound in bounds]
        if len(set(said)) < len(said):
            raise ValueError(f"some of these are the same ({', '.join(said)}), and no two tiers may be; give other --cuts")
        _write(write, lambda old, known: in_tiers(old, known, tiers, node.text, said))


def _stays(
    files: list[str], definitions: Definitions, settings: Settings, group: str, until: int | None, cuts: list[float], write: Path | None
) -> None:
    known = next((each for each in definitions.segments if each.name == group and isinstance(each, Tiers)), None)
    if not isinstance(known, Tiers):
        raise Invalid("bad_use", f"--stage {group}: there is no such group of tiers")
    stays = Stays(group)
    _replayed(files, definitions, settings, until, stays)
    medians = {}
    for tier in (each.name for each in known.tiers):
        over = sorted(stays.over.get(tier, []))
        said = "  ".join(f"{percent:g} % {span(nearest_rank(over, percent))}" for percent in cuts) if over else "nobody moved on"
        typer.echo(f"{tier:15}  {said}  ({len(over):,} moved on, {stays.still_there(tier):,} are in it)")
        if over and nearest_rank(over, cuts[0]) >= _MINUTE:
            medians[tier] = _written(nearest_rank(over, cuts[0]), True)
    if write is not None:
        _write(write, lambda old, there: in_segments(old, there, group, medians))


def _replayed(
    files: list[str], definitions: Definitions, settings: Settings, until: int | None, emit: Callable[[int, bytes], None]
) -> tuple[Replay, int]:
    engine = Engine(definitions, lateness=settings.lateness)
    events = Events()
    for event, _ in read_events(files, settings.currency, lambda line: typer.echo(str(line), err=True), whole=engine.whole):
        events.add(event)
    end = events.last() if until is None else until
    if end is None:
        raise Invalid("empty", "the files hold no event")
    driver = Replay(engine, emit)
    for place, event in events.taken(end, as_arrived=False):
        driver.event(event, place)
    driver.until(end)
    return driver, end


def _percent(text: str) -> float:
    try:
        percent = float(text)
    except ValueError:
        percent = -1.0
    if not 0 < percent < 100:
        raise Invalid("bad_use", f"--cuts {text!r}: percentiles are numbers between 0 and 100, with commas between them")
    return percent


def _written(bound: float, duration: bool) -> str:
    """As the language writes it; a duration in whole minutes."""
    return span_text(-(-round(bound) // _MINUTE) * _MINUTE) if duration else json.dumps(int(bound) if bound == int(bound) else bound)


def _write(file: Path, change: Callable[[str, Definitions], str]) -> None:
    new = change(text_of(file), load_definitions(file))
    try:
        read(new, str(file))
    except Faults as faults:
        refuse(faults)
    with complete_file(file) as out:
        out.write(new.encode())
    typer.echo(f"{file}: written", err=True)


def _end(message: str) -> None:
    typer.echo(f"gedrag percentiles: {message}", err=True)
    raise typer.Exit(WRONG_USE)
