"""`gedrag customer`: what is known of one, two ids made one, and forgetting."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from aiokafka.errors import KafkaError
from msgspec import DecodeError
from redis.exceptions import RedisError
from rich.console import Console
from rich.table import Table

from streams.agents.reach import redis_of
from streams.cli.configuration import Overrides, SettingsFile, settings_or_exit
from streams.cli.options import WRONG_USE
from streams.cli.output import complete_file, quiet_ends
from streams.cli.progress import Meter
from streams.erasure import sweep
from streams.kafka.errors import Fatal
from streams.personal.export import export, is_known
from streams.personal.forget import Left, NoTopic, forget, join, left
from streams.settings import Settings

T = TypeVar("T")

#: A customer was looked for and not found.
NOTHING = 1
DAY = 86_400_000
WIDTH = 160

_EXPORT = """Writes everything that is known of a customer as JSON: state, memberships, live view, messages, and where each part came from.

Example: gedrag customer export c-1 --events --out c-1.json

With --events also every record on the topics that bears the id, which takes reading its partition of each. Of an id that was joined to
another it says to which. No worker need run. Exit code 1: nothing is known."""
_FORGET = """Forgets a customer under all ids: state, memberships, live view, message history, mails that wait. Cannot be undone.

Example: gedrag customer forget c-1 --yes

Writes an event to the topic `identities`, which workers obey in its order, and says what stays where until when. A keyed hash of the id
stays, so that nothing is taken up again and no mail goes out, until the customer gives consent anew."""
_MERGE = """Says that an anonymous id is this customer: its history, and its later events, become the customer's.

Example: gedrag customer merge anonymous-17 c-1"""

CustomerId = Annotated[str, typer.Argument(metavar="CUSTOMER", help="The customer's id.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Tell what is known of a customer, join two ids, or forget.", no_args_is_help=True)
    group.command("export", help=_EXPORT)(exported)
    group.command("forget", help=_FORGET)(forgotten)
    group.command("merge", help=_MERGE)(merged)
    app.add_typer(group, name="customer")


def exported(
    customer: CustomerId,
    out: Annotated[Path | None, typer.Option("--out", metavar="FILE", help="Where to write; default: standard output.")] = None,
    events: Annotated[bool, typer.Option("--events", help="Also every record on the topics that bears the id.")] = False,
    settings: SettingsFile = None,
    override: Overrides = None,
) -> None:
    configured = _checked(settings, override, customer)
    with Meter() as meter:
        meter.stage("reading", None, "records")

        async def work() -> dict[str, Any]:
            redis = redis_of(configured)
            try:
                return await export(configured, redis, customer, events, meter.update)
            finally:
                await redis.aclose()

        told = _run(work())
    try:
        with complete_file(out) as file:
            file.write(json.dumps(told, ensure_ascii=False, indent=1).encode("utf-8", "backslashreplace") + b"\n")
    except OSError as error:
        _fail(f"{out}: {error.strerror or error}")
    if not is_known(told):
        sys.stderr.write(f"nothing is known of {customer!r}\n")
        raise typer.Exit(NOTHING)


def forgotten(
    customer: CustomerId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    wait: Annotated[float, typer.Option("--wait", min=0, help="Seconds to wait for a worker to have done it.")] = 30.0,
    settings: SettingsFile = None,
    override: Overrides = None,
) -> None:
    configured = _checked(settings, override, customer)
    if not yes:
        if not sys.stdin.isatty():
            _fail("forgetting cannot be undone: say --yes")
        if not typer.confirm(f"Forget {customer!r} for good, under all ids?"):
            raise typer.Exit(NOTHING)

    async def work() -> tuple[bool, bool, list[str], list[Left]]:
        redis = redis_of(configured)
        try:
            done, noted = await forget(configured, redis, customer, wait)
            removed = await _swept(redis, configured, customer) if noted else []
            return done, noted, removed, await left(configured)
        finally:
            await redis.aclose()

    done, noted, removed, stays = _run(work())
    typer.echo(f"forgotten: {customer}" if done else f"asked for, and written to the log: {customer}. Workers do it when they come to it")
    if removed:
        typer.echo(f"removed from Redis: {', '.join(removed)}")
    if not noted:
        typer.echo("Redis does not answer: mails that wait are held back once a worker with the role live-view has reached it", err=True)
    typer.echo("\nWhat stays, until it is too old (Kafka deletes by age, not by customer):")
    _table(stays)
    typer.echo("A keyed hash of the id stays, so that nothing of it is taken up again and no mail goes out before a new consent.")
    typer.echo("Not ours to clean: backups, and whatever was fed from segment-changes.")


def merged(
    anonymous: Annotated[str, typer.Argument(metavar="ANONYMOUS", help="The id that is to be the customer.")],
    customer: CustomerId,
    settings: SettingsFile = None,
    override: Overrides = None,
) -> None:
    configured = _checked(settings, override, customer)
    if not 1 <= len(anonymous) <= 128 or anonymous == customer:
        _fail("the two ids must differ, and have 1 to 128 characters")
    _run(join(configured, customer, anonymous))
    typer.echo(f"{anonymous} is {customer}: written to the log. Workers join them when they come to it")


def _checked(file: Path | None, overrides: list[str] | None, customer: str) -> Settings:
    configured = settings_or_exit(file, overrides)
    try:
        customer.encode()
    except UnicodeEncodeError:
        _fail("a customer's id is UTF-8 text")
    if not 1 <= len(customer) <= 128:
        _fail("a customer's id has 1 to 128 characters")
    return configured


async def _swept(redis: Any, settings: Settings, customer: str) -> list[str]:
    try:
        return await sweep(redis, settings, customer)
    except (RedisError, OSError):
        return []


def _run(work: Coroutine[Any, Any, T]) -> T:
    with quiet_ends("nothing more was done"):
        try:
            return asyncio.run(work)
        except (KafkaError, OSError) as failure:
            _fail(f"the broker does not answer or refuses: {failure}; see to the setting broker")
        except (NoTopic, Fatal, DecodeError, ValueError) as failure:
            _fail(str(failure))
    raise AssertionError("not reached")


def _fail(why: str) -> None:
    sys.stderr.write(f"gedrag customer: {why}\n")
    raise typer.Exit(WRONG_USE)


def _table(stays: list[Left]) -> None:
    table = Table()
    table.add_column("Topic", no_wrap=True)
    table.add_column("Holds")
    table.add_column("For", no_wrap=True, justify="right")
    for each in stays:
        table.add_row(each.topic, each.holds, _span(each.retention))
    Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else WIDTH).print(table)


def _span(retention: int | None) -> str:
    if retention is None:
        return "as the broker is set"
    if retention < 0:
        return "compacted"
    return f"{retention / DAY:.3g} days"
