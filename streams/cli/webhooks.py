"""`gedrag webhooks`: the endpoints looked at, tried, opened and closed, and sent again what they may have lost."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

import typer
from aiokafka.errors import KafkaError
from redis.exceptions import RedisError
from rich.console import Console
from rich.table import Table

from scoring.events.invalid import Invalid
from scoring.expressions.problem import suggest
from scoring.instants import rfc3339
from scoring.segments import spans
from scoring.segments.faults import Faults
from streams.agents.webhooks import overview, sample
from streams.agents.webhooks import replay as replaying
from streams.agents.webhooks.endpoints import endpoints as read_endpoints
from streams.cli.configuration import Overrides, SettingsFile, settings_or_exit
from streams.cli.options import WRONG_USE, instant
from streams.cli.output import quiet_ends
from streams.cli.progress import Meter
from streams.clock import monotonic, now_ms
from streams.kafka.errors import Misconfigured
from streams.settings import Settings
from streams.sinks.reachable import networks
from streams.sinks.webhook import Endpoint, Poster, Undelivered

_LIST = """Shows the endpoints: where they are, what they take, how they stand and how many changes wait for them.

Active, failing (webhooks wait, one is tried now and then), or closed: paused (by hand), disabled (it answered 410 Gone), dead (no success
for as long as retries are made). A closed one gets nothing; its changes wait in Kafka.

Example: gedrag webhooks list"""

_TEST = """Sends a made-up change to an endpoint, signed as any other, once; says what it answered.

Its type is gedrag.test, its webhook-id begins with test_. Exit code 0: it was taken (2xx); 1: it was not.

Example: gedrag webhooks test crm"""

_REPLAY = """Sends again the changes that were put on the topic since an instant, with the ids they had: a receiver that knows an id has it.

Each customer's in order. The live feed goes on beside it. Exit code 1: an endpoint didn't take one; it says from where to go on.

\b
Examples:
  gedrag webhooks replay --since 2026-03-01T11:00:00Z --endpoint crm
  gedrag webhooks replay --since 2h"""

_PAUSE = """Sends an endpoint nothing more until it is resumed; its changes wait in Kafka.

Example: gedrag webhooks pause crm"""

_RESUME = """Opens an endpoint that is closed: it gets the changes that waited for it, in order, and then what comes.

One that fails is tried at once, instead of when its next try is due.

