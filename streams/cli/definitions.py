"""Files of definitions and campaigns, as commands read them: what is wrong goes to standard error and ends the program."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NoReturn

import typer

from scoring.campaigns.decide import Campaigns
from scoring.campaigns.read import read as read_campaigns
from scoring.segments.faults import Faults
from scoring.segments.model import Definitions
from scoring.segments.read import read as read_segments
from streams.cli.options import WRONG_USE
from streams.settings import Settings


def load_definitions(file: Path) -> Definitions:
    """The definitions of a file. What is wrong goes to standard error, and the program ends with exit code 2."""
    try:
        return read_segments(text_of(file), str(file))
    except Faults as faults:
        refuse(faults)


def load_campaigns(file: Path, definitions: Definitions) -> Campaigns:
    """The campaigns of a file over these definitions; otherwise as `load_definitions`."""
    try:
        return read_campaigns(text_of(file), definitions, str(file))
    except Faults as faults:
        refuse(faults)


def chosen_definitions(given: Path | None, settings: Settings) -> Definitions:
    """Those of the option, else of the settings; which, is said on standard error unless it was said on the command line."""
    return load_definitions(_chosen("segments", "definitions", given, settings))


def chosen_campaigns(given: Path | None, settings: Settings, definitions: Definitions) -> Campaigns:
    return load_campaigns(_chosen("campaigns", "campaigns", given, settings), definitions)


def text_of(file: Path) -> str:
    """The file's text. If it can't be had, one line says why, and the program ends with exit code 2."""
    try:
        return file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        _end(f"{file}: there is no such file")
    except IsADirectoryError:
        _end(f"{file}: this is a directory, not a definition file")
    except UnicodeDecodeError as error:
        _end(f"{file}: not UTF-8 text (byte {error.start}); save it as UTF-8")
    except (OSError, ValueError) as error:
        _end(f"{file}: cannot be read: {getattr(error, 'strerror', None) or error}")


def refuse(faults: Faults) -> NoReturn:
    """Shows all faults and ends the program."""
    _end(faults.render(color=_colored()))


def _chosen(setting: str, word: str, given: Path | None, settings: Settings) -> Path:
    named: Path = getattr(settings, setting)
    if given is not None:
        return given
    typer.echo(f"{word}: {'those shipped with gedrag' if settings.origins[setting] == 'shipped' else named}", err=True)
    return named


def _end(message: str) -> NoReturn:
    sys.stderr.write(message + "\n")
    raise SystemExit(WRONG_USE)


def _colored() -> bool:
    return sys.stderr.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
