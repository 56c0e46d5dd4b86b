"""The live view on real Redis: exactly the changes taken in, however often and in whatever batches they come."""

from __future__ import annotations

import json
import random
from types import SimpleNamespace
from typing import Any

import pytest
from redis.asyncio import Redis

from streams.agents.live_view import Keeper
from streams.sinks.live_view import Change, LiveView, TopicMadeAnew

NAMES = ["cart", "buyer", "engagement.high", "engagement.low"]


def change(offset: int, customer: str, kind: str, segment: str, to: str = "", at: int | None = None, written: int | None = None) -> Change:
    return Change(offset, offset if written is None else written, customer, kind, segment, to, 1000 + offset if at is None else at)


@pytest.fixture
def view(redis: Redis, topic_prefix: str) -> LiveView:
    return LiveView(redis, topic_prefix)


async def test_entering_leaving_and_moving(view: LiveView) -> None:
    changes = [
        change(0, "a", "moved", "engagement", "low"),
        change(1, "b", "moved", "engagement", "low"),
        change(2, "a", "entered", "cart"),
        change(3, "a", "moved", "engagement", "high"),
        change(4, "b", "entered", "cart"),
        change(5, "a", "exited", "cart"),
    ]
    assert await view.apply("changes/0", changes) == 6
    counts = await view.counts(NAMES)
    assert (counts.customers, counts.members) == (2, {"cart": 1, "buyer": 0, "engagement.high": 1, "engagement.low": 1})
    assert await view.customer("a") == {"engagement": ("high", 1003)}
    assert await view.customer("b") == {"engagement": ("low", 1001), "cart": ("", 1004)}
    assert await view.customer("nobody") == {}


async def test_robots_are_counted_apart(view: LiveView) -> None:
    moved = [change(n, f"c{n}", "moved", "engagement", "low") for n in range(5)]
    await view.apply(
        "changes/0", [*moved, change(5, "c0", "entered", "robot"), change(6, "c0", "entered", "cart"), change(7, "c1", "entered", "cart")]
    )
    counts = await view.counts([*NAMES, "robot"], "robot")
    assert (counts.customers, counts.robots) == (4, 1)
    assert counts.members == {"cart": 1, "buyer": 0, "engagement.high": 0, "engagement.low": 4, "robot": 1}


async def test_members_are_those_who_are_there_longest_first(view: LiveView) -> None:
    await view.apply("changes/0", [change(n, f"c{n}", "entered", "cart", at=1000 - n) for n in range(5)])
    assert await view.members("cart") == [(f"c{n}", 1000 - n) for n in (4, 3, 2, 1, 0)]
    assert await view.members("cart", start=1, count=2) == [("c3", 997), ("c2", 998)]


async def test_changes_that_come_again_change_nothing(view: LiveView) -> None:
    changes = [change(0, "a", "entered", "cart"), change(1, "a", "exited", "cart"), change(2, "a", "entered", "cart")]
    await view.apply("changes/0", changes)
    assert await view.apply("changes/0", changes) == 0
    assert await view.apply("changes/0", changes[:2]) == 0
    assert (await view.counts(NAMES)).members["cart"] == 1
    assert await view.apply("changes/0", [changes[2], change(3, "a", "exited", "cart")]) == 1
    assert (await view.counts(NAMES)).members["cart"] == 0


async def test_partitions_are_counted_apart(view: LiveView) -> None:
    await view.apply("changes/0", [change(7, "a", "entered", "cart")])
    assert await view.apply("changes/1", [change(0, "b", "entered", "cart")]) == 1
    assert (await view.counts(NAMES)).members["cart"] == 2


async def test_equal_to_a_recount_under_restarts_and_overlapping_batches(view: LiveView) -> None:
    dice = random.Random(7)
    for source in ("changes/0", "changes/1"):
        history: list[Change] = []
        inside: set[tuple[str, str]] = set()
        for offset in range(400):
            customer = f"{source}-{dice.randrange(12)}"
            if dice.random() < 0.4:
                history.append(change(offset, customer, "moved", "engagement", dice.choice(["high", "low"])))
                continue
            segment = dice.choice(["cart", "buyer"])
            kind = "exited" if (customer, segment) in inside else "entered"
            inside ^= {(customer, segment)}
            history.append(change(offset, customer, kind, segment))
        done = 0
        while done < len(history):
            start = max(0, done - dice.randrange(0, 60))  # a restart reads from the last commit
            end = min(len(history), start + dice.randrange(1, 80))
            await view.apply(source, history[start:end])
            done = max(done, end)
        for customer in {each.customer_id for each in history}:
            expected: dict[str, tuple[str, int]] = {}
            for each in history:
                if each.customer_id == customer:
                    if each.kind == "exited":
                        del expected[each.segment]
                    else:
                        expected[each.segment] = (each.to, each.at)
            assert await view.customer(customer) == expected
            for segment, (tier, since) in expected.items():
                assert (customer, since) in await view.members(f"{segment}.{tier}" if tier else segment)
    counts = await view.counts(NAMES)
    sizes = {name: len(await view.members(name, 0, 1000)) for name in NAMES}
    assert counts.members == sizes and counts.customers == 24


