"""A call as it stands in JSON, and what goes for all calls: who, when, which message."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from msgspec import Raw, Struct

from scoring.events import instants
from scoring.events.instants import EARLIEST, LATEST
from scoring.events.invalid import Invalid, shown
from scoring.events.refusals import refusal
from scoring.tracking.values import text

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NONE = Raw()
Instant = int | float | str | None


class Call(Struct, rename="camel"):
    """`type` is track, identify, page, screen, alias or group; a call of its own address has it from there."""

    type: str | None = None
    user_id: Raw = _NONE
    anonymous_id: Raw = _NONE
    previous_id: Raw = _NONE
    message_id: Raw = _NONE
    event: str | None = None
    name: str | None = None
    category: str | None = None
    properties: dict[str, Raw] | None = None
    traits: dict[str, Raw] | None = None
    context: dict[str, Raw] | None = None
    timestamp: Instant = None
    sent_at: Instant = None


class Envelope(Struct, rename="camel", omit_defaults=True):
    """What came around a call: its type by the address it was sent to, and what a batch says of all of its calls."""

    type: str | None = None
    sent_at: Instant = None
    context: dict[str, Raw] | None = None


_decode = msgspec.json.Decoder(Call).decode


def read(value: bytes, around: Envelope) -> Call:
    """Raises Invalid."""
    try:
        if not value.isascii():
            value.decode()  # msgspec leaves the text of fields it skips unchecked
        call = _decode(value)
    except (msgspec.DecodeError, ValueError, RecursionError) as failure:
        raise refusal(failure) from None
    if around.type is not None:
        call.type = around.type
    if call.sent_at is None:
        call.sent_at = around.sent_at
    if around.context:
        call.context = {**around.context, **(call.context or {})}
    return call


def known_id(value: Raw, field: str) -> str:
    """An id as given, "" where there is none; a whole number is one too. Raises Invalid."""
    given = bytes(value)
    if not given or given == b"null":
        return ""
    found = text(given)
    if found is None:
        raise Invalid("wrong_type", f"{field} {shown(given.decode('utf-8', 'replace'))}: expected a string")
    return found


def happened(call: Call, received: int) -> int:
    """When: epoch ms by our own clock. Raises Invalid.

    The client's clock may be wrong, but it stamps the event and the sending alike: received - (sentAt - timestamp), as Segment reckons.
    Without `sentAt` the timestamp is believed; without either it is now.
    """
    if call.timestamp is None:
        return received
    ts = _milliseconds(call.timestamp, "timestamp")
    if call.sent_at is not None:
        ts = received - (_milliseconds(call.sent_at, "sentAt") - ts)
    if not EARLIEST <= ts <= LATEST:
        raise Invalid("bad_ts", "timestamp, corrected by sentAt: outside the years 0001 to 9999")
    return ts


def _milliseconds(given: int | float | str, field: str) -> int:
    """ISO 8601, in UTC where it names no offset, or epoch milliseconds."""
    if not isinstance(given, str):
        if not EARLIEST <= given <= LATEST:
            raise Invalid("bad_ts", f"{field} {shown(given)}: expected ISO 8601, or epoch milliseconds")
        return int(given)
    try:
        return instants.epoch_ms(given)
    except Invalid:
        pass
    try:
        found = datetime.fromisoformat(given.strip())
        since = (found if found.tzinfo is not None else found.replace(tzinfo=UTC)) - _EPOCH
    except (ValueError, OverflowError):
        raise Invalid("bad_ts", f"{field} {shown(given)}: expected ISO 8601, as 2026-03-01T11:00:00.000Z") from None
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000
