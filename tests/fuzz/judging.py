"""What is asked of everything that comes out of a fuzzed line or worker."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

from scoring.state import decode, encode
from streams.customers.changelog import RESERVED, body, without_outbox
from streams.deadletters import read
from tests.fuzz.mutator import Input
from tests.integration.worker.recount import plain

Place = tuple[str, int, int]  # topic, partition, offset

#: What may be the start of a NaN or an infinity in msgpack.
_NOT_FINITE = re.compile(rb"\xcb[\x7f\xff][\xf0-\xff]")


def carries_its_input(key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes]], inputs: Mapping[Place, Input]) -> Place:
    """A dead letter is an input, byte for byte, and says which one. Returns its place. AssertionError if not."""
    letter = read(key, value, tuple(headers))
    place = letter.topic, letter.partition, letter.offset
    origin = inputs[place]
    assert (letter.key, letter.value, letter.headers) == (origin.key, origin.value, origin.headers), place
    assert letter.timestamp == origin.timestamp and letter.error and letter.detail, place
    return place


def can_be_read_again(key: bytes, value: bytes) -> None:
    """A stored state is decoded and encoded to the same bytes, and holds numbers only. AssertionError if not."""
    if key >= RESERVED:
        return
    stored = body(without_outbox(value))
    state = decode(stored)
    fields = plain(state)
    assert encode(state) == stored, key
    if _NOT_FINITE.search(stored):
        _finite(list(fields.values()), key)


def _finite(part: Any, key: bytes) -> None:
    if isinstance(part, float):
        assert math.isfinite(part), f"the state of {key!r} holds {part}"
    elif isinstance(part, list):
        for inner in part:
            _finite(inner, key)
    elif isinstance(part, dict):
        for inner in part.values():
            _finite(inner, key)
