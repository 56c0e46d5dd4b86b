"""Tracking calls as this shop takes them: its table of names, and calls that were refused as dead letters that can be tried again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from scoring.events.decode import Invalid, decoders
from scoring.segments.faults import Faults
from scoring.tracking import calls
from scoring.tracking.calls import Envelope
from scoring.tracking.mapping import Mapper, Record
from scoring.tracking.read import read
from scoring.tracking.table import Table
from streams.kafka.errors import Misconfigured
from streams.settings.model import SHIPPED

if TYPE_CHECKING:
    from pathlib import Path

    from streams.settings import Settings

#: What stands for the topic in the dead letter of a call: it came from none.
ORIGIN = "collector"
#: The header of such a dead letter with what came around the call, as JSON.
AROUND = "around"

_envelope = msgspec.json.Decoder(Envelope).decode


def table(settings: Settings) -> Table:
    """The shop's names before the shipped ones. Raises Misconfigured."""
    file = SHIPPED / "collector.toml"
    shipped = _table(file)
    return shipped if settings.collector == file else _table(settings.collector).over(shipped)


def _table(file: Path) -> Table:
    try:
        return read(file.read_text(encoding="utf-8"), str(file))
    except Faults as faults:
        more = f" (and {len(faults.faults) - 1} more)" if len(faults.faults) > 1 else ""
        raise Misconfigured(f"{faults.faults[0]}{more}") from None
    except (OSError, ValueError) as error:
        raise Misconfigured(f"collector: {file} can't be read: {getattr(error, 'strerror', None) or error}") from None


def mapper(settings: Settings, by: Table) -> Mapper:
    return Mapper(by, decoders(settings.currency))


def headers(around: Envelope) -> tuple[tuple[str, bytes], ...]:
    """The own headers of a call's dead letter."""
    return ((AROUND, msgspec.json.encode(around)),)


def again(mapper: Mapper, value: bytes, own: tuple[tuple[str, bytes], ...], received: int, now: int) -> list[Record]:
    """A refused call read once more, for records of `now`. Raises Invalid, and scoring.tracking.mapping.Unknown."""
    try:
        around = _envelope(dict(own).get(AROUND, b"{}"))
    except msgspec.DecodeError as failure:
        raise Invalid("not_json", f"the header {AROUND}: {failure}") from None
    return mapper.records(calls.read(value, around), received, now)
