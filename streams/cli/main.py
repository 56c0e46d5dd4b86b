"""The program `gedrag`: its commands are the modules beside this one, each with a function `register(app)`.

A module is loaded when its command is run: all of them together take longer than most commands do.
"""

from __future__ import annotations

import gc
import importlib
import sys
from typing import Annotated, Any

import typer
import typer.core

from streams.cli.options import WRONG_USE
from streams.settings.errors import SettingsError

#: In the order --help shows them: what to try first, then what a shop runs, then what looks after it.
COMMANDS = {
    "demo": "See everything work on this machine, without Docker.",
    "check": "Say what is wrong with a file of segments or of campaigns.",
    "traits": "List every attribute that a definition may read.",
    "replay": "Run files of events through the engine; back-test campaigns.",
    "diff": "Say what other definitions would change, before they do.",
    "explain": "Say why a customer is in each segment or not, and until when.",
    "preview": "Show a campaign's mail before anybody gets it.",
    "simulate": "Write a made-up shop's events.",
    "worker": "Run the stream worker.",
    "serve": "Run the HTTP server: the API, the collector, links in mails.",
    "token": "Make, list and revoke tokens of the HTTP API.",
    "produce": "Send files of events to Kafka.",
    "percentiles": "Measure customers, for thresholds of tiers.",
    "segments": "Show how many customers are in each segment now.",
    "view": "Build the live view again, or check it.",
    "sending": "Pause all mails, let them go again, or say which it is.",
    "export": "Write a segment's members as CSV, NDJSON or Parquet.",
    "webhooks": "Look at webhook endpoints, test them, send again.",
    "crm": "Make the contact properties that segments need at HubSpot.",
    "customer": "Tell what is known of a customer, join two ids, or forget.",
    "dlq": "List dead letters, or send them again.",
    "settings": "Print every setting, its value and where it came from.",
}

_HELP = """Watches what every customer of a shop does, keeps their behavioural segments right to the second, and acts on every change.

Start with: gedrag demo"""


class _Loading(typer.core.TyperGroup):
    """Lists placeholders, and puts the command in the place of the one that is wanted."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        name, _, rest = super().resolve_command(ctx, args)
        return name, name and command(name), rest


def command(name: str) -> Any:
    """A command of COMMANDS with its options."""
    alone = typer.Typer(rich_markup_mode=None)
    alone.callback()(_nothing)
    importlib.import_module(f"streams.cli.{name}").register(alone)
    return typer.main.get_group(alone).commands[name]


def build() -> typer.Typer:
    """The app with all its commands."""
    app = typer.Typer(
        name="gedrag",
        cls=_Loading,
        help=_HELP,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"max_content_width": 120},
    )
    app.callback()(_root)
    for name, words in COMMANDS.items():
        app.command(name, short_help=words)(_nothing)
    return app


def _nothing() -> None:
    pass


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import PackageNotFoundError, version

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
    # What is loaded stays: the collector's looking through it, over and over while more is loaded, is a fifth of the time to start.
    gc.set_threshold(50_000, 20, 20)
    try:
        build()(windows_expand_args=False)
    except SettingsError as error:
        sys.stderr.write(f"gedrag: {error}\n")
        sys.exit(WRONG_USE)


if __name__ == "__main__":
    main()
