"""Topics merged by time, and how far time may go."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

import pytest

from scoring.events.decode import Invalid
from scoring.events.schema import CART_EVENTS, PAGE_VIEWS, PRODUCT_NEWS, PURCHASES, RANKS, PageView
from streams.customers import alignment as alignment_module
from streams.customers.alignment import LEAST, MOST_NEWS, MOST_OF_ONE, SLICE, Alignment, Item
from streams.customers.counters import Counters
from streams.customers.intake import Intake
from streams.customers.partition import Partition
from streams.customers.watermark import Watermark
from streams.deadletters import Limit
from streams.kafka.errors import Fatal


@pytest.fixture(autouse=True, params=[SLICE, 2])
def slices(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is taken in one go or in many is the same."""
    monkeypatch.setattr(alignment_module, "SLICE", request.param)


def item(ts: int, rank: int, offset: int) -> Item:
    return ts, rank, offset, b"c1", PageView("c1", ts)


def take(alignment: Alignment, bound: int, limit: int) -> tuple[list[Item], int]:
    taking = alignment.taking(bound, limit)
    while True:
        try:
            next(taking)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def places(items: list[Item]) -> list[tuple[int, int, int]]:
    return [each[:3] for each in items]


def test_items_come_in_order_of_time_rank_and_offset() -> None:
    alignment = Alignment([0] * RANKS)
    alignment.add(PURCHASES, [item(5, PURCHASES, 0), item(7, PURCHASES, 1)], 2)
    alignment.add(PAGE_VIEWS, [item(5, PAGE_VIEWS, 0), item(5, PAGE_VIEWS, 1), item(9, PAGE_VIEWS, 2)], 3)
    taken, until = take(alignment, 7, 100)
    assert places(taken) == [(5, 0, 0), (5, 0, 1), (5, 2, 0), (7, 2, 1)]
    assert until == 7
    assert alignment.waiting() == 1
    assert alignment.applied() == [2, 0, 2, 0, 0, 0, 0, 0, 0]


def test_what_is_more_than_a_flush_takes_stays_in_order() -> None:
    alignment = Alignment([0] * RANKS)
    alignment.add(PAGE_VIEWS, [item(ts, PAGE_VIEWS, ts) for ts in range(0, 20, 2)], 20)
    alignment.add(PURCHASES, [item(ts, PURCHASES, ts) for ts in range(1, 20, 2)], 20)
    seen: list[tuple[int, int, int]] = []
    while alignment.waiting():
        taken, until = take(alignment, 100, 3)
        assert len(taken) <= 3
        assert all(time <= until for time, *_ in places(taken))
        assert all(queue[0][0] > until for queue in alignment.queues if queue), "nothing at or before `until` is left"
        seen += places(taken)
    assert seen == sorted(seen) and len(seen) == 20


def test_one_customer_fills_no_flush() -> None:
    """What it puts out in a flush stands in one record, which the broker must take."""
    alignment = Alignment([0] * RANKS)
    several = MOST_OF_ONE * 2 + 500
    other = (several, PAGE_VIEWS, several, b"c2", PageView("c2", several))
    alignment.add(PAGE_VIEWS, [*(item(n, PAGE_VIEWS, n) for n in range(several)), other], several + 1)
    portions = [take(alignment, several, 10 * several)[0] for _ in range(3)]
    assert [len(portion) for portion in portions] == [MOST_OF_ONE, MOST_OF_ONE, 501]
    assert [each[2] for portion in portions for each in portion] == list(range(several + 1))


def test_news_is_taken_in_portions_and_a_topic_nobody_wants_is_not_waited_for() -> None:
    alignment = Alignment([0] * RANKS)
    alignment.add(PRODUCT_NEWS, [item(n, PRODUCT_NEWS, n) for n in range(MOST_NEWS + 1)], MOST_NEWS + 1)
    alignment.add(PAGE_VIEWS, [item(MOST_NEWS, PAGE_VIEWS, 0)], 1)
    taken, until = take(alignment, MOST_NEWS, 100_000)
    assert (len(taken), until, alignment.news) == (MOST_NEWS + 1, MOST_NEWS - 1, True)  # the view comes before the news of its instant
    assert places(take(alignment, MOST_NEWS, 100_000)[0]) == [(MOST_NEWS, PRODUCT_NEWS, MOST_NEWS)]
    without, watermark = Alignment([0] * PRODUCT_NEWS), Watermark(0, 0, PRODUCT_NEWS)
    for rank in range(PRODUCT_NEWS):
        watermark.seen(rank, 0, 1_000)
    assert watermark.bounds(without) == (1_000, 1_000)
    assert take(without, 1_000, 10) == ([], 1_000)


@pytest.mark.parametrize("seed", range(20))
def test_any_way_of_feeding_gives_the_same_order(seed: int) -> None:
    dice = random.Random(seed)
    logs = {rank: [item(ts, rank, n) for n, ts in enumerate(sorted(dice.choices(range(50), k=30)))] for rank in (0, 1, 2)}
    alignment, seen = Alignment([0] * RANKS), []
    fed = dict.fromkeys(logs, 0)
    while any(fed[rank] < 30 for rank in logs) or alignment.waiting():
        rank = dice.choice(list(logs))
        portion = logs[rank][fed[rank] : fed[rank] + dice.randrange(8)]
        fed[rank] += len(portion)
        alignment.add(rank, portion, fed[rank])
        bound = min((alignment.newest[r] - 1 if fed[r] < 30 else 1_000) for r in logs)
        seen += places(take(alignment, bound, dice.randrange(1, 12))[0])
    assert seen == sorted(each for log in logs.values() for each in places(log))


