"""`gedrag view`: looking after the live view."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import Annotated, Any, TypeVar

import typer
from aiokafka.errors import KafkaError
from redis.exceptions import RedisError

from streams.agents.reach import reach_redis, redis_of
from streams.cli.configuration import Overrides, SettingsFile, settings_or_exit
from streams.cli.options import WRONG_USE
from streams.cli.output import quiet_ends
from streams.cli.progress import Meter
from streams.kafka.errors import Misconfigured
from streams.settings import Settings

_REBUILD = """Builds the live view in Redis again from the changes topic.

It is built beside the present one, which worker and API go on with until the new one has taken in as much and takes its place; so
Redis needs room for two. A rebuild that is killed leaves the present one as it is.

Example: gedrag view rebuild"""

_CHECK = """Compares the live view with a recount of the changes topic: every customer, every segment's members, the counts.

The worker may go on meanwhile. The changes are held in memory: some 400 bytes each.

Example: gedrag view check

Exit code 0: they are equal; 1: they are not, the first differences are told; 2: something has to be put right first."""

T = TypeVar("T")


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="The live view in Redis.", no_args_is_help=True, rich_markup_mode=None)
    group.command("rebuild", help=_REBUILD)(rebuild)
    group.command("check", help=_CHECK)(check)
    app.add_typer(group, name="view")


def rebuild(
    accept_gap: Annotated[bool, typer.Option("--accept-gap", help="Build it although retention has deleted changes.")] = False,
    settings: SettingsFile = None,
    override: Overrides = None,
) -> None:
    from streams.view.rebuild import rebuild as work

    configured = settings_or_exit(settings, override)
    with Meter() as meter:
        meter.stage("changes", None, "changes")
        taken = _run(configured, lambda redis: work(configured, redis, meter.update, accept_gap=accept_gap))
    typer.echo(f"the live view is built again from {taken:,} changes")


def check(settings: SettingsFile = None, override: Overrides = None) -> None:
    from streams.view.check import check as work

    configured = settings_or_exit(settings, override)
    with Meter() as meter:
        meter.stage("changes", None, "changes")
        verdict = _run(configured, lambda redis: work(configured, redis, meter.update))
    for sentence in verdict.differences:
        typer.echo(sentence)
    if verdict.gone:
        typer.echo(f"{verdict.gone:,} changes are gone from the topic (retention): compared is what the rest tells", err=True)
    if verdict.behind:
        typer.echo(f"the view has {verdict.behind:,} changes still to take in; compared is what it has", err=True)
    if verdict.different:
        typer.echo(f"{verdict.different:,} differences; to put them right: gedrag view rebuild", err=True)
        raise typer.Exit(1)
    typer.echo(f"equal: {verdict.customers:,} customers, {verdict.changes:,} changes")


def _run(settings: Settings, work: Callable[[Any], Coroutine[Any, Any, T]]) -> T:
    async def run() -> T:
        await reach_redis(settings)
        redis = redis_of(settings)
        try:
            return await work(redis)
        finally:
            await redis.aclose()

    with quiet_ends("the present view is as it was"):
        try:
            return asyncio.run(run())
        except KafkaError as failure:
            sys.stderr.write(f"gedrag view: the broker does not answer or refuses: {failure}; see to the setting broker\n")
        except (Misconfigured, RedisError, OSError) as error:
            sys.stderr.write(f"gedrag view: {error}\n")
    raise typer.Exit(WRONG_USE)
