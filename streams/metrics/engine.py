"""The customer engine's series: members and why they came and went, events, time, writing, recovery."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice, permutations
from typing import TYPE_CHECKING

from prometheus_client.registry import Collector

from scoring.engine.changes import CAUSES
from scoring.engine.steps import ENTERED, MOVED
from scoring.events.schema import NEWS, RANKS, TOPICS
from scoring.segments.model import Definitions, Segment
from streams.clock import now_ms
from streams.customers.counters import ASIDE
from streams.metrics.series import Metric, Row, counter, gauge, histogram

if TYPE_CHECKING:
    from streams.customers.partition import Partition
    from streams.customers.service import CustomerService

#: Input topics by rank, without their prefix.
NAMES = (*TOPICS, "handovers", NEWS)
#: States of a partition that are weighed at a scrape.
SAMPLE = 500
#: Causes a move is likely to have: those not seen yet show 0 for them alone.
_USUAL = CAUSES[:2]
_OUTCOMES = {"repeats": "repeat", "replayed": "replayed", "sent_on": "sent_on", "dropped": "dropped", "refused": "refused"}


class EngineCollector(Collector):
    """Of this process's engine; `service` gives it, None before it has started."""

    def __init__(self, service: Callable[[], CustomerService | None], definitions: Definitions, partitions: int) -> None:
        self._service = service
        self._definitions = definitions
        self._partitions = partitions
        self._applied = [0] * RANKS
        self._weighed = 0

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        service = self._service()
        if service is None:
            return
        service.tallies.fold()
        partitions = [each for each in service.partitions.values() if each.ready]
        yield from self._members(service, partitions)
        yield from self._changes(service)
        yield from self._events(service, partitions)
        yield from self._time(service, partitions)
        yield from self._writing(service, partitions)
        yield from self._life(service, partitions)

    def _members(self, service: CustomerService, partitions: list[Partition]) -> Iterator[Metric]:
        counted = [each.members.counts for each in partitions if each.members.whole]
        rows = [((segment, tier), sum(counts.get((segment, tier), 0) for counts in counted)) for segment, tier in self._cells()]
        yield gauge("gedrag_members", "Customers in a segment or tier now, of this worker's counted partitions", ("segment", "tier"), rows)
        yield gauge("gedrag_customers", "Customers in memory", (), [((), sum(len(each.states) for each in partitions))])
        yield gauge("gedrag_partitions", "Partitions taken over and worked on", (), [((), len(partitions))])
        yield gauge("gedrag_partitions_counted", "Of these, those whose members are counted", (), [((), len(counted))])
        yield gauge("gedrag_partitions_configured", "Partitions there are, over all workers", (), [((), self._partitions)])

    def _cells(self) -> Iterator[tuple[str, str]]:
        for each in self._definitions.segments:
            if isinstance(each, Segment):
                yield each.name, ""
            else:
                yield from ((each.name, tier.name) for tier in each.tiers)

    def _changes(self, service: CustomerService) -> Iterator[Metric]:
        entries: dict[tuple[str, ...], float] = {}
        exits: dict[tuple[str, ...], float] = {}
        moves: dict[tuple[str, ...], float] = {}
        for each in self._definitions.segments:  # 0 before the first, so that an increase is seen
            if isinstance(each, Segment):
                entries |= dict.fromkeys(((each.name, cause) for cause in CAUSES), 0)
                exits |= dict.fromkeys(((each.name, cause) for cause in CAUSES), 0)
            else:
                nowhere = [] if each.of is None else [""]
                pairs = permutations([tier.name for tier in each.tiers] + nowhere, 2)
                moves |= dict.fromkeys(((each.name, *pair, cause) for pair in pairs for cause in _USUAL), 0)
        for (segment, kind, come_from, to, cause), number in service.counters.detail.turns.items():
            if kind == MOVED:
                moves[segment, come_from or "", to or "", CAUSES[cause]] = number
            else:
                (entries if kind == ENTERED else exits)[segment, CAUSES[cause]] = number
        yield counter("gedrag_entries", "Customers who entered a simple segment", ("segment", "cause"), entries.items())
        yield counter("gedrag_exits", "Customers who left a simple segment", ("segment", "cause"), exits.items())
        labels = ("segment", "from_tier", "to_tier", "cause")
        what = "Customers who moved between tiers; from none when they are new to them, to none when they leave them all"
        yield counter("gedrag_moves", what, labels, moves.items())
        decided = service.counters.detail.decided
        yield counter("gedrag_messages", "Decisions of campaigns", ("campaign", "decision", "reason"), decided.items())

    def _events(self, service: CustomerService, partitions: list[Partition]) -> Iterator[Metric]:
        detail = service.counters.detail
        rows: list[Row] = []
        for rank, topic in enumerate(NAMES):
            aside = sum(detail.aside[name][rank] for name in ASIDE)
            # In the middle of a flush it isn't known yet what became of all that was taken: a counter must not go back.
            self._applied[rank] = max(self._applied[rank], detail.taken[rank] - aside)
            rows.append(((topic, "applied"), self._applied[rank]))
            rows += [((topic, _OUTCOMES[name]), detail.aside[name][rank]) for name in ASIDE]
            letters = sum(number for (of, _), number in detail.letters.items() if of == rank)
            rows.append(((topic, "dead_letter"), letters))
        yield counter("gedrag_events", "Records read, by what became of them", ("topic", "outcome"), rows)
        found = [((NAMES[rank], error), number) for (rank, error), number in detail.letters.items()]
        yield counter("gedrag_dead_letters", "Records refused", ("topic", "error"), found)
        behind = _together(each.watermark.behind(each.alignment) for each in partitions)
        yield gauge("gedrag_lag_records", "Records at the broker that were not fetched yet", ("topic",), _by_topic(behind))
        waiting = _together([len(queue) for queue in each.alignment.queues] for each in partitions)
        yield gauge("gedrag_waiting_records", "Records fetched whose time has not come", ("topic",), _by_topic(waiting))

    def _time(self, service: CustomerService, partitions: list[Partition]) -> Iterator[Metric]:
        now = now_ms()
        rows = [((str(each.number),), (now - each.watermark.time) / 1000) for each in partitions if each.watermark.time]
        yield gauge("gedrag_watermark_delay_seconds", "How far a partition's time is behind the clock", ("partition",), rows)
        fired, quiet = service.counters.fired, service.counters.quiet
        looks = [(("changed",), fired), (("nothing",), quiet)]
        yield counter("gedrag_deadlines", "Customers whose deadline came, by what it changed", ("outcome",), looks)
        latency = zip(((cause,) for cause in _USUAL), service.counters.detail.latency, strict=True)
        what = "From a change's instant (an event's ts, a deadline) until the broker had the change"
        yield histogram("gedrag_change_latency_seconds", what, ("cause",), latency)

    def _writing(self, service: CustomerService, partitions: list[Partition]) -> Iterator[Metric]:
        detail = service.counters.detail
        yield histogram("gedrag_flush_seconds", "From beginning a flush until the broker had all of it", (), [((), detail.flush_seconds)])
        yield histogram("gedrag_flush_customers", "Customers written in one flush", (), [((), detail.flush_customers)])
        yield gauge("gedrag_flushes_in_flight", "Flushes on their way", (), [((), sum(each.in_flight for each in partitions))])
        yield gauge("gedrag_state_bytes", "States in memory, estimated from a sample", (), [((), sum(map(self._weight, partitions)))])

    def _weight(self, partition: Partition) -> float:
        """The states' bytes, from some that are elsewhere every time."""
        number = len(partition.states)
        if not number:
            return 0.0
        start = self._weighed = (self._weighed + 7_919) % max(1, min(number, 100_000) - SAMPLE)
        sample = list(islice(partition.states.values(), start, start + SAMPLE))
        return number * sum(map(len, sample)) / len(sample)

    def _life(self, service: CustomerService, partitions: list[Partition]) -> Iterator[Metric]:
        detail, counters = service.counters.detail, service.counters
        left = [((str(number),), max(0, end - reached)) for number, (reached, end) in detail.recovering.items()]
        what = "Changelog offsets still to be read for a partition that is being taken over"
        yield gauge("gedrag_recovery_left_records", what, ("partition",), left)
        yield counter("gedrag_recovery_records", "Changelog records read to take partitions over", (), [((), detail.recovered)])
        yield histogram("gedrag_recovery_seconds", "Taking a partition over", (), [((), detail.recoveries)])
        outdated = sum(len(each.outdated) for each in partitions)
        yield gauge("gedrag_customers_outdated", "Customers still to be judged under new definitions", (), [((), outdated)])
        yield counter("gedrag_customers_migrated", "Customers taken over from other definitions", (), [((), counters.migrated)])
        yield counter("gedrag_rebalances", "Times the consumer group gave us partitions", (), [((), detail.rebalances)])
        yield counter("gedrag_expulsions", "Times the consumer group went on without us", (), [((), detail.expelled)])
        yield histogram("gedrag_loop_pause_seconds", "How long the worker's loop did nothing else", (), [((), detail.pauses)])
        yield gauge(
            "gedrag_longest_pause_seconds", "The longest of them in the last minute", (), [((), service.figures.longest_pause / 1000)]
        )
        silence = service.silence if service.partitions else 0.0
        yield gauge("gedrag_broker_silence_seconds", "Since the broker last answered", (), [((), max(0.0, silence))])


def _together(partitions: Iterable[list[int]]) -> list[int]:
    """Sums by rank; 0 for a topic that is not read."""
    sums = [0] * RANKS
    for numbers in partitions:
        for rank, number in enumerate(numbers):
            sums[rank] += number
    return sums


def _by_topic(numbers: list[int]) -> list[Row]:
    return [((topic,), number) for topic, number in zip(NAMES, numbers, strict=True)]
