"""A product's id as states keep it: a few bytes of a hash. A customer knows few products, and most views ask for the same few thousand."""

from __future__ import annotations

from scoring.repeats import fingerprint

#: Bytes where news of any product of the shop may ask for it, and where only the customer's own can be meant.
HASH, SHORT = 5, 3
_KEPT = 65_536


class _Hashes(dict[str, bytes]):
    """By product id. Remembered without a note of what was used last, which costs more than to forget everything now and then."""

    def __missing__(self, product_id: str) -> bytes:
        if len(self) >= _KEPT:
            self.clear()
        found = self[product_id] = fingerprint(product_id)[:HASH]
        return found


#: HASH bytes of any product id.
hashes = _Hashes()


def hashed(product_id: str) -> bytes:
    """HASH bytes."""
    return hashes[product_id]


def product_key(product_id: str) -> bytes:
    """SHORT bytes."""
    return hashes[product_id][:SHORT]
