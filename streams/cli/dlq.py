"""`gedrag dlq`: dead letters looked at and sent again."""

from __future__ import annotations

import asyncio
import base64
import json
import sys
from typing import Annotated, Any

import typer
from aiokafka.errors import KafkaError
from rich.console import Console
from rich.table import Table

from scoring.instants import rfc3339
from streams.cli.configuration import Overrides, SettingsFile, settings_or_exit
from streams.cli.options import WRONG_USE
from streams.cli.output import quiet_ends
from streams.kafka.errors import Misconfigured
from streams.retry import Found, Letters

_LIST = """Shows the newest dead letters: when, why, and where they came from.

Example: gedrag dlq list --error future_ts --json"""

_RETRY = """Sends dead letters again to the topics they came from, each once, and says how many.

What was sent again is noted when the broker has it; a crash just then may send up to 500 of them twice. A letter that is
refused again comes back as a new dead letter. A change that a webhook endpoint refused for a day is not put on its topic again: see
gedrag webhooks replay. A tracking call that the collector refused is read again, by the collector.toml of now.

Example: gedrag dlq retry --error unknown_action"""

#: Columns of the table where there is no terminal.
WIDTH = 160

ErrorFilter = Annotated[str | None, typer.Option("--error", help="Only letters with this error.", show_default=False)]


def register(app: typer.Typer) -> None:
    group = typer.Typer(help="Dead letters: inputs that were refused.", no_args_is_help=True, rich_markup_mode=None)
    group.command("list", help=_LIST)(show)
    group.command("retry", help=_RETRY)(retry)
    app.add_typer(group, name="dlq")


def show(
    error: ErrorFilter = None,
    limit: Annotated[int, typer.Option(min=1, help="So many of the newest.")] = 50,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a line, with key and value (base64 where they are no text).")
    ] = False,
    settings: SettingsFile = None,
    override: Overrides = None,
) -> None:
    letters = Letters(settings_or_exit(settings, override))

    async def newest() -> tuple[list[Found], int]:
        found: list[Found] = []
        count = 0
        async for each in letters.all(error):
            count += 1
            found.append(each)
            if len(found) > 2 * limit + 1_000:
                found = _newest(found, limit)
        return _newest(found, limit), count

    found, count = _run(newest())
    if as_json:
        for each in found:
            typer.echo(json.dumps(_json(each), ensure_ascii=False))
        return
    _print(found, count)


def retry(error: ErrorFilter = None, settings: SettingsFile = None, override: Overrides = None) -> None:
    letters = Letters(settings_or_exit(settings, override))
    sent = _run(letters.retry(error, lambda done: None))
    again = f"; {letters.refused:,} refused again" if letters.refused else ""
    typer.echo(f"{sent:,} dead letter{'' if sent == 1 else 's'} sent again{again}")


def _newest(found: list[Found], limit: int) -> list[Found]:
    return sorted(found, key=lambda each: each.written)[-limit:]


def _run(work: Any) -> Any:
    with quiet_ends("what was sent again is noted"):
        try:
            return asyncio.run(work)
        except Misconfigured as wrong:
            sys.stderr.write(f"gedrag dlq: {wrong}\n")
            raise typer.Exit(WRONG_USE) from None
        except KafkaError as failure:
            sys.stderr.write(f"gedrag dlq: the broker does not answer or refuses: {failure}; see to the setting broker\n")
            raise typer.Exit(WRONG_USE) from None


def _json(found: Found) -> dict[str, Any]:
    letter = found.letter
    return {
        "written": rfc3339(found.written),
        "error": letter.error,
        "detail": letter.detail,
        "topic": letter.topic,
        "partition": letter.partition,
        "offset": letter.offset,
        "timestamp": rfc3339(letter.timestamp),
        "retried": found.retried,
        **_bytes("key", letter.key),
        **_bytes("value", letter.value),
    }


def _bytes(name: str, value: bytes | None) -> dict[str, str | None]:
    if value is None:
        return {name: None}
    try:
        return {name: value.decode()}
    except UnicodeDecodeError:
        return {f"{name}_base64": base64.b64encode(value).decode()}


def _print(found: list[Found], count: int) -> None:
    if not found:
        typer.echo("no dead letters")
        return
    table = Table()
    for name in ("Written", "Error", "Origin"):
        table.add_column(name, no_wrap=True)
    table.add_column("Detail", overflow="fold", min_width=20)
    for each in found:
        letter = each.letter
        again = " (sent again)" if each.retried else ""
        origin = f"{letter.topic} {letter.partition} @ {letter.offset}" if letter.offset >= 0 else letter.topic
        table.add_row(rfc3339(each.written)[:19], letter.error, origin, letter.detail + again)
    Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else WIDTH).print(table)
    if count > len(found):
        typer.echo(f"the newest {len(found):,} of {count:,}")
