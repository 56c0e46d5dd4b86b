"""What customers hand over to each other: an entry of the sender's outbox, a record on a topic of the worker's own, an event of the
receiver.

The entry is `[3, kind, receiver, number, path, at, ts, body]`. A sender's go out in order of their numbers, whatever their instants.
`number` counts what the sender has handed over. `path`: the ids that sent it on, the first sender first.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from scoring.events.schema import HANDOVERS, HAPPENINGS, WHOLE, Happening, News
from scoring.events.wire import VALUES

#: The first of an entry: a handover; a notice that an id is a customer no more, or again.
HANDED, PARTED = 3, 4

#: "Hand over to me": body [origin]. "These are my facts, I am you now": [state, memberships, runs, names, origin].
#: "There is nothing to hand over": [origin]. "This happened to me": [rank, fields, origin]. "Join this id into yourself": [id, origin].
#: "Forget who I am a part of": [origin]. "You are forgotten with me": [origin].
LINK, FACTS, NOTHING, EVENT, JOIN, FORGET, ERASE = range(7)

#: [event type, ts, topic, partition, offset] of what it all began with; what a change names as its event.
Origin = list[Any] | None


class Handover(msgspec.Struct, array_like=True, gc=False):
    """As its receiver gets it. `ts`: of what it began with."""

    rank: ClassVar[int] = HANDOVERS
    kind: int
    sender: str
    number: int
    path: list[str]
    ts: int
    body: list[Any]

    @property
    def event_type(self) -> str:
        return "handover"

    event_id: ClassVar[None] = None


_as_json = msgspec.json.Encoder().encode
#: How a whole record (`more`) travels: its numbers are their texts in JSON.
_WHOLE = {rank: msgspec.json.Decoder(VALUES[rank]).decode for rank in WHOLE}
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Handover).decode


def value(entry: list[Any], sender: str) -> tuple[str, bytes]:
    """(receiver, the record's value) of an entry."""
    _, kind, receiver, number, path, _, ts, body = entry[:8]
    return receiver, _encode(Handover(kind, sender, number, path, ts, body))


def read(stored: bytes) -> Handover:
    """Raises msgspec.DecodeError."""
    return _decode(stored)


def packed(event: Happening | News, origin: Origin) -> list[Any]:
    fields = list(msgspec.structs.astuple(event))
    if event.rank in WHOLE and fields[-1] is not None:
        fields[-1] = _as_json(fields[-1])
    return [event.rank, fields, origin]


def happening(body: list[Any], customer_id: str) -> Happening:
    """The event in a body, as one of `customer_id`."""
    rank, fields = body[0], body[1]
    if rank in WHOLE and isinstance(fields[-1], bytes):
        fields = [*fields[:-1], _WHOLE[rank](fields[-1])]
    event: Happening = HAPPENINGS[rank](*fields)
    event.customer_id = customer_id
    return event
