"""A customer's outputs stand in its changelog record until the broker has them; here they are kept, found and made into records.

An outbox is a list of `[sequence, entry]`, oldest first; `sequence` is that of the flush that made the entry. In memory only those of
flushes still on their way are kept, a table for each flush: a state at rest has none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Entry = list[Any]
Headers = list[tuple[str, bytes]]
#: (entry, customer id, wall time in ms) -> (topic without prefix, value, headers)
Render = Callable[[Entry, str, int | None], tuple[str, bytes, Headers]]
#: (topic without prefix, key, value, headers)
Output = tuple[str, bytes, bytes, Headers]

#: Entries each with its instant (ms) and customer.
Said = list[tuple[int, bytes, Entry]]

#: Where an entry, change or message, has its instant.
AT = 5
#: Customers whose outputs are forgotten in a go: some 5 ms with all families.
FORGOTTEN = 2_000


Open = list[tuple[int, dict[bytes, list[Entry]]]]
"""By flush that isn't wholly at the broker, the oldest first: its sequence and what it put out, by customer."""


def confirmed(flushes: Open, sequence: int) -> list[dict[bytes, list[Entry]]]:
    """Takes away flushes up to this sequence, of which the broker has what they put out; to be `forgotten`."""
    found = []
    while flushes and flushes[0][0] <= sequence:
        found.append(flushes.pop(0)[1])
    return found


def forgotten(tables: list[dict[bytes, list[Entry]]]) -> Iterator[None]:
    """Empties them. Yields now and then, so that others may have a turn: those of a large flush take 20 to 70 milliseconds of CPU."""
    for table in tables:
        while table:
            for _ in range(min(FORGOTTEN, len(table))):
                table.popitem()
            yield


def of(flushes: Open, key: bytes) -> list[list[Any]]:
    """The outbox a record of this customer must have."""
    return [[sequence, entry] for sequence, entries in flushes if (theirs := entries.get(key)) for entry in theirs]


def records(said: Said, render: Render, detected_at: int) -> list[Output]:
    """What was said as records, in the same order."""
    found: list[Output] = []
    for _, key, entry in said:
        topic, value, headers = render(entry, key.decode("utf-8", "surrogatepass"), detected_at)
        found.append((topic, key, value, headers))
    return found
