"""`gedrag check FILE`: what is wrong with a file of segments or campaigns, or what is in it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from scoring.segments.faults import Faults
from scoring.segments.model import Definitions, Tiers
from scoring.segments.summary import Summary, summarize
from streams.agents.mail import Composer
from streams.agents.shop import Shop
from streams.cli import campaign_file
from streams.cli.configuration import Overrides, SettingsFile, settings_or_exit
from streams.cli.definitions import load_definitions, refuse, text_of
from streams.cli.options import WRONG_USE
from streams.cli.output import quiet_ends
from streams.kafka.errors import Misconfigured
from streams.settings import Settings

_COLUMNS = ("Name", "Family", "Kind", "Reads", "Changes with time alone")


_HELP = """Says what is wrong with a file of segments or of campaigns, or lists what is in it.

Of segments: the attributes each reads. Of campaigns: when each starts, its mails and its rules; their templates are tried too. Every fault
is shown at once, each with its place and the nearest valid name. Exit code 0: the file is right; 2: it is not.

Example: gedrag check segments.toml

Example: gedrag check campaigns.toml --segments segments.toml"""


def register(app: typer.Typer) -> None:
    app.command("check", help=_HELP)(check)


def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file, such as segments.toml or campaigns.toml.")],
    segments: Annotated[
        Path | None,
        typer.Option(
            help="The definitions that campaigns are over. Default: the setting, else segments.toml beside FILE, else the shipped ones.",
            show_default=False,
        ),
    ] = None,
    settings: SettingsFile = None,
    overrides: Overrides = None,
) -> None:
    with quiet_ends("the file was only read"):
        text = text_of(file)
        if campaign_file.is_campaigns(text, file.name):
            _check_campaigns(text, file, segments, settings_or_exit(settings, overrides))
        elif segments is not None:
            sys.stderr.write(f"{file}: a file of segments; --segments is for one of campaigns\n")
            raise typer.Exit(WRONG_USE)
        else:
            _check_segments(file)


def _check_segments(file: Path) -> None:
    definitions = load_definitions(file)
    _show(_COLUMNS, [_cells(summarize(definition)) for definition in definitions.segments])
    sys.stderr.write(f"{file}: {_count(definitions)}, no faults\n")


def _check_campaigns(text: str, file: Path, segments: Path | None, settings: Settings) -> None:
    beside = file.parent / "segments.toml"
    if segments is None:
        of_settings = settings.origins["segments"] not in ("default", "shipped")
        segments = beside if beside.is_file() and not of_settings else settings.segments
        shipped = segments == settings.segments and settings.origins["segments"] == "shipped"
        sys.stderr.write(f"definitions: {'those shipped with gedrag' if shipped else segments}\n")
    definitions = load_definitions(segments)
    try:
        composer = Composer(Shop.of(settings), settings.currency, settings.templates)
        campaigns = campaign_file.read_checked(text, str(file), definitions, composer)
    except Misconfigured as error:
        sys.stderr.write(f"gedrag: {error}\n")
        raise typer.Exit(WRONG_USE) from None
    except Faults as faults:
        refuse(faults)
    _show(campaign_file.COLUMNS, [campaign_file.cells(campaign) for campaign in campaigns.campaigns])
    count = len(campaigns.campaigns)
    sys.stderr.write(f"policy: {campaign_file.policy_words(campaigns.policy)}\n")
    sys.stderr.write(f"{file}: {count} campaign{'' if count == 1 else 's'}, no faults\n")


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


def _show(columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """A table in a terminal, columns of plain text elsewhere."""
    if sys.stdout.isatty():
        table = Table(show_lines=True)
        for place, column in enumerate(columns):
            style = "bold cyan" if place == 0 else "dim" if place == len(columns) - 1 else ""
            table.add_column(column, style=style, overflow="fold", no_wrap=column in ("Name", "Family"))
        for row in rows:
            table.add_row(*row)
        Console(highlight=False, markup=False).print(table)
    else:
        lines = [columns, *rows]
        widths = [max(len(line[column]) for line in lines) for column in range(len(columns))]
        for line in lines:
            sys.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() + "\n")
    sys.stdout.flush()
