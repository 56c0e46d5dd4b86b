"""`gedrag serve`: the HTTP server."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from streams.cli.configuration import Overrides, SettingsFile, settings_or_exit
from streams.cli.worker import loop_factory

_HELP = """Serves the HTTP API, takes events in as Segment's collector does, and answers the links in mails.

\b
Examples:
  gedrag serve
  gedrag serve --parts api
  gedrag serve --set serve=0.0.0.0:8080

It keeps nothing itself: run as many as you like behind a balancer. Stops at SIGTERM or Ctrl-C with exit code 0.
Exit code 2: something has to be put right first; one line says what.
"""


def register(app: typer.Typer) -> None:
    app.command("serve", help=_HELP)(serve)


def serve(
    settings: SettingsFile = None,
    override: Overrides = None,
    parts: Annotated[
        str | None, typer.Option("--parts", help="What to serve: api, collector, mail; several with commas. Default: all.")
    ] = None,
) -> None:
    from streams import logs
    from streams.http.app import PARTS, run

    configured = settings_or_exit(settings, override)
    logs.configure(configured.log, configured.log_level)
    wanted = [name.strip() for name in parts.split(",")] if parts is not None else list(PARTS)
    unknown = [name for name in wanted if name not in PARTS]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r}: choose from {', '.join(PARTS)}", param_hint="--parts")
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        code = runner.run(run(configured, wanted))
    raise typer.Exit(code)
