"""Who may send: write keys, as user of Basic authentication or in the body."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Sequence
from hashlib import sha256


class WriteKeys:
    """Compared by their hashes, all of them, in a time that tells nothing."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._hashes = [sha256(key.encode()).digest() for key in keys]

    def know(self, key: str | None) -> bool:
        given = sha256((key or "").encode("utf-8", "surrogatepass")).digest()
        found = False
        for known in self._hashes:
            found |= hmac.compare_digest(given, known)
        return found


def basic_user(header: str | None) -> str | None:
    """The user of an Authorization header; None where it is no Basic authentication. One that can't be read is "", nobody's key."""
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        return base64.b64decode(encoded.strip(), validate=True).decode().partition(":")[0]
    except ValueError:
        return ""