async def test_a_topic_made_anew_is_noticed(view: LiveView) -> None:
    await view.apply("changes/0", [change(n, "a", "moved", "engagement", "low", written=1_000_000) for n in range(10)])
    assert await view.apply("changes/0", [change(3, "a", "moved", "engagement", "low", written=1_060_000)]) == 0
    with pytest.raises(TopicMadeAnew):
        await view.apply("changes/0", [change(0, "b", "moved", "engagement", "low", written=1_060_001)])


async def test_wiping_takes_only_its_own_keys(view: LiveView, redis: Redis, topic_prefix: str) -> None:
    other = LiveView(redis, "other-" + topic_prefix)
    for each in (view, other):
        await each.apply("changes/0", [change(n, f"c{n}", "entered", "cart") for n in range(2500)])
    await view.wipe()
    assert (await view.counts(NAMES)).customers == 0 and (await view.counts(NAMES)).members["cart"] == 0
    assert (await other.counts(NAMES)).members["cart"] == 2500
    assert await view.apply("changes/0", [change(0, "a", "entered", "cart")]) == 1


class Letters:
    def __init__(self) -> None:
        self.put_in: list[tuple[int, str]] = []

    async def put(self, message: Any, error: str, detail: str) -> None:
        self.put_in.append((message.offset, error))


def message(offset: int, value: object, partition: int = 0, timestamp: float = 1.0) -> Any:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return SimpleNamespace(topic="changes", partition=partition, offset=offset, timestamp=timestamp, value=raw)


def changed(customer: str, kind: str, segment: str, to: str | None = None) -> dict[str, object]:
    return {
        "customer_id": customer,
        "segment": segment,
        "kind": kind,
        "from": None,
        "to": to,
        "at": "2026-03-01T11:00:00.000Z",
        "episode": 1,
    }


async def test_records_become_the_view_and_bad_ones_dead_letters(view: LiveView) -> None:
    letters = Letters()
    bad = [b"", b"{", b"[]", {"customer_id": "a"}, changed("a", "vanished", "cart"), changed("a", "moved", "engagement"),
           changed("a", "entered", "cart", "x"), {**changed("a", "entered", "cart"), "at": "yesterday"}]  # fmt: skip
    messages = [message(n, value) for n, value in enumerate(bad)]
    await Keeper(view, letters).take(
        [*messages, message(8, changed("a", "entered", "cart")), message(0, changed("b", "moved", "engagement", "low"), 1)]
    )  # type: ignore[arg-type]
    assert letters.put_in == [(n, "not_a_change") for n in range(8)]
    counts = await view.counts(NAMES)
    assert (counts.customers, counts.members["cart"], counts.members["engagement.low"]) == (2, 1, 1)
    assert await view.customer("a") == {"cart": ("", 1_772_362_800_000)}


async def test_out_of_all_tiers_and_a_customer_still(view: LiveView) -> None:
    out = {**changed("a", "moved", "engagement"), "from": "low"}
    await Keeper(view, Letters()).take([message(n, each) for n, each in enumerate([changed("a", "moved", "engagement", "low"), out])])  # type: ignore[arg-type]
    counts = await view.counts(NAMES)
    assert (counts.customers, counts.members["engagement.low"]) == (1, 0) and await view.customer("a") == {}


async def test_after_a_topic_was_made_anew_the_view_is_built_again(view: LiveView) -> None:
    keeper = Keeper(view, Letters())  # type: ignore[arg-type]
    await keeper.take([message(n, changed(f"c{n}", "entered", "cart")) for n in range(5)])
    await keeper.take([message(n, changed(f"d{n}", "entered", "cart"), timestamp=1000.0) for n in range(2)])
    assert [customer for customer, _ in await view.members("cart")] == ["d0", "d1"]
    assert (await view.counts(NAMES)).customers == 2
