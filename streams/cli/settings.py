"""`gedrag settings`: every setting, its value and where it came from."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from streams.cli.configuration import Overrides, SettingsFile, settings_or_exit
from streams.settings import Settings
from streams.settings.load import mask
from streams.settings.model import all_settings

_HELP = """Prints every setting with its value, where it came from and what it does. Secrets are not shown.

Settings come from gedrag.toml, overridden by GEDRAG_ and the name in capitals in the environment, overridden by --set.

Example: GEDRAG_PARTITIONS=8 gedrag settings

Exit code 0: all settings are right; 2: some are wrong, each named with what is allowed."""


def register(app: typer.Typer) -> None:
    app.command("settings", help=_HELP)(settings)


def settings(
    file: SettingsFile = None,
    overrides: Overrides = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print them as one JSON object.")] = False,
) -> None:
    loaded = settings_or_exit(file, overrides)
    if as_json:
        typer.echo(json.dumps({name: {"value": shown(loaded, name), "from": loaded.origins[name]} for name in all_settings()}, indent=1))
        return
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        for name, setting in all_settings().items():
            typer.echo(f"{name} = {shown(loaded, name)}  ({loaded.origins[name]})  {setting.metadata['does']}")
        return
    table = Table()
    for column, style in (("Setting", "bold cyan"), ("Value", ""), ("From", "dim"), ("What it does", "")):
        table.add_column(column, style=style, overflow="fold")
    for name, setting in all_settings().items():
        table.add_row(name, shown(loaded, name), loaded.origins[name], setting.metadata["does"])
    console.print(table)


def shown(loaded: Settings, name: str) -> str:
    """A setting's value as text: spans with their unit, secrets hidden."""
    setting, value = all_settings()[name], getattr(loaded, name)
    if value is None:
        return "not set"
    if setting.metadata["secret"]:
        return "hidden"
    if isinstance(value, int) and str(setting.metadata["default"])[-1:].isalpha():
        return span(value)
    return mask(", ".join(value) if isinstance(value, tuple) else str(value))


def span(milliseconds: int) -> str:
    """The shortest way to write a span: 90000 -> "90s", 86400000 -> "1d"."""
    units: list[tuple[str, int]] = [("w", 604_800_000), ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000)]
    unit, length = next(((unit, length) for unit, length in units if milliseconds and milliseconds % length == 0), ("s", 1_000))
    amount: Any = milliseconds / length
    return f"{amount:g}{unit}"
