"""`gedrag traits`: every attribute that a definition may read."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Annotated, NamedTuple

import typer
from rich.console import Console
from rich.table import Table

from scoring.expressions.problem import suggest
from scoring.expressions.windows import example_of
from scoring.segments.families import FAMILIES
from scoring.traits.attribute import Attribute
from scoring.traits.catalog import CORE, TRAITS
from streams.cli.options import WRONG_USE
from streams.cli.output import quiet_ends

#: What every deployment has, whatever families are off.
CORE_FAMILY = "core"

_HELP = """Lists every attribute that a definition may read: its family, type and unit, which events feed it, and how time alone changes it.

\b
Examples:
  gedrag traits
  gedrag traits --family satisfaction
  gedrag traits --json | jq '.[] | select(.time != "no") | .name'

Families other than core can be switched off in the definition file: [families] off = ["psychographic"]
"""
_KINDS = {"boolean": "true or false", "string": "text"}
_TIME = {"none": "no", "grows": "grows", "decays": "decays"}


class Row(NamedTuple):
    family: str
    name: str  # as a definition writes it
    type: str
    unit: str
    time: str  # how time alone changes it
    fed_by: str
    meaning: str


def register(app: typer.Typer) -> None:
    app.command("traits", help=_HELP)(traits)


def traits(
    family: Annotated[str | None, typer.Option(help="Only of this family.", show_default=False)] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    markdown: Annotated[bool, typer.Option("--markdown", help="Print Markdown, a table for each family.")] = False,
) -> None:
    known = (CORE_FAMILY, *FAMILIES)
    if family is not None and family not in known:
        typer.echo(f"gedrag traits: unknown family {family}; {suggest(family, known, 'families')}", err=True)
        raise typer.Exit(WRONG_USE)
    found = [row for row in rows() if family is None or family in row.family.split(", ")]
    with quiet_ends("nothing was changed"):
        if as_json:
            typer.echo(json.dumps([row._asdict() for row in found], indent=1, ensure_ascii=False))
        elif markdown:
            typer.echo("\n".join(_markdown(found)))
        elif sys.stdout.isatty():
            Console(highlight=False, markup=False).print(_table(found))
        else:
            _columns(found)
        sys.stdout.flush()


def rows() -> list[Row]:
    """Of the core, then of the traits, in the order of the families."""
    found = [_row(CORE_FAMILY, each) for each in CORE.values()]
    for trait in sorted(TRAITS, key=lambda trait: FAMILIES.index(trait.families[0])):
        found += [_row(", ".join(trait.families), each) for each in trait.attributes]
    return found


def _row(family: str, attribute: Attribute) -> Row:
    kind = _KINDS.get(attribute.kind, attribute.kind)
    time = _TIME.get(attribute.change) or ("steps, with a window" if attribute.windowed and not attribute.timed_alone else "steps")
    unit = attribute.unit or ("count" if attribute.kind == "number" else "")
    fed_by = ", ".join(attribute.fed_by) or "any event"
    return Row(family, written(attribute), kind, unit, time, fed_by, attribute.meaning)


def written(attribute: Attribute) -> str:
    """An attribute with what stands in its brackets: `purchases(…)`, `interest("category")`."""
    if not attribute.argument:
        return f"{attribute.name}(…)" if attribute.windowed else attribute.name
    example = f'{attribute.name}("{attribute.argument}")'
    return f"{example[:-1]}, …)" if attribute.windowed else example


def _table(found: list[Row]) -> Table:
    table = Table(caption=f"{len(found)} attributes; (…) may be given a window, such as {example_of('purchases')}", caption_justify="left")
    for name in ("Attribute", "Type", "Unit", "Time alone", "Fed by", "Meaning"):
        table.add_column(name, style="bold cyan" if name == "Attribute" else "", overflow="fold", no_wrap=name == "Type")
    family = ""
    for row in found:
        if row.family != family:
            family = row.family
            table.add_section()
            table.add_row(family, style="bold")
        table.add_row(f"  {row.name}", row.type, row.unit, row.time, row.fed_by, row.meaning)
    return table


def _columns(found: list[Row]) -> None:
    lines = [("Family", "Attribute", "Type", "Unit", "Time alone", "Fed by", "Meaning"), *found]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n")


def _markdown(found: list[Row]) -> Iterator[str]:
    family = ""
    for row in found:
        if row.family != family:
            family = row.family
            yield from ("", f"## {family}", "", "| attribute | type | unit | time alone | fed by | meaning |", "|---|---|---|---|---|---|")
        yield f"| `{row.name}` | {row.type} | {row.unit} | {row.time} | {row.fed_by} | {row.meaning} |"
