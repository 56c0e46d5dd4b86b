"""Topics of a partition merged by time: queues by topic rank, and what of them may be applied up to a bound.

An item's place is (time, rank, offset). Time is the running maximum of its topic's event times, so that records of one
topic are never taken out of offset order; a producer's clock that runs ahead moves it no further than the record's
own timestamp and the moment it was fetched.
"""

from __future__ import annotations

from collections import Counter
from itertools import islice

from scoring.events.schema import HANDOVERS, IDENTITIES, PRODUCT_NEWS, RANKS, Event
from scoring.merge.handover import Handover

#: time (ms), rank, offset, key, event. Product news has its product's id for a key: it is for whoever wants it.
Item = tuple[int, int, int, bytes, Event | Handover]

#: Events a topic may have waiting before it is read no further.
CAPACITY = 48_000
#: Events of one customer that are taken at once: nobody else has a turn meanwhile, and what they put out stands in one record.
MOST_OF_ONE = 3_000
#: News that is taken at once: one search through all customers serves all of it, and each may matter to many.
MOST_NEWS = 1_000


class Alignment:
    """`newest`: running maximum of event time by rank; `position`: the next offset to be fetched by rank. `ties`: what was taken last may
    have events of the topics that tie customers to each other; `news`: and news of products. `taken`: by rank, where all that is taken is
    counted. Of as many topics as there are `positions`."""

    __slots__ = ("newest", "news", "position", "queues", "taken", "ties")

    def __init__(self, positions: list[int], taken: list[int] | None = None) -> None:
        self.queues: list[list[Item]] = [[] for _ in positions]
        self.newest = [0] * len(positions)
        self.position = list(positions)
        self.ties = self.news = False
        self.taken = [0] * RANKS if taken is None else taken

    def room(self, rank: int) -> bool:
        return len(self.queues[rank]) < CAPACITY

    def waiting(self) -> int:
        return sum(map(len, self.queues))

    def add(self, rank: int, items: list[Item], position: int) -> None:
        if items:
            queue = self.queues[rank]
            if queue:
                queue += items
            else:
                self.queues[rank] = items
            self.newest[rank] = items[-1][0]
        self.position[rank] = position

    def take(self, bound: int, limit: int) -> tuple[list[Item], int]:
        """Items up to and including `bound` in order, at most `limit`, and the instant up to which none is left."""
        taken: list[Item] = []
        queues = self.queues
        numbers = self.taken
        self.ties = bool(queues[IDENTITIES] or queues[HANDOVERS])
        self.news = len(queues) > PRODUCT_NEWS and bool(queues[PRODUCT_NEWS])
        for rank, queue in enumerate(queues):
            if not queue or queue[0][0] > bound:
                continue
            if queue[-1][0] <= bound:
                numbers[rank] += len(queue)
                taken += queue
                queues[rank] = []
            else:
                cut = _after(queue, bound)
                numbers[rank] += cut
                taken += queue[:cut]
                queues[rank] = queue[cut:]
        taken.sort()  # never compares further than (time, rank, offset), which differ
        limit = _for_one(taken, limit)
        if self.news:
            limit = _for_news(taken, limit)
        if len(taken) <= limit:
            return taken, bound
        back = taken[limit:]
        del taken[limit:]
        for rank in {item[1] for item in back}:
            theirs = [item for item in back if item[1] == rank]
            numbers[rank] -= len(theirs)
            queues[rank] = theirs + queues[rank]
        return taken, back[0][0] - 1

    def applied(self) -> list[int]:
        """By rank, the offset below which everything has been taken."""
        return [queue[0][2] if queue else position for queue, position in zip(self.queues, self.position, strict=True)]


def _for_one(taken: list[Item], limit: int) -> int:
    """How many may be taken so that no customer has too many."""
    if len(taken) <= MOST_OF_ONE:
        return limit
    key, most = Counter(item[3] for item in taken).most_common(1)[0]
    if most <= MOST_OF_ONE:
        return limit
    places = (place for place, item in enumerate(taken) if item[3] == key)
    return min(limit, next(islice(places, MOST_OF_ONE, None)))


def _for_news(taken: list[Item], limit: int) -> int:
    """How many may be taken so that there is not too much news among them."""
    places = (place for place, item in enumerate(taken) if item[1] == PRODUCT_NEWS)
    return min(limit, next(islice(places, MOST_NEWS, None), limit))


def _after(queue: list[Item], bound: int) -> int:
    low, high = 0, len(queue)
    while low < high:
        middle = (low + high) // 2
        if queue[middle][0] <= bound:
            low = middle + 1
        else:
            high = middle
    return low
