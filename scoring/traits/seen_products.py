"""What a customer has seen of which products, small: records of 13 bytes, the oldest first, and how to find them in states at rest.

A record is 40 bits of a hash of the product's id, an instant (whole seconds from 1970 to 2106) and the price seen (cents) or BOUGHT, in 4
bytes each. The newest of a product counts; of one second the highest price, so BOUGHT. The 12 newest products are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from struct import Struct

from scoring.state import DAY
from scoring.traits.pairing import seconds
from scoring.traits.products import HASH

#: Under which the trait viewed_products keeps its facts: an array of two, of which the records are the first.
KEY = 1
#: For how long after it was seen news of a product matters.
INTEREST = 90 * DAY
#: Bought since it was seen. Higher than any price.
BOUGHT = 0xFFFF_FFFF
WIDTH = 13
_STAMP = 9
_MOST = 12
_ALL = _MOST * WIDTH
_RECORD, _NEWEST, _BEHIND_HASH = Struct(f">{HASH}sII"), Struct(">I"), WIDTH - HASH

#: Where the facts begin in a state at rest, in msgpack: the key, an array of two, a string of less than 256 bytes.
_MARK = bytes((KEY, 0x92, 0xC4))


def place(seen: bytes, product: bytes) -> int:
    """Of the product's record; -1 if there is none."""
    i = seen.find(product)
    while i >= 0 and i % WIDTH:
        i = seen.find(product, i + 1)
    return i


def instant(seen: bytes, i: int) -> int:
    """In ms, on a whole second."""
    return int.from_bytes(seen[i + HASH : i + _STAMP], "big") * 1000


def price(seen: bytes, i: int) -> int:
    return int.from_bytes(seen[i + _STAMP : i + WIDTH], "big")


def with_newest(seen: bytes, product: bytes, ts: int, cents: int) -> bytes | None:
    """With this record of a product that is not there yet, newer than all others; None where it may be otherwise."""
    at = ts // 1000
    if product in seen or not seen or not _NEWEST.unpack_from(seen, len(seen) - _BEHIND_HASH)[0] < at < BOUGHT:
        return None
    return (seen[WIDTH:] if len(seen) == _ALL else seen) + _RECORD.pack(product, at, cents)


def with_record(seen: bytes, product: bytes, ts: int, cents: int) -> bytes:
    """With this newest record of a product; the same where a newer one is known."""
    at, i = seconds(ts), place(seen, product)
    ts = at * 1000
    if i >= 0:
        if (ts, cents) <= (instant(seen, i), price(seen, i)):
            return seen
        seen = seen[:i] + seen[i + WIDTH :]
    i = len(seen)
    while i and (instant(seen, i - WIDTH), seen[i - WIDTH : i - WIDTH + HASH]) > (ts, product):
        i -= WIDTH
    seen = seen[:i] + _RECORD.pack(product, at, cents) + seen[i:]
    return seen[WIDTH:] if len(seen) > _ALL else seen


def interested(seen: bytes, i: int, ts: int) -> bool:
    """Does news at `ts` matter to who has this record?"""
    return 0 <= ts - instant(seen, i) <= INTEREST and price(seen, i) != BOUGHT


def at_rest(stored: bytes) -> Iterator[bytes]:
    """The records in a state at rest, found without reading it; and rarely something else that looks like them from afar."""
    at = stored.find(_MARK)
    while at >= 0:
        at += len(_MARK)
        if at < len(stored):
            yield stored[at + 1 : at + 1 + stored[at]]
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
