"""Raw records in: decoded, placed in time, or put aside as dead letters."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from scoring.events.decode import Invalid
from scoring.events.schema import TOPICS, Event
from scoring.merge.handover import Handover
from streams.customers.alignment import Item
from streams.customers.counters import Counters
from streams.customers.partition import Partition
from streams.deadletters import DeadLetter, Limit
from streams.kafka.errors import Fatal

#: (value, key, record timestamp in epoch ms) -> what it says; raises Invalid.
Decode = Callable[[bytes | None, bytes | None, int], Event | Handover]


class Intake:
    """`decoders` and full names of `topics` by rank; `now` the wall clock in ms."""

    def __init__(
        self, decoders: Sequence[Decode], limit: Limit, counters: Counters, now: Callable[[], int], topics: Sequence[str] = TOPICS
    ) -> None:
        self._decoders = decoders
        self._limit = limit
        self._counters = counters
        self._now = now
        self._topics = topics

    def feed(self, partition: Partition, rank: int, records: Sequence[Any]) -> None:
        """Takes in fetched records of one topic. Raises Fatal when too many are refused; none of these counts as read then."""
        decode = self._decoders[rank]
        newest = partition.alignment.newest[rank]
        now = self._now()
        items: list[Item] = []
        refused: list[DeadLetter] = []
        for record in records:
            key, timestamp = record.key, record.timestamp
            try:
                event = decode(record.value, key, timestamp)
            except Invalid as fault:
                refused.append(self._refused(partition.number, rank, record, fault.error, fault.detail))
                continue
            except Exception as error:  # a record must not be able to stop the worker
                detail = f"{type(error).__name__} while decoding: {error}"
                refused.append(self._refused(partition.number, rank, record, "not_decodable", detail))
                continue
            ts = event.ts
            if ts > newest:
                # A clock that runs ahead moves its topic's time no further than the record's arrival.
                if ts > timestamp:
                    ts = timestamp
                if ts > now:
                    ts = now
                if ts > newest:
                    newest = ts
            items.append((newest, rank, record.offset, key, event))
        partition.letters += refused
        partition.alignment.add(rank, items, records[-1].offset + 1)

    def _refused(self, number: int, rank: int, record: Any, error: str, detail: str) -> DeadLetter:
        self._counters.letter(rank, error)
        letter = DeadLetter(
            self._topics[rank], number, record.offset, record.timestamp, record.key, record.value, tuple(record.headers), error, detail
        )
        if self._limit.exceeded(letter):
            place = f"{letter.topic} partition {letter.partition} offset {letter.offset}"
            raise Fatal(
                f"more than {self._limit} dead letters in a minute, the newest: {place}: {detail}. Nothing is lost: put the producer "
                "right, or raise dead_letter_limit (0: no limit), and start again"
            )
        return letter
