"""A customer's outputs stand in its changelog record until the broker has them; here they are kept, found and made into records.

An outbox is a list of `[sequence, entry]`, oldest first; `sequence` is that of the flush that made the entry. In memory only those of
flushes still on their way are kept, a table for each flush: a state at rest has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Entry = list[Any]
Headers = list[tuple[str, bytes]]
#: (entry, customer id, wall time in ms) -> (topic without prefix, value, headers)
Render = Callable[[Entry, str, int | None], tuple[str, bytes, Headers]]
#: (topic without prefix, key, value, headers)
Output = tuple[str, bytes, bytes, Headers]

#: Where an entry, change or message, has its instant.
AT = 5


Open = list[tuple[int, dict[bytes, list[Entry]]]]
"""By flush that isn't wholly at the broker, the oldest first: its sequence and what it put out, by customer."""


def drop_confirmed(flushes: Open, confirmed: int) -> None:
    """Forgets flushes up to this sequence: the broker has what they put out."""
    while flushes and flushes[0][0] <= confirmed:
        del flushes[0]


def of(flushes: Open, key: bytes) -> list[list[Any]]:
    """The outbox a record of this customer must have."""
    return [[sequence, entry] for sequence, entries in flushes if (theirs := entries.get(key)) for entry in theirs]


def records(entries: Iterable[tuple[bytes, Entry]], render: Render, detected_at: int) -> list[Output]:
    """Entries, each with its customer's key, as records in the same order."""
    found: list[Output] = []
    for key, entry in entries:
        topic, value, headers = render(entry, key.decode("utf-8", "surrogatepass"), detected_at)
        found.append((topic, key, value, headers))
    return found
