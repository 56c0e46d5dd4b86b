"""`gedrag check FILE`: what is wrong with a definition file, or what its segments read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from scoring.segments.model import Definitions, Tiers
from scoring.segments.summary import Summary, summarize
from streams.cli.definitions import load_definitions
from streams.cli.output import quiet_ends

_COLUMNS = ("Name", "Family", "Kind", "Reads", "Changes with time alone")


_HELP = """Says what is wrong with a definition file, or lists its segments and the attributes each reads.

Every fault is shown at once, each with its place and the nearest valid name. Exit code 0: the file is right; 2: it is not.

Example: gedrag check segments.toml"""


def register(app: typer.Typer) -> None:
    app.command("check", help=_HELP)(check)


def check(file: Annotated[Path, typer.Argument(metavar="FILE", help="The definition file, such as segments.toml.")]) -> None:
    with quiet_ends("the file was only read"):
        definitions = load_definitions(file)
        summaries = [summarize(definition) for definition in definitions.segments]
        if sys.stdout.isatty():
            _show_table(summaries)
        else:
            _show_plain(summaries)
        sys.stdout.flush()
        sys.stderr.write(f"{file}: {_count(definitions)}, no faults\n")


def _count(definitions: Definitions) -> str:
    groups = sum(isinstance(definition, Tiers) for definition in definitions.segments)
    segments = len(definitions.segments) - groups
    words = [
        f"{segments} segment{'' if segments == 1 else 's'}" if segments else "",
        f"{groups} group{'' if groups == 1 else 's'} of tiers" if groups else "",
    ]
    return " and ".join(filter(None, words))


def _cells(summary: Summary) -> tuple[str, ...]:
    return (summary.name, summary.family, summary.kind, ", ".join(summary.reads) or "nothing", ", ".join(summary.time) or "no")


def _show_table(summaries: list[Summary]) -> None:
    table = Table(show_lines=True)
    for column, style in zip(_COLUMNS, ("bold cyan", "", "", "", "dim"), strict=True):
        table.add_column(column, style=style, overflow="fold", no_wrap=column in ("Name", "Family"))
    for summary in summaries:
        table.add_row(*_cells(summary))
    Console(highlight=False, markup=False).print(table)


def _show_plain(summaries: list[Summary]) -> None:
    rows = [_COLUMNS, *(_cells(summary) for summary in summaries)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    for row in rows:
        sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() + "\n")
