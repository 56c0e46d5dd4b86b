"""`gedrag worker`: the stream worker."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated

import typer

from streams.cli.configuration import Overrides, SettingsFile, settings_or_exit

_HELP = """Reads the shop's topics, keeps every customer's segments, writes segment-changes and messages, and delivers the mails.

\b
Examples:
  gedrag worker
  gedrag worker --settings /etc/gedrag.toml --role customers
  gedrag worker --agents my_shop.actions

Stops at SIGTERM or Ctrl-C with exit code 0, after it has finished what it was doing. Exit code 2: something has to be
put right first (one line says what); 1: it cannot go on without giving a wrong answer, or failed.
"""


def register(app: typer.Typer) -> None:
    app.command("worker", help=_HELP)(worker)


def worker(
    settings: SettingsFile = None,
    override: Overrides = None,
    role: Annotated[
        list[str] | None,
        typer.Option(
            "--role", help="What to run here: customers, catalogue, delivery, live-view, webhooks, crm or all (default); repeatable."
        ),
    ] = None,
    agents: Annotated[
        list[str] | None,
        typer.Option("--agents", metavar="MODULE", help="A module with your own Faust agents; repeatable.", show_default=False),
    ] = None,
    accept_gap: Annotated[
        bool, typer.Option("--accept-gap", help="Go on although retention has deleted records that were never read.")
    ] = False,
) -> None:
    from streams import logs, memory
    from streams.worker import ROLES, Worker, run

    configured = settings_or_exit(settings, override)
    logs.configure(configured.log, configured.log_level)
    wanted = role or ["all"]
    unknown = [name for name in wanted if name not in (*ROLES, "all")]
    if unknown:
        raise typer.BadParameter(f"{unknown[0]!r}: choose from {', '.join((*ROLES, 'all'))}", param_hint="--role")
    roles = [name for name in ROLES if name in wanted or "all" in wanted]

    memory.keep_apart()

    async def main() -> int:
        return await run(Worker(configured, roles, agents or (), accept_gap=accept_gap))

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        code = runner.run(main())
    raise typer.Exit(code)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's where it is installed."""
    try:
        import uvloop
    except ImportError:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory
