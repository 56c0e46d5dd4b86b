"""Records that somebody else has written to our part of the changelog while it was ours, and writing again what they hide.

What a former worker sent can reach the broker long after it lost the partition: the network held it back, or the worker was stopped
between its last look at its lease and its sending. Recovery ignores such records, and a takeover covers them (see recovery.py); but until
somebody takes the partition over they are the *last* records of their keys, and compaction keeps those and drops ours. So the owner looks
at the offsets its own records are given. Where these do not follow on each other, there are records of a stranger in between: their
keys are written again at once, long before `min.compaction.lag.ms` lets compaction come by.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from streams.customers import changelog
from streams.customers.changelog import ERASED, ERASURE_KEY, LAYOUT, RESERVED, TOPICS, TopicIds, body_of, epoch_of, tombstone
from streams.customers.draft import Batch, Batches, MakeBatch
from streams.customers.partition import Partition
from streams.customers.reading import between

if TYPE_CHECKING:
    from streams.settings import Settings

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Strangers:
    """Finds out what strangers have written. `topics`: as in Takeover."""

    settings: Settings
    changelog: str
    topics: TopicIds
    make_batch: MakeBatch

    async def covered(self, partition: Partition, first: int, end: int) -> list[Batch]:
        """Records that cover those of strangers from offset `first` up to, not including, `end`. Raises KafkaError, Unreadable."""
        hidden: dict[bytes, bytes | None] = {}
        async for record in between(self.settings, self.changelog, partition.number, first, end):
            if record.key is not None and (record.value is None or epoch_of(record.value) < partition.epoch):
                hidden[record.key] = record.value
        if not hidden:
            return []
        log.warning("a former worker's records came late; what they hide is written again", partition=partition.number, records=len(hidden))
        batches = Batches(self.make_batch)
        for key, value in hidden.items():
            if key < RESERVED:
                kept = partition.record(key)
                if kept is None:
                    batches.add(key, None, tombstone(partition.epoch))
                else:
                    batches.add(key, changelog.with_epoch(kept, partition.epoch), [])
            elif key.startswith(ERASED) or key == ERASURE_KEY:
                body = partition.erased.body(key)
                if body is None:
                    batches.add(key, None, tombstone(partition.epoch))
                else:
                    batches.add(key, changelog.own(partition.epoch, body), [])
            elif key == TOPICS:
                batches.add(key, changelog.own(partition.epoch, self.topics), [])
            elif key.startswith(LAYOUT) and value is not None:
                batches.add(key, changelog.own(partition.epoch, body_of(value)), [])
            # The next flush begins with a position record of ours.
        return batches.filled
