"""Repeats: an event whose `event_id` is one of the customer's last 32 accepted ids, at most 24 hours apart, was seen before.

Kept as 15 bytes an id: a 64-bit hash and the event's `ts` in 56 bits.
"""

from __future__ import annotations

from hashlib import blake2b

from scoring.state import DAY, Customer

_HASH, _WIDTH, _KEPT = 8, 15, 32


def fingerprint(text: str) -> bytes:
    """64 bits of an id: two of a customer's ids collide once in 10^18 pairs."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_HASH).digest()


def seen(s: Customer, event_id: str, ts: int) -> bool:
    ids = s.event_ids
    if ids is None:
        return False
    wanted = fingerprint(event_id)
    i = ids.find(wanted)
    while i >= 0:
        if i % _WIDTH == 0 and abs(ts - int.from_bytes(ids[i + _HASH : i + _WIDTH], "big", signed=True)) <= DAY:
            return True
        i = ids.find(wanted, i + 1)
    return False


def remember(s: Customer, event_id: str, ts: int) -> None:
    s.event_ids = (s.event_ids or b"")[-_WIDTH * (_KEPT - 1) :] + fingerprint(event_id) + ts.to_bytes(_WIDTH - _HASH, "big", signed=True)
