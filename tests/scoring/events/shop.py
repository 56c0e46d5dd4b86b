"""Records as a shop sends them, for the tests of decoding."""

from __future__ import annotations

import json
from typing import Any

from scoring.events.decode import Invalid, decoders
from scoring.events.schema import CART_EVENTS, EMAIL_EVENTS, FEEDBACK, PAGE_VIEWS, PROFILES, PURCHASES, Event

DECODERS = decoders()
#: 2026-03-01T11:00:00Z
NOON = 1_772_362_800_000

#: The least a valid event has, by rank.
LEAST: dict[int, dict[str, Any]] = {
    PAGE_VIEWS: {},
    CART_EVENTS: {"action": "add", "product_id": "p"},
    PURCHASES: {"order_id": "o"},
    EMAIL_EVENTS: {"type": "opened", "message_id": "m"},
    FEEDBACK: {"kind": "nps"},
    PROFILES: {},
}
RANKS = tuple(LEAST)


def raw(rank: int, text: str | bytes, timestamp: int = NOON, key: bytes | None = b"c1") -> Event:
    """Decodes a value given as JSON text."""
    return DECODERS[rank](text.encode() if isinstance(text, str) else text, key, timestamp)


def send(rank: int, timestamp: int = NOON, **fields: Any) -> Event:
    """Decodes an event of customer c1 with these fields besides the least it needs."""
    return raw(rank, json.dumps({"customer_id": "c1", **LEAST[rank], **fields}), timestamp)


def number(rank: int, field: str, text: str, **more: Any) -> Event:
    """Decodes an event whose `field` is this very number."""
    rest = json.dumps({"customer_id": "c1", **LEAST[rank], **more})
    return raw(rank, f'{rest[:-1]}, "{field}": {text}}}')


def error_of(rank: int, *args: Any, **fields: Any) -> str:
    """The error code of an event that must be refused."""
    try:
        event = raw(rank, *args) if args else send(rank, **fields)
    except Invalid as invalid:
        assert invalid.detail
        return invalid.error
    raise AssertionError(f"was accepted: {event}")
