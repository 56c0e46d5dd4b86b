"""A product's id as states keep it: a few bytes of a hash. A customer knows few products, and most views ask for the same few thousand."""

from __future__ import annotations

from scoring.repeats import fingerprint

#: Bytes where news of any product of the shop may ask for it, and where only the customer's own can be meant.
HASH, SHORT = 5, 3
_KEPT = 65_536
_known: dict[str, bytes] = {}


def hashed(product_id: str) -> bytes:
    """HASH bytes. Remembered in a plain dict: to note what was used last costs more than to forget everything now and then."""
    try:
        return _known[product_id]
    except KeyError:
        if len(_known) >= _KEPT:
            _known.clear()
        found = _known[product_id] = fingerprint(product_id)[:HASH]
        return found


def product_key(product_id: str) -> bytes:
    """SHORT bytes."""
    return hashed(product_id)[:SHORT]
