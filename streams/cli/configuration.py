"""The options that say which settings a command runs with."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from streams.cli.options import WRONG_USE
from streams.settings import Settings, SettingsError, load

SettingsFile = Annotated[
    Path | None,
    typer.Option("--settings", metavar="FILE", help="Settings; default: gedrag.toml here, if there is one.", show_default=False),
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="Override a setting, such as --set broker=kafka:9092; repeatable.", show_default=False
    ),
]


def settings_or_exit(file: Path | None = None, overrides: list[str] | None = None) -> Settings:
    """The settings. Wrong ones are told on standard error, one line each, and end the program with exit code 2."""
    given = {}
    for override in overrides or []:
        name, separator, value = override.partition("=")
        if not separator:
            _exit([f"option --set {override}: must be NAME=VALUE, such as --set broker=kafka:9092"])
        given[name.strip()] = value
    try:
        return load(file, given)
    except SettingsError as error:
        _exit(error.faults)


def _exit(faults: list[str]) -> NoReturn:
    for fault in faults:
        sys.stderr.write(f"gedrag: {fault}\n")
    raise typer.Exit(WRONG_USE)
