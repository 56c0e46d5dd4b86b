"""A change as the record that others read: contract, section 5.

An entry `[0, index, kind, from, to, at, cause, episode, values]` (and, where an event caused it, its origin
`[event type, ts, topic, partition, offset]` as a tenth) holds all that the record says but its words and the wall time.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from scoring import ids
from scoring.engine.steps import Compiled, Entry
from scoring.instants import rfc3339

TOPIC = "segment-changes"

#: By the number in an entry.
CAUSES = ("event", "deadline", "late_event", "definition", "merge", "erasure", "import")
EVENT, DEADLINE, LATE_EVENT, DEFINITION, MERGE, ERASURE = range(6)
KINDS = ("entered", "exited", "moved")
#: Why somebody leaves who is a customer no more. Such an entry has no values: what is forgotten isn't told once more.
PARTED = {MERGE: "joined to another id", ERASURE: "forgotten"}
_TYPES = tuple(f"gedrag.segment.{kind}".encode() for kind in KINDS)

#: Index of a segment that is defined no longer: the entry's values are its name, family and definition.
UNDEFINED = -1

_wall = lru_cache(maxsize=16)(rfc3339)  # a flush has one


class Origin(msgspec.Struct, gc=False):
    """The event that caused a change."""

    event_type: str
    ts: str
    topic: str
    partition: int
    offset: int


class Change(msgspec.Struct, rename={"come_from": "from"}, gc=False):
    """The record's value, its fields in the contract's order."""

    change_id: str
    customer_id: str
    segment: str
    family: str
    kind: str
    come_from: str | None
    to: str | None
    at: str
    cause: str
    episode: int
    definition: str
    reason: str
    attributes: msgspec.Raw  # an object
    event: Origin | None
    detected_at: str | msgspec.UnsetType = msgspec.UNSET


_encode = msgspec.json.Encoder().encode
_NONE = msgspec.Raw(b"{}")


def render(
    segments: Sequence[Compiled], entry: Entry, customer_id: str, detected_at: int | None
) -> tuple[str, bytes, list[tuple[str, bytes]]]:
    """(topic, JSON value, CloudEvents headers in Kafka's binary mode). Without `detected_at` the record leaves it out."""
    _, index, kind_number, come_from, to, at, cause, episode, values = entry[:9]
    kind = KINDS[kind_number]
    attributes = _NONE
    if index == UNDEFINED:
        name, family, definition = values
        words = "no longer defined"
    else:
        each = segments[index]
        name, family, definition = each.name, each.definition.family, each.definition.definition
    if values is None:
        words = PARTED[cause]
    elif index != UNDEFINED:
        words, attributes = each.told(kind_number, come_from, to, values)
    record_id = change_id(customer_id, name, episode, kind)
    instant = rfc3339(at)
    origin = None
    if len(entry) > 9 and entry[9] is not None:
        event_type, ts, topic, partition, offset = entry[9]
        origin = Origin(event_type, instant if ts == at else rfc3339(ts), topic, partition, offset)
    value = _encode(
        Change(
            record_id, customer_id, name, family, kind, come_from, to, instant, CAUSES[cause], episode, definition, words, attributes,
            origin, msgspec.UNSET if detected_at is None else _wall(detected_at),
        )
    )  # fmt: skip
    return TOPIC, value, headers(record_id, _TYPES[kind_number], instant, customer_id)


def change_id(customer_id: str, segment: str, episode: int, kind: str) -> str:
    """The same in every re-run: a consumer that knows it has seen the change."""
    return ids.uuid5(ids.CHANGES, f"{customer_id}/{segment}/{episode}/{kind}")


def headers(record_id: str, record_type: bytes, instant: str, subject: str) -> list[tuple[str, bytes]]:
    """CloudEvents 1.0, Kafka protocol binding, binary content mode."""
    return [
        _SPECVERSION,
        ("ce_id", record_id.encode()),
        _SOURCE,
        ("ce_type", record_type),
        ("ce_time", instant.encode()),
        ("ce_subject", subject.encode("utf-8", "surrogatepass")),
        _CONTENT_TYPE,
    ]


_SPECVERSION, _SOURCE, _CONTENT_TYPE = ("ce_specversion", b"1.0"), ("ce_source", b"/gedrag"), ("content-type", b"application/json")
