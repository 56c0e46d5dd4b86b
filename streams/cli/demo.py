"""`gedrag demo`: see everything work on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

_HELP = """Runs everything on this machine, without Docker: broker, cache, mailbox, the worker, and a simulated shop on a faster clock.

\b
Shows events a second, the table of segments, the last changes with their reasons, and mails as they arrive.
Definitions and campaigns: segments.toml and campaigns.toml here, else the shipped ones. Nothing runs on when it ends.

\b
Examples:
  gedrag demo
  gedrag demo --customers 5000 --speed 3600
  gedrag demo --headless --seconds 30

Exit code 0: done; 1: a part failed, or with --headless no abandoned-cart mail arrived; 2: wrong use."""


def register(app: typer.Typer) -> None:
    app.command("demo", help=_HELP)(demo)


def demo(
    customers: Annotated[int, typer.Option(min=1, max=1_000_000, help="How many customers the shop has.")] = 2000,
    speed: Annotated[float, typer.Option(min=1, max=1_000_000, help="How many seconds pass in one; 7200 is two hours.")] = 7200,
    seed: Annotated[int, typer.Option(help="Another seed gives other customers.")] = 1,
    seconds: Annotated[float | None, typer.Option(min=1, help="End after so many seconds. Default: at Ctrl-C.", show_default=False)] = None,
    headless: Annotated[
        bool, typer.Option("--headless", help="No screen; the last line of standard output is one JSON object. Needs --seconds.")
    ] = False,
    mails: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Keep the mails in this maildir. Default: they go when it ends.", show_default=False),
    ] = None,
) -> None:
    from streams.demo.run import Options, run
    from streams.embedded import EmbeddedError

    if headless and seconds is None:
        raise typer.BadParameter("--headless needs --seconds", param_hint="--seconds")
    options = Options(customers=customers, seed=seed, speed=speed, seconds=seconds, headless=headless, mails=mails)
    try:
        raise typer.Exit(run(options))
    except EmbeddedError as error:
        typer.echo(f"gedrag demo: {error}", err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        raise typer.Exit(130) from None
