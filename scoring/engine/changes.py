"""A change as the record that others read: contract, section 5.

An entry `[0, index, kind, from, to, at, cause, episode, values]` (and, where an event caused it, its origin
`[event type, ts, topic, partition, offset]` as a tenth) holds all that the record says but its words and the wall time.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec

from scoring import ids
from scoring.engine.steps import ENTERED, EXITED, Compiled, Entry
from scoring.instants import rfc3339
from scoring.segments.model import Segment

TOPIC = "segment-changes"

#: By the number in an entry.
CAUSES = ("event", "deadline", "late_event", "definition", "merge", "erasure", "import")
EVENT, DEADLINE, LATE_EVENT, DEFINITION = range(4)
KINDS = ("entered", "exited", "moved")

#: Index of a segment that is defined no longer: the entry's values are its name, family and definition.
UNDEFINED = -1

_encode = msgspec.json.Encoder().encode
_wall = lru_cache(maxsize=16)(rfc3339)  # a flush has one


def render(
    segments: Sequence[Compiled], entry: Entry, customer_id: str, detected_at: int | None
) -> tuple[str, bytes, list[tuple[str, bytes]]]:
    """(topic, JSON value, CloudEvents headers in Kafka's binary mode). Without `detected_at` the record leaves it out."""
    _, index, kind_number, come_from, to, at, cause, episode, values = entry[:9]
    origin = entry[9] if len(entry) > 9 else None
    kind = KINDS[kind_number]
    if index == UNDEFINED:
        name, family, definition = values
        words, attributes = "no longer defined", {}
    else:
        each = segments[index]
        name, family, definition = each.name, each.definition.family, each.definition.definition
        words, attributes = reason(each, kind_number, come_from, to, values), each.reader.attributes(values)
    record_id = change_id(customer_id, name, episode, kind)
    instant = rfc3339(at)
    record: dict[str, Any] = {
        "change_id": record_id,
        "customer_id": customer_id,
        "segment": name,
        "family": family,
        "kind": kind,
        "from": come_from,
        "to": to,
        "at": instant,
        "cause": CAUSES[cause],
        "episode": episode,
        "definition": definition,
        "reason": words,
        "attributes": attributes,
        "event": None if origin is None else _origin(origin),
    }
    if detected_at is not None:
        record["detected_at"] = _wall(detected_at)
    return TOPIC, _encode(record), headers(record_id, f"gedrag.segment.{kind}", instant, customer_id)


def change_id(customer_id: str, segment: str, episode: int, kind: str) -> str:
    """The same in every re-run: a consumer that knows it has seen the change."""
    return ids.uuid5(ids.CHANGES, f"{customer_id}/{segment}/{episode}/{kind}")


def headers(record_id: str, record_type: str, instant: str, subject: str) -> list[tuple[str, bytes]]:
    """CloudEvents 1.0, Kafka protocol binding, binary content mode."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", record_id.encode()),
        ("ce_source", b"/gedrag"),
        ("ce_type", record_type.encode()),
        ("ce_time", instant.encode()),
        ("ce_subject", subject.encode("utf-8", "surrogatepass")),
        ("content-type", b"application/json"),
    ]


def reason(each: Compiled, kind: int, come_from: str | None, to: str | None, values: list[Any]) -> str:
    """Which clause decides, with its values at the instant of the change.

    A move up is told by the new tier's condition, a move down by that of the tier that was lost.
    """
    definition, why = each.definition, each.reader.why
    if isinstance(definition, Segment):
        if kind == ENTERED:
            return why(definition.when, values)
        return why(definition.exit_when if kind == EXITED and definition.exit_when is not None else definition.when, values)
    conditions = {tier.name: tier.when for tier in definition.tiers}
    names = list(conditions)
    if come_from is not None and names.index(come_from) < names.index(to or names[-1]):
        decisive = conditions[come_from]
    else:
        decisive = conditions[to or names[-1]]
        if decisive is None and len(names) > 1:
            decisive = conditions[names[-2]]
    return why(decisive, values) if decisive is not None else ""


def _origin(origin: list[Any]) -> dict[str, Any]:
    event_type, ts, topic, partition, offset = origin
    return {"event_type": event_type, "ts": rfc3339(ts), "topic": topic, "partition": partition, "offset": offset}
