"""What stands in the changelog: customer values with their header, and the records the worker keeps for itself.

Every value begins with a format byte and the writer's epoch, so that recovery can tell records of a worker that had
already lost the partition. Reserved keys begin with byte 0xFF, which never occurs in UTF-8 and so in no customer id.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from zstandard import ZstdError

from scoring.state import Customer, decode
from streams.customers.compression import EXPAND, LARGE, compress, looks_like_one

#: The first byte of every value: the layout of what follows; COMPRESSED if the state is.
FORMAT, COMPRESSED = 2, 3
#: The layouts this release reads. In the first, an outbox is a part of the state.
FORMATS = (1, FORMAT, COMPRESSED)

_PREFIX = struct.Struct(">BI")

#: Format, epoch, due (no later than the customer's next deadline, ms; negative before 1970), sequence of the newest outbox
#: entry (0: none), fingerprint of the definitions the state was evaluated under. The encoded state follows; it leaves the due time and
#: the fingerprint out. If there is an outbox, that and its length come last: apart, so that it can be cut off once it is at the broker.
#: In memory, where no value has an outbox, whose news the customer wants stands in place of its sequence (streams/customers/news.py).
HEADER = struct.Struct(">BIqQI")
SIZE = HEADER.size
#: Where the sequence stands.
_SLOT = 13
#: The first byte of a state that is not compressed: a msgpack array of 16 to 65,535 fields.
_ARRAY = 0xDC
_LENGTH = struct.Struct(">I")
_DUE = struct.Struct(">q")
_SEQUENCE = struct.Struct(">Q")

RESERVED = b"\xff"
META = b"\xffmeta"
TOPICS = b"\xfftopics"
LAYOUT = b"\xfflayout/"
#: Of forgotten customers: streams/customers/erased.py.
ERASED = b"\xfferased/"
ERASURE_KEY = b"\xfferasure-key"
#: A tombstone's header: its writer's epoch.
_EPOCH = "epoch"


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
_outbox: Callable[[bytes], list[list[Any]]] = msgspec.msgpack.Decoder(list[list[Any]]).decode
_meta = msgspec.msgpack.Decoder(Meta).decode
_topics = msgspec.msgpack.Decoder(TopicIds).decode


def value(epoch: int, due: int, fingerprint: int, state: bytes) -> bytes:
    """A customer's value without outputs that wait for the broker. `state` as `encode` gave it."""
    if len(state) < LARGE:
        return HEADER.pack(FORMAT, epoch, due, 0, fingerprint) + state
    return HEADER.pack(COMPRESSED, epoch, due, 0, fingerprint) + compress(state)


def with_outbox(stored: bytes, outbox: list[list[Any]]) -> bytes:
    """The same value with these outputs, `[sequence, entry]`, the oldest first; it had none."""
    form = max(FORMAT, stored[0])  # a state of the first format, whose outbox is empty, is one of the second
    return bytes((form,)) + stored[1:_SLOT] + _SEQUENCE.pack(outbox[-1][0]) + stored[_SLOT + _SEQUENCE.size :] + packed(outbox)


def packed(outbox: list[list[Any]]) -> bytes:
    """Outputs as they come after the state."""
    added = _encode(outbox)
    return added + _LENGTH.pack(len(added))


def without_outbox(stored: bytes) -> bytes:
    """The same value without its outputs; one of the first format is left as it is."""
    form, _, _, sequence, _ = HEADER.unpack_from(stored)
    if not sequence or form == 1:
        return stored
    return with_slot(stored[:SIZE] + stored[SIZE : _end(stored)], 0)  # of a damaged one, whatever its length says, the header stays


def with_slot(stored: bytes, number: int) -> bytes:
    """The same value with another number in the place of an outbox's sequence."""
    return stored[:_SLOT] + _SEQUENCE.pack(number) + stored[_SLOT + _SEQUENCE.size :]


def slot_of(stored: bytes) -> int:
    return int(_SEQUENCE.unpack_from(stored, _SLOT)[0])


def body(stored: bytes) -> bytes:
    """The encoded state of a value without outbox. Raises Unreadable."""
    if stored[0] < COMPRESSED:
        return stored[SIZE:]
    try:
        return EXPAND[stored[0]](stored[SIZE:])
    except ZstdError as error:
        raise Unreadable(f"its state: {error}") from error


def may_be_customer(stored: bytes) -> bool:
    """Does what begins behind the header look like a state?"""
    if len(stored) <= SIZE:
        return False
    first = stored[SIZE]
    return first == _ARRAY if stored[0] < COMPRESSED else looks_like_one(first)


def outbox_of(stored: bytes) -> list[list[Any]]:
    """The outputs in a value. Raises Unreadable."""
    form, _, _, sequence, _ = HEADER.unpack_from(stored)
    try:
        if form == 1:
            return decode(body(stored)).outbox or []
        return _outbox(stored[_end(stored) : -_LENGTH.size]) if sequence else []
    except ValueError as error:
        raise Unreadable(f"its outputs: {error}") from error


def state_of(stored: bytes) -> Customer:
    """The customer in a value. Raises ValueError where it cannot be read."""
    state = decode(body(without_outbox(stored)))
    state.due, _, state.definitions = header(stored)
    state.outbox = None
    return state


def _end(stored: bytes) -> int:
    """Where the state ends and the outbox begins."""
    return len(stored) - _LENGTH.size - int(_LENGTH.unpack_from(stored, len(stored) - _LENGTH.size)[0])


def due_of(stored: bytes) -> int:
    """When a customer is to be looked at, from its value."""
    return int(_DUE.unpack_from(stored, _PREFIX.size)[0])


def header(stored: bytes) -> tuple[int, int, int]:
    """(due, newest outbox sequence, fingerprint) of a customer's value."""
    return HEADER.unpack_from(stored)[2:]


def with_epoch(stored: bytes, epoch: int) -> bytes:
    """The same value as written by the worker of `epoch`."""
    return _PREFIX.pack(stored[0], epoch) + stored[_PREFIX.size :]


def with_due(stored: bytes, due: int) -> bytes:
    """The same value with another due time (a firing that changed nothing)."""
    return stored[: _PREFIX.size] + _DUE.pack(due) + stored[_SLOT:]


def own(epoch: int, body: Meta | TopicIds | bytes) -> bytes:
    """The value of a record under a reserved key."""
    return _PREFIX.pack(FORMAT, epoch) + (body if isinstance(body, bytes) else _encode(body))


def tombstone(epoch: int) -> list[tuple[str, bytes]]:
    """The headers of a record without a value."""
    return [(_EPOCH, b"%d" % epoch)]


def epoch_of_tombstone(headers: Iterable[tuple[str, bytes]]) -> int | None:
    """None for one that has no epoch. Raises Unreadable."""
    found = next((value for name, value in headers if name == _EPOCH), None)
    if found is not None and not found.isdigit():
        raise Unreadable(f"a tombstone of epoch {found!r}")
    return None if found is None else int(found)


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
    if form not in FORMATS:
        raise Unreadable(f"its format is {form}, this release reads up to {FORMATS[-1]}")
    return int(epoch)
