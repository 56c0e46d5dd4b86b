"""Topics of a partition merged by time: queues by topic rank, and what of them may be applied up to a bound.

An item's place is (time, rank, offset). Time is the running maximum of its topic's event times, so that records of one
topic are never taken out of offset order; a producer's clock that runs ahead moves it no further than the record's
own timestamp and the moment it was fetched.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from itertools import islice
from operator import itemgetter

from scoring.events.schema import HANDOVERS, IDENTITIES, PRODUCT_NEWS, RANKS, Event
from scoring.merge.handover import Handover

#: time (ms), rank, offset, key, event. Product news has its product's id for a key: it is for whoever wants it.
Item = tuple[int, int, int, bytes, Event | Handover]

#: Events that a topic of a partition may have waiting, and that a flush takes on at most: a share of what all partitions of a worker may
#: together, so that a worker with many of them needs no more memory to catch up. The larger a flush, the more often a customer has several
#: events in it, whose state is then read and written once.
TOGETHER, MOST, LEAST = 384_000, 96_000, 12_000
#: Events of a topic that are taken before others may have a turn: some 5 ms.
SLICE = 12_000
#: Events of one customer that are taken at once: nobody else has a turn meanwhile, and what they put out stands in one record.
MOST_OF_ONE = 3_000
#: News that is taken at once: one search through all customers serves all of it, and each may matter to many.
MOST_NEWS = 1_000


def share(partitions: int) -> int:
    """The capacity of each of so many partitions."""
    return max(LEAST, min(MOST, TOGETHER // max(1, partitions)))


class Alignment:
    """`newest`: running maximum of event time by rank; `position`: the next offset to be fetched by rank. `ties`: what was taken last may
    have events of the topics that tie customers to each other; `news`: and news of products. `taken`: by rank, where all that is taken is
    counted. `capacity`: events that a topic may have waiting before it is read no further. Of as many topics as there are `positions`."""

    __slots__ = ("capacity", "newest", "news", "position", "queues", "taken", "ties")

    def __init__(self, positions: list[int], taken: list[int] | None = None) -> None:
        self.queues: list[list[Item]] = [[] for _ in positions]
        self.capacity = LEAST
        self.newest = [0] * len(positions)
        self.position = list(positions)
        self.ties = self.news = False
        self.taken = [0] * RANKS if taken is None else taken

    def room(self, rank: int) -> bool:
        return len(self.queues[rank]) < self.capacity

    def waiting(self) -> int:
        return sum(map(len, self.queues))

    def ready(self, bound: int) -> int:
        """How many wait that are at or below `bound`: the others are ahead of their partition's slowest topic."""
        return sum(len(queue) if queue[-1][0] <= bound else _after(queue, bound) for queue in self.queues if queue)

    def add(self, rank: int, items: list[Item], position: int) -> None:
        if items:
            queue = self.queues[rank]
            if queue:
                queue += items
            else:
                self.queues[rank] = items
            self.newest[rank] = items[-1][0]
        self.position[rank] = position

    def taking(self, bound: int, limit: int) -> Generator[None, None, tuple[list[Item], int]]:
        """Items up to and including `bound` in order, at most `limit`, and the instant up to which none is left. Yields now and then, so
        that others may have a turn."""
        taken: list[Item] = []
        self.ties = bool(self.queues[IDENTITIES] or self.queues[HANDOVERS])
        self.news = len(self.queues) > PRODUCT_NEWS and bool(self.queues[PRODUCT_NEWS])
        of_each: Counter[bytes] = Counter()
        news = 0
        while True:
            until = min(bound, min((queue[SLICE][0] for queue in self.queues if len(queue) > SLICE), default=bound))
            more = self._up_to(until)
            room = _for_one(taken, more, limit - len(taken), of_each)
            if self.news:
                room = _for_news(more, room, news)
                news += sum(item[1] == PRODUCT_NEWS for item in more)
            if len(more) > room:
                back = more[room:]
                self._put_back(back)
                return taken + more[:room], back[0][0] - 1
            taken += more
            if until == bound:
                return taken, bound
            yield

    def _up_to(self, bound: int) -> list[Item]:
        """In order."""
        found: list[Item] = []
        for rank, queue in enumerate(self.queues):
            if not queue or queue[0][0] > bound:
                continue
            if queue[-1][0] <= bound:
                self.taken[rank] += len(queue)
                found += queue
                self.queues[rank] = []
            else:
                cut = _after(queue, bound)
                self.taken[rank] += cut
                found += queue[:cut]
                self.queues[rank] = queue[cut:]
        found.sort()  # never compares further than (time, rank, offset), which differ
        return found

    def _put_back(self, items: list[Item]) -> None:
        for rank in {item[1] for item in items}:
            theirs = [item for item in items if item[1] == rank]
            self.taken[rank] -= len(theirs)
            self.queues[rank] = theirs + self.queues[rank]

    def applied(self) -> list[int]:
        """By rank, the offset below which everything has been taken."""
        return [queue[0][2] if queue else position for queue, position in zip(self.queues, self.position, strict=True)]


def _for_one(taken: list[Item], more: list[Item], room: int, of_each: Counter[bytes]) -> int:
    """How many more may be taken so that no customer has too many; `of_each`: how many each has among those taken."""
    if len(taken) + len(more) <= MOST_OF_ONE:
        return room
    if not of_each:
        of_each.update(item[3] for item in taken)
    of_each.update(item[3] for item in more)
    key, most = max(of_each.items(), key=itemgetter(1))
    if most <= MOST_OF_ONE:
        return room
    places = [place for place, item in enumerate(more) if item[3] == key]
    return min(room, places[MOST_OF_ONE - (most - len(places))])


def _for_news(more: list[Item], room: int, news: int) -> int:
    """How many more may be taken so that there is not too much news; `news`: how much there is among those taken."""
    places = (place for place, item in enumerate(more) if item[1] == PRODUCT_NEWS)
    return min(room, next(islice(places, MOST_NEWS - news, None), room))


def _after(queue: list[Item], bound: int) -> int:
    low, high = 0, len(queue)
    while low < high:
        middle = (low + high) // 2
        if queue[middle][0] <= bound:
            low = middle + 1
        else:
            high = middle
    return low
