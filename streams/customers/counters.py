"""What the worker counts; read by its log line, the demo and tests."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(slots=True)
class Counters:
    """Totals since the start, and gauges of this moment (lag, watermark delay in ms, customers)."""

    events: int = 0  # applied
    repeats: int = 0  # of an event id, not applied
    replayed: int = 0  # at or below the offset already applied, skipped
    dead_letters: int = 0
    changes: int = 0
    messages: int = 0
    sent_on: int = 0  # events of an id that was joined to another
    dropped: int = 0  # events of a forgotten customer
    refused: int = 0  # ids that could not be joined: they belong to another already
    fired: int = 0  # customers whose deadline changed something
    quiet: int = 0  # customers whose deadline changed nothing
    migrated: int = 0  # customers taken over from other definitions
    flushes: int = 0
    partitions: int = 0
    customers: int = 0
    lag: int = 0
    watermark_delay: int = 0
    longest_pause: int = 0

    def as_dict(self) -> dict[str, int]:
        return {field.name: getattr(self, field.name) for field in fields(self)}
