"""`gedrag produce`: events of files to Kafka."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import typer
from aiokafka.errors import KafkaError

from streams.cli.configuration import Overrides, SettingsFile, settings_or_exit
from streams.cli.options import WRONG_USE
from streams.cli.output import quiet_ends
from streams.cli.progress import Meter
from streams.files import Record, Rejected, Unreadable, read_records
from streams.kafka.errors import Fatal
from streams.produce import Pace, Production, Refused, in_order
from streams.settings import Settings

SOME_REJECTED = 3

_HELP = """Sends files of events (.ndjson, .csv, each also .gz; - is NDJSON on standard input) to the shop's topics, in order of time.

\b
Examples:
  gedrag simulate --customers 500 | gedrag produce - --now
  gedrag produce shop.csv.gz --speed 60

History goes to topics that no worker has caught up with yet, or with --now: to a worker whose time has come to today, older
events are late. Exit code 0: all sent; 2: wrong use, an unreadable file, or the broker refused; 3: sent, but some lines were rejected.
"""


def register(app: typer.Typer) -> None:
    app.command("produce", help=_HELP)(produce)


def produce(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Files of events.", show_default=False)],
    speed: Annotated[
        float | None,
        typer.Option(min=0.001, max=1e9, help="Timed by ts, so many times as fast. Default: as fast as it goes.", show_default=False),
    ] = None,
    now: Annotated[bool, typer.Option("--now", help="Move the times so that the last event is of the moment it is sent.")] = False,
    settings: SettingsFile = None,
    override: Overrides = None,
) -> None:
    configured = settings_or_exit(settings, override)
    with quiet_ends("the events sent so far stay sent"):
        raise typer.Exit(_run(files, Pace(speed, now), configured))


def _run(files: list[str], pace: Pace, settings: Settings) -> int:
    rejected = 0

    with Meter() as meter:

        def reject(line: Rejected) -> None:
            nonlocal rejected
            rejected += 1
            meter.line(str(line))

        try:
            meter.stage("reading", None)
            records = in_order(read_records(files, settings.currency, reject, meter.update))
            production = Production(settings, pace)
            asyncio.run(_send(production, records, settings, meter))
        except (Unreadable, Refused, Fatal) as failure:
            return _fail(str(failure))
        except KafkaError as failure:
            return _fail(f"the broker refused: {failure}")
    sys.stderr.write(f"{production.sent:,} events sent, {rejected:,} lines rejected\n")
    return SOME_REJECTED if rejected else 0


async def _send(production: Production, records: list[Record], settings: Settings, meter: Meter) -> None:
    from streams.kafka.clients import wait_for_broker
    from streams.kafka.topics import prepare

    await wait_for_broker(settings)
    await prepare(settings)
    meter.stage("sending", len(records), "events")
    await production.send(records, meter.update)


def _fail(why: str) -> int:
    sys.stderr.write(f"gedrag produce: {why}\n")
    return WRONG_USE
