"""A change of `segment-changes` as a webhook: which endpoints take it, and its body."""

from __future__ import annotations

import msgspec

from scoring.events.instants import epoch_ms
from scoring.events.invalid import Invalid
from streams.sinks.webhook import Endpoint, Webhook


class NotAChange(ValueError):
    """A record that isn't one of ours."""


class Record(msgspec.Struct, rename={"come_from": "from"}):
    """What we go by of a change."""

    change_id: str
    customer_id: str
    segment: str
    family: str
    kind: str
    at: str
    cause: str
    come_from: str | None = None
    to: str | None = None

    @property
    def instant(self) -> int:
        """`at` in epoch ms."""
        return epoch_ms(self.at)


class _Body(msgspec.Struct):
    """As Standard Webhooks recommends."""

    type: str
    timestamp: str
    data: dict[str, msgspec.Raw]


_record = msgspec.json.Decoder(Record).decode
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode = msgspec.json.Encoder().encode


def read(value: bytes | None) -> Record:
    """Raises NotAChange."""
    try:
        record = _record(value or b"")
        _ = record.instant
    except (msgspec.DecodeError, Invalid, ValueError) as error:
        raise NotAChange(str(error)) from None
    if record.kind not in ("entered", "exited", "moved") or not record.change_id.isascii() or not record.change_id.isprintable():
        raise NotAChange(f"kind {record.kind[:40]!r}, change_id {record.change_id[:40]!r}: no change is like that")
    return record


def takes(endpoint: Endpoint, record: Record) -> bool:
    """Does the endpoint's filter let it pass? A tier's name stands for moves to it and from it."""
    if endpoint.kinds and record.kind not in endpoint.kinds:
        return False
    if endpoint.families and record.family not in endpoint.families:
        return False
    segments = endpoint.segments
    if not segments or record.segment in segments:
        return True
    return record.kind == "moved" and any(f"{record.segment}.{tier}" in segments for tier in (record.to, record.come_from) if tier)


def webhook(record: Record, value: bytes) -> Webhook:
    """`value`: the record's own bytes. The body is the change without `detected_at`, the only field in which a change that was put on the
    topic twice may differ: the same id has the same body."""
    fields = _fields(value)
    fields.pop("detected_at", None)
    return Webhook(record.change_id, _encode(_Body(f"gedrag.segment.{record.kind}", record.at, fields)))
