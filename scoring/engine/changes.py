"""A change as the record that others read: contract, section 5.

An entry `[0, index, kind, from, to, at, cause, episode, values]` (and, where an event caused it, its origin
`[event type, ts, topic, partition, offset]` as a tenth) holds all that the record says but its words and the wall time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from scoring import ids
from scoring.engine.steps import Compiled, Entry
from scoring.engine.telling import KINDS, said
from scoring.instants import rfc3339

TOPIC = "segment-changes"

#: By the number in an entry.
CAUSES = ("event", "deadline", "late_event", "definition", "merge", "erasure", "import")
EVENT, DEADLINE, LATE_EVENT, DEFINITION, MERGE, ERASURE = range(6)
#: Why somebody leaves who is a customer no more. Such an entry has no values: what is forgotten isn't told once more.
PARTED = {MERGE: "joined to another id", ERASURE: "forgotten"}
_TYPES = tuple(("ce_type", f"gedrag.segment.{kind}".encode()) for kind in KINDS)

#: Index of a segment that is defined no longer: the entry's values are its name, family and definition.
UNDEFINED = -1

_json = msgspec.json.Encoder().encode
_CAUSES = tuple(b'","cause":"%b","episode":' % cause.encode() for cause in CAUSES)
_NOBODY: tuple[str, bytes, tuple[str, bytes]] = "", b'""', ("ce_subject", b"")
_NEVER: tuple[int, bytes, tuple[str, bytes]] = 0, rfc3339(0).encode(), ("ce_time", rfc3339(0).encode())

Rendered = tuple[str, bytes, list[tuple[str, bytes]]]


class Renderer:
    """Makes records of entries about these segments. What it made last is kept: the changes of one customer and instant follow each other.

    A record is put together of its parts, in the contract's order: as one object of fifteen fields it takes a fifth longer.
    """

    def __init__(self, segments: Sequence[Compiled]) -> None:
        self._segments = segments
        self._customer, self._instant = _NOBODY, _NEVER
        self._origin: tuple[Any, bytes] = None, b"null"
        self._wall: tuple[int | None, bytes] = None, b"}"

    def __call__(self, entry: Entry, customer_id: str, detected_at: int | None) -> Rendered:
        """(topic, JSON value, CloudEvents headers in Kafka's binary mode). Without `detected_at` the record leaves it out."""
        _, index, kind_number, come_from, to, at, cause, episode, values = entry[:9]
        kind = KINDS[kind_number]
        if index == UNDEFINED:
            name, family, definition = values
            before, after = said(name, family, kind_number, come_from, to, definition, "no longer defined", {})
        else:
            each = self._segments[index]
            name = each.name
            if values is None:
                told = each.definition
                before, after = said(name, told.family, kind_number, come_from, to, told.definition, PARTED[cause], {})
            else:
                before, after = each.told(kind_number, come_from, to, values)
        if customer_id != self._customer[0]:
            self._customer = customer_id, _json(customer_id), ("ce_subject", customer_id.encode("utf-8", "surrogatepass"))
        if at != self._instant[0]:
            instant = rfc3339(at).encode()
            self._instant = at, instant, ("ce_time", instant)
        origin = entry[9] if len(entry) > 9 else None
        if origin is not self._origin[0]:
            self._origin = origin, b"null" if origin is None else _origin(origin, at, self._instant[1])
        if detected_at != self._wall[0]:
            self._wall = detected_at, b"}" if detected_at is None else b',"detected_at":"%b"}' % rfc3339(detected_at).encode()
        record_id = change_id(customer_id, name, episode, kind).encode()
        _, customer, subject = self._customer
        _, instant, time = self._instant
        value = b'{"change_id":"%b","customer_id":%b%b%b%b%d%b%b%b' % (
            record_id, customer, before, instant, _CAUSES[cause], episode, after, self._origin[1], self._wall[1],
        )  # fmt: skip
        return TOPIC, value, [_SPECVERSION, ("ce_id", record_id), _SOURCE, _TYPES[kind_number], time, subject, _CONTENT_TYPE]


def _origin(origin: list[Any], at: int, instant: bytes) -> bytes:
    """The event that caused a change. `instant`: what `at` is as text."""
    event_type, ts, topic, partition, offset = origin
    when = instant.decode() if ts == at else rfc3339(ts)
    return _json({"event_type": event_type, "ts": when, "topic": topic, "partition": partition, "offset": offset})


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
