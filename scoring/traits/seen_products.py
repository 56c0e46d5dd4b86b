"""What a customer has seen of which products, small: records of 18 bytes, the oldest first, and how to find them in states at rest.

A record is the hash of the product's id, an instant (ms, 6 bytes) and the price seen (cents, 4 bytes), or BOUGHT. The newest of a product
counts; of one instant the highest price, so BOUGHT. The 16 newest products are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache

from scoring.repeats import fingerprint
from scoring.state import DAY

#: Under which the trait viewed_products keeps its facts: an array of two, of which the records are the first.
KEY = "vp"
#: For how long after it was seen news of a product matters.
INTEREST = 90 * DAY
#: Bought since it was seen. Higher than any price.
BOUGHT = 0xFFFF_FFFF
HASH, WIDTH = 8, 18
_STAMP = 14
_MOST = 16

#: Where the facts begin in a state at rest: the key and the array, in msgpack.
_MARK = b"\xa2vp\x92"
_BIN8, _BIN16 = 0xC4, 0xC5

hashed: Callable[[str], bytes] = lru_cache(maxsize=65_536)(fingerprint)


def place(seen: bytes, product: bytes) -> int:
    """Of the product's record; -1 if there is none."""
    i = seen.find(product)
    while i >= 0 and i % WIDTH:
        i = seen.find(product, i + 1)
    return i


def instant(seen: bytes, i: int) -> int:
    return int.from_bytes(seen[i + HASH : i + _STAMP], "big", signed=True)


def price(seen: bytes, i: int) -> int:
    return int.from_bytes(seen[i + _STAMP : i + WIDTH], "big")


def with_record(seen: bytes, product: bytes, ts: int, cents: int) -> bytes:
    """With this newest record of a product; the same where a newer one is known."""
    i = place(seen, product)
    if i >= 0:
        if (ts, cents) <= (instant(seen, i), price(seen, i)):
            return seen
        seen = seen[:i] + seen[i + WIDTH :]
    i = len(seen)
    while i and (instant(seen, i - WIDTH), seen[i - WIDTH : i - WIDTH + HASH]) > (ts, product):
        i -= WIDTH
    record = product + ts.to_bytes(_STAMP - HASH, "big", signed=True) + cents.to_bytes(WIDTH - _STAMP, "big")
    seen = seen[:i] + record + seen[i:]
    return seen[WIDTH:] if len(seen) > _MOST * WIDTH else seen


def interested(seen: bytes, i: int, ts: int) -> bool:
    """Does news at `ts` matter to who has this record?"""
    return 0 <= ts - instant(seen, i) <= INTEREST and price(seen, i) != BOUGHT


def at_rest(stored: bytes) -> Iterator[bytes]:
    """The records in a state at rest, found without reading it; and rarely something else that looks like them from afar."""
    at = stored.find(_MARK)
    while at >= 0:
        at += len(_MARK)
        if at + 3 <= len(stored):
            if stored[at] == _BIN8:
                yield stored[at + 2 : at + 2 + stored[at + 1]]
            elif stored[at] == _BIN16:
                yield stored[at + 3 : at + 3 + int.from_bytes(stored[at + 1 : at + 3], "big")]
        at = stored.find(_MARK, at)


def wanted(stored: bytes, news: Mapping[bytes, Sequence[int]]) -> list[bytes]:
    """The products to whose news (by hash: its instants) the customer of a state at rest is to listen."""
    found = []
    for seen in at_rest(stored):
        for i in range(0, len(seen) - WIDTH + 1, WIDTH):
            product = seen[i : i + HASH]
            if product in news and any(interested(seen, i, ts) for ts in news[product]):
                found.append(product)
    return found
