"""What stands in the changelog: customer values with their header, and the records the worker keeps for itself.

Every value begins with a format byte and the writer's epoch, so that recovery can tell records of a worker that had
already lost the partition. Reserved keys begin with byte 0xFF, which never occurs in UTF-8 and so in no customer id.
"""

from __future__ import annotations

import struct

import msgspec

#: The first byte of every value: the layout of what follows.
FORMAT = 1

_PREFIX = struct.Struct(">BI")

#: Format, epoch, due (no later than the customer's next deadline, ms; negative before 1970), sequence of the newest outbox
#: entry, fingerprint of the definitions the state was evaluated under. The encoded state follows.
HEADER = struct.Struct(">BIqQI")
SIZE = HEADER.size
_DUE = struct.Struct(">q")

RESERVED = b"\xff"
META = b"\xffmeta"
TOPICS = b"\xfftopics"
LAYOUT = b"\xfflayout/"


class Unreadable(ValueError):
    """A changelog value that this release cannot read."""


class Meta(msgspec.Struct, array_like=True):
    """Written at the head of every flush: what was wholly delivered *before* it.

    `confirmed`: outbox entries up to this sequence are at the broker. `fired`: all deadlines before this instant have
    fired. `positions`: the next offset to read by topic rank; every record below it is in the customers' states.
    """

    confirmed: int
    fired: int
    positions: list[int]


class TopicIds(msgspec.Struct, array_like=True):
    """The input topics the positions and offsets belong to: broker-given ids by name (none where the broker has none)."""

    partitions: int
    ids: dict[str, str]


_encode = msgspec.msgpack.Encoder().encode
_meta = msgspec.msgpack.Decoder(Meta).decode
_topics = msgspec.msgpack.Decoder(TopicIds).decode


def value(epoch: int, due: int, sequence: int, fingerprint: int, state: bytes) -> bytes:
    return HEADER.pack(FORMAT, epoch, due, sequence, fingerprint) + state


def due_of(stored: bytes) -> int:
    """When a customer is to be looked at, from its value."""
    return int(_DUE.unpack_from(stored, _PREFIX.size)[0])


def header(stored: bytes) -> tuple[int, int, int]:
    """(due, newest outbox sequence, fingerprint) of a customer's value."""
    return HEADER.unpack_from(stored)[2:]


def with_epoch(stored: bytes, epoch: int) -> bytes:
    """The same value as written by the worker of `epoch`."""
    return _PREFIX.pack(FORMAT, epoch) + stored[_PREFIX.size :]


def with_due(stored: bytes, due: int) -> bytes:
    """The same value with another due time (a firing that changed nothing)."""
    _, epoch, _, sequence, fingerprint = HEADER.unpack_from(stored)
    return HEADER.pack(FORMAT, epoch, due, sequence, fingerprint) + stored[SIZE:]


def own(epoch: int, body: Meta | TopicIds | bytes) -> bytes:
    """The value of a record under a reserved key."""
    return _PREFIX.pack(FORMAT, epoch) + (body if isinstance(body, bytes) else _encode(body))


def body_of(stored: bytes) -> bytes:
    """What `own` was given, encoded."""
    return stored[_PREFIX.size :]


def read_meta(stored: bytes) -> Meta:
    try:
        return _meta(stored[_PREFIX.size :])
    except msgspec.DecodeError as error:
        raise Unreadable(f"a position record: {error}") from error


def read_topics(stored: bytes) -> TopicIds:
    try:
        return _topics(stored[_PREFIX.size :])
    except msgspec.DecodeError as error:
        raise Unreadable(f"a topic record: {error}") from error


def layout_key(fingerprint: int) -> bytes:
    return LAYOUT + b"%08x" % fingerprint


def epoch_of(stored: bytes) -> int:
    """Raises Unreadable where it is no value of ours (or one of a newer release)."""
    if len(stored) < _PREFIX.size:
        raise Unreadable(f"{len(stored)} bytes are too few")
    form, epoch = _PREFIX.unpack_from(stored)
    if form != FORMAT:
        raise Unreadable(f"its format is {form}, this release reads {FORMAT}")
    return int(epoch)
