"""A customer's outputs stay in its state until the broker has them; here they are kept, dropped and made into records.

An outbox is a list of `[sequence, entry]`, oldest first; `sequence` is that of the flush that made the entry.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from scoring.state import Customer

Entry = list[Any]
Headers = list[tuple[str, bytes]]
#: (entry, customer id, wall time in ms) -> (topic without prefix, value, headers)
Render = Callable[[Entry, str, int | None], tuple[str, bytes, Headers]]
#: (topic without prefix, key, value, headers)
Output = tuple[str, bytes, bytes, Headers]

#: Where an entry, change or message, has its instant.
AT = 5


def add(state: Customer, sequence: int, entry: Entry) -> None:
    if state.outbox is None:
        state.outbox = [[sequence, entry]]
    else:
        state.outbox.append([sequence, entry])


def drop_confirmed(state: Customer, confirmed: int) -> None:
    if state.outbox is not None:
        state.outbox = [kept for kept in state.outbox if kept[0] > confirmed] or None


def unconfirmed(state: Customer, confirmed: int) -> list[tuple[int, Entry]]:
    return [(sequence, entry) for sequence, entry in state.outbox or () if sequence > confirmed]


def records(entries: Iterable[tuple[bytes, Entry]], render: Render, detected_at: int) -> list[Output]:
    """Entries, each with its customer's key, as records in the same order."""
    found: list[Output] = []
    for key, entry in entries:
        topic, value, headers = render(entry, key.decode("utf-8", "surrogatepass"), detected_at)
        found.append((topic, key, value, headers))
    return found
