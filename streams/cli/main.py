"""The program `gedrag`: its commands are the modules beside this one, each with a function `register(app)`."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import Annotated

import typer

from streams.cli.options import WRONG_USE
from streams.embedded.process import EmbeddedError
from streams.settings import SettingsError

#: In the order --help shows them: what to try first, then what a shop runs, then what looks after it.
COMMANDS = ("demo", "check", "replay", "simulate", "worker", "produce", "segments", "dlq", "settings")

_HELP = """Watches what every customer of a shop does, keeps their behavioural segments right to the second, and acts on every change.

Start with: gedrag demo"""


def build() -> typer.Typer:
    """The app with all its commands."""
    app = typer.Typer(
        name="gedrag", help=_HELP, no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None
    )
    app.callback()(_root)
    for command in COMMANDS:
        if importlib.util.find_spec(f"streams.cli.{command}"):
            importlib.import_module(f"streams.cli.{command}").register(app)
    return app


def _print_version(wanted: bool) -> None:
    if wanted:
        try:
            typer.echo(f"gedrag {version('gedrag')}")
        except PackageNotFoundError:
            typer.echo("gedrag (not installed)")
        raise typer.Exit


def _root(
    _: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and stop.")] = False,
) -> None:
    pass


def main() -> None:
    """Run the program. Errors that are the user's to mend are one line, without a traceback."""
    try:
        build()(windows_expand_args=False)
    except (SettingsError, EmbeddedError) as error:
        sys.stderr.write(f"gedrag: {error}\n")
        sys.exit(WRONG_USE)


if __name__ == "__main__":
    main()
