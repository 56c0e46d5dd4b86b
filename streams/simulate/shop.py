"""The shop as a whole: all customers' events, and what its catalogue says, in order of time."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from random import Random

from streams.simulate.characters import perform
from streams.simulate.offers import Offers
from streams.simulate.people import KINDS, SHARES
from streams.simulate.rhythm import DAY
from streams.simulate.visits import Row, Shopper

#: Monday 2026-01-05T00:00:00Z.
START = 1_767_571_200_000


def simulate(customers: int = 1000, days: float = 30, seed: int = 1, start_ms: int = START, of_each: int = 0) -> Iterator[Row]:
    """Rows of an NDJSON file (dicts, `ts` RFC 3339) of so many customers over so many days from `start_ms`, in order of `ts`;
    and of so many of each character (streams/simulate/characters), whose stories end then and may begin years before.

    Made one at a time as they are asked for, but a character's story at once: memory grows with the customers, and with all events of
    characters. The same arguments give the same rows, and a customer's own do not depend on how many others there are.
    """
    end = start_ms + int(days * DAY)
    heap: list[tuple[int, int, Row, Iterator[tuple[int, Row]]]] = []
    offers = Offers(seed, start_ms, end)
    catalogue = offers.rows() if customers else iter(())
    for ts, row in catalogue:
        heap.append((ts, 0, row, catalogue))
        break
    for number in range(1, customers + 1):
        rng = Random(f"{seed}/{number}")
        kind = rng.choices(KINDS, SHARES)[0]
        events = Shopper(rng, kind, number, start_ms, end, offers).events()
        for ts, row in events:
            heap.append((ts, number, row, events))
            break
    for number, story in enumerate(perform(of_each, seed, end), customers + 1):
        events = iter(story)
        for ts, row in events:
            heap.append((ts, number, row, events))
            break
    heapq.heapify(heap)
    while heap:
        _, number, row, events = heap[0]
        yield row
        for ts, following in events:
            heapq.heapreplace(heap, (ts, number, following, events))
            break
        else:
            heapq.heappop(heap)
