"""`gedrag token`: who may use the HTTP API."""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar

import typer
from redis.exceptions import RedisError
from rich.console import Console
from rich.table import Table

from scoring.instants import rfc3339
from scoring.segments.spans import milliseconds
from streams.agents.reach import reach_redis, redis_of
from streams.cli.configuration import Overrides, SettingsFile, settings_or_exit
from streams.cli.options import WRONG_USE
from streams.clock import now_ms
from streams.kafka.errors import Misconfigured
from streams.settings import Settings
from streams.sinks.tokens import SCOPES, Token, Tokens

_CREATE = """Makes a token for the HTTP API and prints it: this once, only a hash of it is kept.

Scopes: read looks things up; act does that, and stops and starts all mails; admin does all that, and forgets customers.

Example: gedrag token create --scope read --name crm --expires 90d"""

_LIST = """Lists the tokens: id, name, scope, when made, until when, when last used.

Example: gedrag token list"""

_REVOKE = """Revokes a token by its id or name: it is refused from this moment on.

Example: gedrag token revoke crm"""

T = TypeVar("T")


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Tokens of the HTTP API.", no_args_is_help=True, rich_markup_mode=None)
    group.command("create", help=_CREATE)(create)
    group.command("list", help=_LIST)(show)
    group.command("revoke", help=_REVOKE)(revoke)
    app.add_typer(group, name="token")


def create(
    name: Annotated[str, typer.Option("--name", help="What it is for; each token has a name of its own.")],
    scope: Annotated[str, typer.Option("--scope", help="read, act or admin.")] = "read",
    expires: Annotated[
        str | None, typer.Option("--expires", metavar="SPAN", help="How long it holds, such as 90d; default: for ever.")
    ] = None,
    settings: SettingsFile = None,
    override: Overrides = None,
) -> None:
    if scope not in SCOPES:
        raise typer.BadParameter(f"{scope!r}: choose from {', '.join(SCOPES)}", param_hint="--scope")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise typer.BadParameter("1 to 64 letters, digits, '.', '_' and '-'", param_hint="--name")
    now = now_ms()
    try:
        until = None if expires is None else now + milliseconds(expires)
    except ValueError:
        raise typer.BadParameter(f"{expires!r}: digits and one of s m h d w, such as 90d", param_hint="--expires") from None

    async def make(tokens: Tokens) -> str:
        if any(each.name == name for each in await tokens.all()):
            raise Misconfigured(f"there is a token {name} already; take another name, or: gedrag token revoke {name}")
        return (await tokens.create(name, scope, now, until))[1]

    text = _with_tokens(settings_or_exit(settings, override), make)
    typer.echo(text)
    if sys.stdout.isatty():
        typer.echo("Keep it: it is not shown again. Use it as: curl -H 'Authorization: Bearer …'", err=True)


def show(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    settings: SettingsFile = None,
    override: Overrides = None,
) -> None:
    tokens = _with_tokens(settings_or_exit(settings, override), lambda tokens: tokens.all())
    if as_json:
        for each in tokens:
            typer.echo(json.dumps(_row(each)))
        return
    if not tokens:
        typer.echo("no tokens; make one: gedrag token create --scope read --name crm")
        return
    table = Table()
    for column in ("Id", "Name", "Scope", "Made", "Until", "Last used"):
        table.add_column(column, no_wrap=True)
    for each in tokens:
        row = _row(each)
        over = " (over)" if each.expires is not None and each.expires <= now_ms() else ""
        table.add_row(each.id, each.name, each.scope, row["created"], (row["expires"] or "for ever") + over, row["used"] or "never")
    Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 140).print(table)


def revoke(
    which: Annotated[str, typer.Argument(metavar="ID|NAME", help="The token's id or name.")],
    settings: SettingsFile = None,
    override: Overrides = None,
) -> None:
    async def remove(tokens: Tokens) -> Token:
        for each in await tokens.all():
            if which in (each.id, each.name):
                await tokens.revoke(each.id)
                return each
        raise Misconfigured(f"there is no token {which}; see: gedrag token list")

    gone = _with_tokens(settings_or_exit(settings, override), remove)
    typer.echo(f"revoked {gone.name} ({gone.id})")


def _row(each: Token) -> dict[str, Any]:
    instants = {"created": each.created, "expires": each.expires, "used": each.used}
    shown = {name: None if at is None else f"{rfc3339(at)[:19]}Z" for name, at in instants.items()}
    return {"id": each.id, "name": each.name, "scope": each.scope, **shown}


def _with_tokens(settings: Settings, work: Callable[[Tokens], Awaitable[T]]) -> T:
    """Does the work; what has to be put right is one line and exit code 2."""

    async def run() -> T:
        await reach_redis(settings)
        redis = redis_of(settings)
        try:
            return await work(Tokens(redis, settings.app_id))
        finally:
            await redis.aclose()

    try:
        return asyncio.run(run())
    except (Misconfigured, RedisError, OSError) as error:
        sys.stderr.write(f"gedrag token: {error}\n")
        raise typer.Exit(WRONG_USE) from None
