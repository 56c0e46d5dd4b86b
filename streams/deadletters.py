"""Dead letters: inputs that were refused, kept with their very bytes and the reason, and the limit on how many."""

from __future__ import annotations

from dataclasses import dataclass

#: Minutes with refused records that are remembered: partitions of a backlog are not read in step.
_MINUTES = 1_000
_LONGEST_DETAIL = 1_000

Headers = list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """An input record as it came, where it came from, and why it was refused. `timestamp` in epoch ms."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    error: str
    detail: str

    def annotated(self) -> Headers:
        """The record's own headers, and after them ours."""
        return [
            *self.headers,
            ("error", self.error.encode()),
            ("detail", self.detail[:_LONGEST_DETAIL].encode("utf-8", "replace")),
            ("topic", self.topic.encode()),
            ("partition", b"%d" % self.partition),
            ("offset", b"%d" % self.offset),
            ("timestamp", b"%d" % self.timestamp),
        ]


_OURS = ("error", "detail", "topic", "partition", "offset", "timestamp")


class NotADeadLetter(ValueError):
    """A record of the dead-letters topic without the headers that say where it came from."""


def read(key: bytes | None, value: bytes | None, headers: tuple[tuple[str, bytes], ...]) -> DeadLetter:
    """The dead letter that `annotated` wrote. Raises NotADeadLetter."""
    ours = headers[-len(_OURS) :]
    if tuple(name for name, _ in ours) != _OURS:
        raise NotADeadLetter("its last headers are not " + ", ".join(_OURS))
    error, detail, topic, partition, offset, timestamp = (text.decode("utf-8", "replace") for _, text in ours)
    own = headers[: -len(_OURS)]
    try:
        return DeadLetter(topic, int(partition), int(offset), int(timestamp), key, value, own, error, detail)
    except ValueError as bad:
        raise NotADeadLetter(str(bad)) from bad


class Limit:
    """More than `most` refused records in one minute, by their own timestamps, are too many; 0: never.

    Time is the records', not the worker's: a backlog is read many times faster than it was written, and a producer that
    errs now and then must not stop the worker for that.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._minutes: dict[int, int] = {}

    def exceeded(self, refused: DeadLetter) -> bool:
        """Counts one more."""
        if not self._most:
            return False
        minute = refused.timestamp // 60_000
        count = self._minutes[minute] = self._minutes.get(minute, 0) + 1
        if len(self._minutes) > _MINUTES:
            del self._minutes[min(self._minutes)]
        return count > self._most

    def __str__(self) -> str:
        return str(self._most)
