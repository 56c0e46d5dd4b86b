"""`gedrag sending`: the switch that stops all mails."""

from __future__ import annotations

import asyncio
import getpass
import json
import socket
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, TypeVar

import typer
from redis.exceptions import RedisError

from scoring.instants import rfc3339
from streams.agents.reach import reach_redis, redis_of
from streams.cli.configuration import Overrides, SettingsFile, settings_or_exit
from streams.cli.options import WRONG_USE
from streams.clock import now_ms
from streams.kafka.errors import Misconfigured
from streams.settings import Settings
from streams.sinks.sending import Pause, Switch

_PAUSE = """Stops all sending of mails by every worker of this app_id, within about a second; mails on their way to the server still go.

Nothing is lost: the mails wait, and after `gedrag sending resume` those go whose reason still stands and that are not too old by then
(mail_max_age).

Example: gedrag sending pause --why "wrong prices in the templates"

Exit code 0: sending is paused, also if it was before; 2: wrong settings, or Redis doesn't answer."""

_RESUME = """Lets mails go again.

Example: gedrag sending resume"""

_STATUS = """Says whether mails go, and if not who stopped them, when and why.

Example: gedrag sending status --json"""

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="The switch that stops all mails.", no_args_is_help=True, rich_markup_mode=None)
    group.command("pause", help=_PAUSE)(pause)
    group.command("resume", help=_RESUME)(resume)
    group.command("status", help=_STATUS)(status)
    app.add_typer(group, name="sending")


def pause(
    why: Annotated[str, typer.Option("--why", help="What others are told.")] = "",
    who: Annotated[str | None, typer.Option("--who", help="Who stops it; default: user and machine.", show_default=False)] = None,
    settings: SettingsFile = None,
    override: Overrides = None,
) -> None:
    wanted = Pause(who or f"{getpass.getuser()}@{socket.gethostname()}", why, now_ms())
    before = _ask(settings_or_exit(settings, override), lambda switch: switch.pause(wanted))
    typer.echo(_words(before, "sending was paused already") if before else _words(wanted, "sending is paused"))


def resume(settings: SettingsFile = None, override: Overrides = None) -> None:
    before = _ask(settings_or_exit(settings, override), lambda switch: switch.resume())
    typer.echo(_words(before, "sending goes on; it was paused") if before else "sending was not paused")


def status(as_json: AsJson = False, settings: SettingsFile = None, override: Overrides = None) -> None:
    found = _ask(settings_or_exit(settings, override), lambda switch: switch.paused())
    if as_json:
        pause = {"who": found.who, "why": found.why, "since": rfc3339(found.since)} if found else {}
        typer.echo(json.dumps({"paused": found is not None, **pause}, ensure_ascii=False))
    else:
        typer.echo(_words(found, "sending is paused") if found else "sending is on")


def _words(pause: Pause, begin: str) -> str:
    return f"{begin} since {rfc3339(pause.since)} by {pause.who}" + (f": {pause.why}" if pause.why else "")


def _ask(settings: Settings, ask: Callable[[Switch], Awaitable[T]]) -> T:
    async def asked() -> T:
        await reach_redis(settings)
        redis = redis_of(settings)
        try:
            return await ask(Switch(redis, settings.app_id))
        finally:
            await redis.aclose()

    try:
        return asyncio.run(asked())
    except (Misconfigured, RedisError, OSError) as error:
        sys.stderr.write(f"gedrag sending: {error}\n")
        raise typer.Exit(WRONG_USE) from None
