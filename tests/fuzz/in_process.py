"""The worker's way from records to records without a broker: intake, merge by time, evaluation, flush. What it would send is kept."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import resources

from scoring.campaigns.read import read as read_campaigns
from scoring.engine import Engine
from scoring.events.decode import decoders
from scoring.events.schema import RANKS
from scoring.segments.read import read as read_segments
from streams.customers.alignment import Alignment
from streams.customers.counters import Counters
from streams.customers.evaluate import Evaluator
from streams.customers.flush import Flusher
from streams.customers.intake import Intake
from streams.customers.migration import Migration
from streams.customers.partition import Delivered, Partition
from streams.customers.timers import Wheel
from streams.customers.watermark import Watermark
from streams.deadletters import Headers, Limit
from streams.kafka.names import Names
from tests.fuzz.mutator import Input

NAMES = Names("fuzz", "")
Record = tuple[bytes | None, bytes | None, Headers]


class Kept:
    """A batch that is never full."""

    def __init__(self) -> None:
        self.records: list[Record] = []

    def append(self, *, timestamp: int | None, key: bytes | None, value: bytes | None, headers: Headers = []) -> object:  # noqa: B006
        self.records.append((key, value, headers))
        return self


def engine() -> Engine:
    """That of the definitions and campaigns which come with Gedrag."""
    defaults = resources.files("streams") / "defaults"
    definitions = read_segments((defaults / "segments.toml").read_text())
    return Engine(definitions, read_campaigns((defaults / "campaigns.toml").read_text(), definitions))


class Line:
    """One partition of all six topics. `sent`: records by topic of the newest `take`; `changelog`: those of the changelog."""

    def __init__(self) -> None:
        self.counters = Counters()
        self.partition = Partition(0, alignment=Alignment([0] * RANKS), watermark=Watermark(0))
        self.sent: dict[str, list[Record]] = {}
        self.changelog: list[Record] = []
        self._now = 0
        self._ends = [0] * RANKS
        self._intake = Intake(decoders(), Limit(0), self.counters, lambda: self._now)
        made = engine()
        evaluator = Evaluator(made, NAMES.inputs, self.counters)
        self._flusher = Flusher(made, evaluator, Migration(made), NAMES, self.counters, Kept)

    def start(self, now: int) -> None:
        self.partition.wheel = Wheel(now)
        self.partition.watermark = Watermark(0, now)

    def place(self, record: Input) -> None:
        """Gives a record its place on its topic, as the broker does."""
        record.topic, record.offset = NAMES.inputs[record.rank], self._ends[record.rank]
        self._ends[record.rank] += 1

    def take(self, records: Iterable[Input], now: int) -> None:
        """All of them arrive, in the order given, and at `now` (ms) the topics are read to their ends: applied, due deadlines fired."""
        self._now, self.sent, self.changelog = now, {}, []
        partition = self.partition
        by_rank: list[list[Input]] = [[] for _ in range(RANKS)]
        for record in records:
            by_rank[record.rank].append(record)
        for rank, found in enumerate(by_rank):
            if found:
                self._intake.feed(partition, rank, found)
            partition.watermark.seen(rank, self._ends[rank], now - 1)  # whatever is of `now` comes with the next
        while (flush := self._flusher.flush(partition, 0.0, now)) is not None:
            for batch in flush.changelog:
                self.changelog += batch.records  # type: ignore[attr-defined]
            for topic, batches in flush.outputs.items():
                for batch in batches:
                    self.sent.setdefault(topic, []).extend(batch.records)  # type: ignore[attr-defined]
            partition.delivered = Delivered(flush.delivered.confirmed, flush.delivered.fired, flush.delivered.positions)