class TestWatermark:
    def caught_up(self, grace: int = 0, sent: int = 1_000) -> tuple[Watermark, Alignment]:
        watermark, alignment = Watermark(grace), Alignment([0] * RANKS)
        for rank in range(RANKS):
            watermark.seen(rank, 0, sent)
        return watermark, alignment

    def test_nothing_moves_before_every_topic_has_answered(self) -> None:
        watermark, alignment = Watermark(0, 77), Alignment([0] * RANKS)
        for rank in range(RANKS - 1):
            watermark.seen(rank, 0, 1_000)
        assert watermark.bounds(alignment) == (77, 77)

    def test_a_caught_up_topic_allows_what_was_known_when_the_fetch_was_sent(self) -> None:
        watermark, alignment = self.caught_up(grace=100)
        assert watermark.bounds(alignment) == (1_000, 900)

    def test_a_topic_with_unread_records_holds_back_at_its_last_fetched(self) -> None:
        watermark, alignment = self.caught_up()
        alignment.add(CART_EVENTS, [item(300, CART_EVENTS, 0)], 1)
        watermark.seen(CART_EVENTS, 5, 1_000)
        # Another one of the same millisecond may follow.
        assert watermark.bounds(alignment) == (299, 299)

    def test_a_full_topic_does_not_wait_for_more_of_the_same_millisecond(self) -> None:
        watermark, alignment = self.caught_up()
        alignment.add(CART_EVENTS, [item(300, CART_EVENTS, n) for n in range(LEAST)], LEAST)
        watermark.seen(CART_EVENTS, LEAST + 5, 1_000)
        assert watermark.bounds(alignment) == (300, 300)

    def test_an_event_newer_than_the_fetches_of_others_waits_for_them(self) -> None:
        watermark, alignment = self.caught_up(sent=1_000)
        alignment.add(PAGE_VIEWS, [item(1_005, PAGE_VIEWS, 0)], 1)
        watermark.seen(PAGE_VIEWS, 1, 1_000)
        assert watermark.bounds(alignment)[0] == 1_000
        for rank in range(RANKS):
            watermark.seen(rank, 1 if rank == PAGE_VIEWS else 0, 1_006)
        assert watermark.bounds(alignment)[0] >= 1_005

    def test_it_never_goes_back(self) -> None:
        watermark, alignment = self.caught_up(sent=1_000)
        assert watermark.bounds(alignment)[1] == 1_000
        watermark.seen(PURCHASES, 9, 2_000)
        assert watermark.bounds(alignment) == (1_000, 1_000)

    def test_lag(self) -> None:
        watermark, alignment = self.caught_up()
        watermark.seen(PURCHASES, 9, 2_000)
        assert watermark.lag(alignment) == 9


@dataclass
class Record:
    offset: int
    value: bytes | None
    timestamp: int
    key: bytes | None = b"c1"
    topic: str = "page-views"
    partition: int = 0
    headers: tuple[tuple[str, bytes], ...] = ()


def decode(value: bytes | None, key: bytes | None, timestamp: int) -> Any:
    if value == b"crash":
        raise RuntimeError("a fault of ours")
    if value is None or not value.isdigit():
        raise Invalid("not_json", "no number")
    return PageView("c1", int(value))


class TestIntake:
    def intake(self, limit: int = 0, now: int = 10_000) -> tuple[Intake, Partition]:
        partition = Partition(0)
        partition.alignment = Alignment([0] * RANKS)
        return Intake([decode] * RANKS, Limit(limit), Counters(), lambda: now), partition

    def test_a_topic_is_never_taken_out_of_offset_order(self) -> None:
        intake, partition = self.intake()
        intake.feed(partition, PAGE_VIEWS, [Record(0, b"500", 900), Record(1, b"300", 900), Record(2, b"600", 900)])
        assert places(partition.alignment.queues[0]) == [(500, 0, 0), (500, 0, 1), (600, 0, 2)]

    def test_a_clock_that_runs_ahead_does_not_take_its_topic_along(self) -> None:
        intake, partition = self.intake(now=1_000)
        ahead_of_its_record, ahead_of_us = Record(0, b"5000", 700), Record(1, b"5000", 5_000)
        intake.feed(partition, PAGE_VIEWS, [ahead_of_its_record, Record(2, b"710", 720), ahead_of_us])
        assert [each[0] for each in partition.alignment.queues[0]] == [700, 710, 1_000]

    def test_refused_records_are_put_aside_and_passed(self) -> None:
        intake, partition = self.intake()
        bad = Record(1, b"\xff", 900, headers=(("trace", b"1"),))
        intake.feed(partition, PAGE_VIEWS, [Record(0, b"500", 900), bad, Record(2, None, 900), Record(3, b"crash", 900)])
        assert partition.alignment.position[0] == 4
        assert [(letter.offset, letter.error, letter.value) for letter in partition.letters] == [
            (1, "not_json", b"\xff"),
            (2, "not_json", None),
            (3, "not_decodable", b"crash"),
        ]
        assert partition.letters[0].headers == (("trace", b"1"),)

    def test_too_many_stop_without_counting_as_read(self) -> None:
        intake, partition = self.intake(limit=2)
        intake.feed(partition, PAGE_VIEWS, [Record(0, b"?", 900), Record(1, b"?", 900)])
        with pytest.raises(Fatal, match="more than 2 dead letters in a minute.*offset 2"):
            intake.feed(partition, PAGE_VIEWS, [Record(2, b"?", 900)])
        assert partition.alignment.position[0] == 2 and len(partition.letters) == 2

    def test_the_minute_is_that_of_the_records(self) -> None:
        intake, partition = self.intake(limit=2)
        for minute in range(50):
            intake.feed(partition, PAGE_VIEWS, [Record(2 * minute, b"?", minute * 60_000), Record(2 * minute + 1, b"?", minute * 60_000)])
        assert len(partition.letters) == 100