Example: gedrag webhooks resume crm"""

#: Columns of the table where there is no terminal.
WIDTH = 160
FAILED = 1

Name = Annotated[str, typer.Argument(metavar="ENDPOINT", help="Its name in webhooks.toml.")]
T = TypeVar("T")


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Webhooks: the endpoints that are told of every change.", no_args_is_help=True, rich_markup_mode=None)
    for name, text, command in (
        ("list", _LIST, show), ("test", _TEST, test), ("replay", _REPLAY, replay), ("pause", _PAUSE, pause), ("resume", _RESUME, resume),
    ):  # fmt: skip
        group.command(name, help=text)(command)
    app.add_typer(group, name="webhooks")


def show(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object an endpoint.")] = False,
    settings: SettingsFile = None,
    override: Overrides = None,
) -> None:
    configured, found = _endpoints(settings, override)
    if not found:
        typer.echo(f"no endpoints: there is no {configured.webhooks}, or it is empty; see docs/feeds.md")
        return
    rows = _run(overview.states(configured, found))
    if as_json:
        for endpoint, state in zip(found, rows, strict=True):
            typer.echo(json.dumps({"endpoint": endpoint.name, "url": endpoint.shown, "takes": _takes(endpoint), **state.as_json()}))
        return
    table = Table()
    for name in ("Endpoint", "State", "Since", "Waiting", "Last taken"):
        table.add_column(name, no_wrap=True, justify="right" if name == "Waiting" else "left")
    for name in ("Address", "Takes", "Why"):
        table.add_column(name, overflow="fold")
    for endpoint, state in zip(found, rows, strict=True):
        table.add_row(
            endpoint.name, state.word, _instant(state.since), "?" if state.waiting is None else f"{state.waiting:,}",
            _instant(state.delivered_at), endpoint.shown, _takes(endpoint), state.why,
        )  # fmt: skip
    Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else WIDTH).print(table)


def test(endpoint: Name, settings: SettingsFile = None, override: Overrides = None) -> None:
    configured, found = _endpoints(settings, override)
    wanted = _one(found, endpoint)

    async def once() -> tuple[int, float]:
        poster = Poster(wanted, networks(configured.webhook_networks))
        began = monotonic()
        try:
            return await poster.post(sample.webhook(now_ms()), now_ms()), monotonic() - began
        finally:
            await poster.close()

    try:
        status, seconds = asyncio.run(once())
    except Undelivered as error:
        typer.echo(f"{wanted.name}: not taken by {wanted.shown}: {error}")
        raise typer.Exit(FAILED) from None
    typer.echo(f"{wanted.name}: taken by {wanted.shown}, HTTP {status}, in {seconds * 1000:.0f} ms")


def replay(
    since: Annotated[str, typer.Option(metavar="T", help='An instant (RFC 3339, date, epoch ms) or how long ago ("2h").')],
    endpoint: Annotated[str | None, typer.Option(help="Only to this one; default: to all.", show_default=False)] = None,
    settings: SettingsFile = None,
    override: Overrides = None,
) -> None:
    begin = _since(since)
    configured, found = _endpoints(settings, override)
    wanted = found if endpoint is None else (_one(found, endpoint),)
    if not wanted:
        _wrong(f"no endpoints: there is no {configured.webhooks}, or it is empty; see docs/feeds.md")
    with Meter() as meter:
        meter.stage("sending again", None, "changes")
        try:
            count = _run(replaying.replay(configured, wanted, begin, lambda count: meter.update(count.read, count.total)))
        except replaying.Stopped as each:
            again = f"gedrag webhooks replay --since {rfc3339(each.since)} --endpoint {each.endpoint}"
            meter.line(f"gedrag webhooks: {each.endpoint} did not take one: {each.why}")
            meter.line(f"what came before was sent; to go on: {again}")
            raise typer.Exit(FAILED) from None
    for name, sent in count.sent.items():
        typer.echo(f"{name}: {sent:,} of {count.read:,} changes since {rfc3339(begin)} sent again")


def pause(endpoint: Name, settings: SettingsFile = None, override: Overrides = None) -> None:
    configured, found = _endpoints(settings, override)
    name = _one(found, endpoint).name
    _run(overview.close(configured, name, now_ms()))
    typer.echo(f"{name} is paused: it gets nothing until `gedrag webhooks resume {name}`; its changes wait in Kafka")


def resume(endpoint: Name, settings: SettingsFile = None, override: Overrides = None) -> None:
    configured, found = _endpoints(settings, override)
    name = _one(found, endpoint).name
    was = _run(overview.open(configured, name))
    if was == "active":
        typer.echo(f"{name} is not closed: there is nothing to resume")
    else:
        typer.echo(f"{name} was {was}: " + ("it is tried at once" if was == "failing" else "it gets what waited, in order"))


def _endpoints(file: Any, override: Any) -> tuple[Settings, tuple[Endpoint, ...]]:
    configured = settings_or_exit(file, override)
    try:
        return configured, read_endpoints(configured)
    except Faults as faults:
        typer.echo(faults.render(sys.stderr.isatty()), err=True)
    except (OSError, UnicodeDecodeError) as error:
        typer.echo(f"gedrag webhooks: {getattr(error, 'strerror', None) or error}", err=True)
    raise typer.Exit(WRONG_USE)


def _one(found: tuple[Endpoint, ...], name: str) -> Endpoint:
    for each in found:
        if each.name == name:
            return each
    _wrong(f"there is no endpoint {name!r}; {suggest(name, [each.name for each in found], 'endpoint')}")
    raise AssertionError


def _wrong(words: str) -> None:
    typer.echo(f"gedrag webhooks: {words}", err=True)
    raise typer.Exit(WRONG_USE)


def _since(text: str) -> int:
    try:
        return now_ms() - spans.milliseconds(text)
    except ValueError:
        pass
    try:
        return instant(text, "--since")
    except Invalid as error:
        raise typer.BadParameter(f'{error.detail}; or how long ago, such as "2h"', param_hint="--since") from None


def _run(work: Coroutine[Any, Any, T]) -> T:
    with quiet_ends("what was sent is sent"):
        try:
            return asyncio.run(work)
        except KafkaError as error:
            said = f"the broker does not answer or refuses: {error}; see to the setting broker"
        except Misconfigured as error:
            said = str(error)
        except (RedisError, OSError) as error:
            said = f"Redis went away ({error})"
    _wrong(said)
    raise AssertionError


def _takes(endpoint: Endpoint) -> str:
    parts = [sorted(each) for each in (endpoint.segments, endpoint.families, endpoint.kinds) if each]
    return "; ".join(", ".join(words) for words in parts) or "everything"


def _instant(ms: int) -> str:
    return rfc3339(ms)[:19].replace("T", " ") if ms else ""
