"""What several commands read from their command line in the same way."""

from __future__ import annotations

import re

from scoring.events.instants import checked, epoch_ms
from scoring.events.invalid import Invalid

WRONG_USE = 2


def instant(text: str, option: str) -> int:
    """RFC 3339, a date (its midnight, UTC) or epoch ms -> epoch ms. Raises Invalid, naming the option."""
    try:
        if re.fullmatch(r"-?[0-9]{1,18}", text):
            return checked(int(text))
        return epoch_ms(text + "T00:00:00Z" if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text) else text)
    except Invalid:
        expected = "RFC 3339 (2026-03-01T11:00:00Z), a date (2026-03-01) or epoch milliseconds, in the years 0001 to 9999"
        raise Invalid("bad_ts", f"{option} {text!r}: expected {expected}") from None
