"""A partition's customers read back from its changelog: which records count, and what has to be put right.

A worker that has lost the partition may still have written (see lease.py). Its records carry an older epoch than one
before them in the log and are ignored; and since compaction keeps the *last* record of a key, what they hid is written
again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from streams.customers.changelog import (
    ERASED,
    ERASURE_KEY,
    LAYOUT,
    META,
    RESERVED,
    TOPICS,
    Meta,
    TopicIds,
    Unreadable,
    body_of,
    epoch_of,
    epoch_of_tombstone,
    may_be_customer,
    read_meta,
    read_topics,
)
from streams.kafka.errors import Fatal
from streams.kafka.topics import way_to_more


class Record(Protocol):
    """A consumer record."""

    offset: int
    key: bytes | None
    value: bytes | None


@dataclass(slots=True)
class Restored:
    """What the changelog of one partition holds. `hidden`: keys whose last record is to be ignored; `end`: the offset after the last.
    `topic` and `partition` are for the words of errors."""

    topic: str = ""
    partition: int = -1
    states: dict[bytes, bytes] = field(default_factory=dict)
    epoch: int = 0
    meta: Meta | None = None
    topics: TopicIds | None = None
    layouts: dict[int, bytes] = field(default_factory=dict)
    marks: dict[bytes, bytes] = field(default_factory=dict)
    erasure_key: bytes | None = None
    hidden: set[bytes] = field(default_factory=set)
    records: int = 0
    ignored: int = 0
    end: int = 0

    def read(self, records: Iterable[Record]) -> None:
        """Takes in records in log order. Raises Fatal for one that cannot be read: never a wrong or empty state instead."""
        states, hidden = self.states, self.hidden
        epoch = self.epoch
        for record in records:
            self.records += 1
            key, value = record.key, record.value
            try:
                if key is None:
                    raise Unreadable("it has no key")
                if value is None:
                    written = epoch_of_tombstone(getattr(record, "headers", ()))
                    if written is not None and written < epoch:
                        self.ignored += 1
                        hidden.add(key)
                        continue
                    epoch = max(epoch, written or 0)
                    states.pop(key, None)
                    self.marks.pop(key[len(ERASED) :], None)
                    hidden.discard(key)
                    continue
                written = epoch_of(value)
                if key < RESERVED and not may_be_customer(value):
                    raise Unreadable("it holds no customer")
                if written < epoch:
                    self.ignored += 1
                    hidden.add(key)
                    continue
                epoch = written
                if hidden:
                    hidden.discard(key)
                if key >= RESERVED:
                    self._own(key, value)
                else:
                    states[key] = value
            except Unreadable as error:
                raise Fatal(
                    f"the changelog record {self.topic} partition {self.partition} offset {record.offset} cannot be read: {error}. "
                    "Install the release that wrote it, or restore the topic; nothing was changed"
                ) from error
        self.epoch = epoch

    def _own(self, key: bytes, value: bytes) -> None:
        if key == META:
            self.meta = read_meta(value)
        elif key == TOPICS:
            self.topics = read_topics(value)
        elif key.startswith(ERASED):
            self.marks[key[len(ERASED) :]] = body_of(value)
        elif key == ERASURE_KEY:
            self.erasure_key = body_of(value)
        elif key.startswith(LAYOUT):
            self.layouts[int(key[len(LAYOUT) :], 16)] = body_of(value)


def check_topics(recorded: TopicIds, current: TopicIds, changelog: str, added: Iterable[str] = (), dropped: Iterable[str] = ()) -> None:
    """Positions and offsets mean nothing in other topics than those they were written for. Raises Fatal with the remedy.

    `added`: topics that were not read before, by an older release or under other definitions; `dropped`: that need not be read any more.
    """
    anew = "start anew with another app_id, which reads the topics from their beginning"
    if recorded.partitions != current.partitions:
        raise Fatal(
            f"the topics have {current.partitions} partitions, {changelog} was written with {recorded.partitions}: customers would be torn "
            f"apart. Instead, {way_to_more(current.partitions)}"
        )
    gone, new = sorted(set(recorded.ids) - set(current.ids)), sorted(set(current.ids) - set(recorded.ids))
    if set(gone) - set(dropped) or set(new) - set(added):
        raise Fatal(f"{changelog} was written for {', '.join(gone)}, not {', '.join(new)}: set topic_prefix as it was, or {anew}")
    made_anew = sorted(name for name, known in recorded.ids.items() if known and current.ids.get(name) and known != current.ids[name])
    if made_anew:
        raise Fatal(
            f"{', '.join(made_anew)} was deleted and made anew since {changelog} was written, so the offsets in it are of another log: "
            + anew
        )


def check_position(topic: str, partition: int, position: int, beginning: int, end: int | None) -> None:
    """What lies between the changelog's position and the topic's first record is lost. Raises Fatal with the remedy."""
    if position < beginning:
        raise Fatal(
            f"{topic} partition {partition} begins at offset {beginning}, but {beginning - position} records from offset {position} on "
            "were never read: retention deleted them. Restore them and raise the topic's retention.ms, or start the worker once with "
            "--accept-gap"
        )
    if end is not None and position > end:
        raise Fatal(
            f"{topic} partition {partition} ends at offset {end}, before offset {position} where this worker had come to: it was deleted "
            "and made anew, or has lost records. Restore it, or start anew with another app_id"
        )
