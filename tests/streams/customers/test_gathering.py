"""When a partition waits for more events, and when it never does; and how much of them is done without a pause."""

from __future__ import annotations

from scoring.events.schema import PAGE_VIEWS, PURCHASES, RANKS, PageView
from streams.customers.alignment import LEAST, MOST, TOGETHER, Alignment, share
from streams.customers.evaluate import PORTION, PORTION_EVENTS, portions
from streams.customers.flush import BEHIND, GATHERED, gathers
from streams.customers.partition import Partition

CLOCK = 100.0


def partition(waiting: int, behind: int) -> Partition:
    found = Partition(0, ready=True, alignment=Alignment([0] * RANKS), flushed_at=CLOCK)
    event = PageView("c1", 1)
    found.alignment.add(PAGE_VIEWS, [(1, PAGE_VIEWS, n, b"c1", event) for n in range(waiting)], waiting)
    for rank in range(RANKS):
        found.watermark.seen(rank, waiting + behind if rank == PAGE_VIEWS else 0, 1_000)
    return found


def test_one_that_is_far_behind_waits_for_a_full_flush() -> None:
    assert gathers(partition(10, BEHIND + 1), CLOCK)
    assert not gathers(partition(LEAST, BEHIND + 1), CLOCK), "it is full"


def test_what_is_ahead_of_the_slowest_topic_does_not_fill_it() -> None:
    found = partition(10, BEHIND + 1)
    orders = [(5_000, PURCHASES, n, b"c1", PageView("c1", 5_000)) for n in range(LEAST)]
    found.alignment.add(PURCHASES, orders, LEAST)
    found.watermark.seen(PURCHASES, LEAST, 1_000)
    assert found.alignment.ready(1) == 10 and found.alignment.ready(5_000) == LEAST + 10
    assert gathers(found, CLOCK)


def test_one_that_is_up_to_date_never_waits() -> None:
    assert not gathers(partition(10, 0), CLOCK)
    assert not gathers(partition(10, BEHIND), CLOCK), "nearly there"


def test_no_longer_than_a_while() -> None:
    slow = partition(10, BEHIND + 1)
    assert gathers(slow, CLOCK + GATHERED)
    assert not gathers(slow, CLOCK + GATHERED + 0.1)


def test_not_while_deadlines_are_left_to_fire() -> None:
    late = partition(10, BEHIND + 1)
    late.overdue = True
    assert not gathers(late, CLOCK)


def test_many_partitions_have_no_more_waiting_than_few() -> None:
    assert share(0) == share(1) == share(4) == MOST
    assert share(8) * 8 == TOGETHER
    assert share(100) == LEAST


def test_a_portion_is_of_so_many_customers_or_events() -> None:
    item = (1, PAGE_VIEWS, 0, b"c", PageView("c", 1))
    customers = [(b"%d" % n, [item] * (1 if n < 700 else PORTION_EVENTS // 2)) for n in range(703)]
    found = list(portions(customers))
    assert [len(each) for each in found] == [PORTION, 202, 1] and sum(found, []) == customers
