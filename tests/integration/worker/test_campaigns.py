"""Campaigns with the whole policy on real Kafka, the worker killed on the way: the decisions are those of a recount."""

from __future__ import annotations

import asyncio
import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import pytest

from scoring.campaigns.read import read as read_campaigns
from scoring.engine import Engine
from scoring.events.rows import RANKS
from scoring.events.schema import EMAIL_EVENTS
from scoring.segments.read import read
from streams.clock import now_ms
from streams.simulate import simulate
from tests.integration.worker.agreement import settled
from tests.integration.worker.recount import compare, delivered, expected, records
from tests.integration.worker.running import Process, Setup
from tests.integration.worker.shop import Feed, Sent

pytestmark = pytest.mark.real_kafka

SEGMENTS = """
[[segment]]
name = "cart_abandoned"
family = "purchase_habits"
when = "cart_items > 0 and cart_idle >= hours(1)"
exit_when = "cart_items == 0"

[[segment]]
name = "looker"
family = "journey_stage"
when = "page_views(days(1)) >= 3"

[[segment]]
name = "buyer"
family = "loyalty"
when = "purchases > 0"
"""
CAMPAIGNS = """
[policy]
time_zone = "Europe/Amsterdam"
quiet_hours = "21:00-08:00"
caps = [ { count = 1, per = "20h" }, { count = 3, per = "7d" } ]

[[campaign]]
name = "cart"
trigger = { segment = "cart_abandoned" }
steps = [ { template = "a" }, { after = "6h", template = "b" }, { after = "3d", template = "c" } ]
priority = 10
excludes = ["looker"]
variants = { short = 1, long = 2 }

[[campaign]]
name = "looker"
trigger = { segment = "looker" }
while = "True"
steps = [ { after = "2h", template = "a" } ]
reentry = "2d"
hold_out = 0.3

[[campaign]]
name = "thanks"
trigger = { segment = "buyer" }
stop_on = []
steps = [ { template = "a" } ]
transactional = true
"""
ZONES = ("Europe/Amsterdam", "America/New_York", "Asia/Tokyo", "nowhere", None)


def history() -> Iterator[Sent]:
    """Of 150 customers over two weeks and some; some live elsewhere, leave, or cannot be reached."""
    dice = random.Random(5)
    for row in simulate(150, 16, seed=5):
        if row["event_type"] == "catalog":
            continue  # of a product, not of a customer
        customer, rank = str(row["customer_id"]), RANKS[str(row["event_type"])]
        ts = round(datetime.fromisoformat(str(row["ts"])).timestamp() * 1000)
        if row["event_type"] == "profile":
            row = row | {"time_zone": ZONES[hash_of(customer) % 5]}
        yield Sent(rank, customer.encode(), json.dumps(row | {"ts": ts}).encode(), ts)
        if dice.random() < 0.02:
            said = {
                "customer_id": customer,
                "ts": ts + 1,
                "type": dice.choice(["unsubscribed", "bounced", "complained"]),
                "message_id": "m",
            }
            said |= {"soft": dice.random() < 0.5}
            yield Sent(EMAIL_EVENTS, customer.encode(), json.dumps(said).encode(), ts + 1)


def hash_of(customer: str) -> int:
    return sum(customer.encode())


async def test_the_whole_policy_over_kills(setup: Setup, worker: type[Process]) -> None:
    segments, campaigns = setup.folder / "mine.toml", setup.folder / "policy.toml"
    segments.write_text(SEGMENTS)
    campaigns.write_text(CAMPAIGNS)
    definitions = read(SEGMENTS)
    mine = {"segments": str(segments), "campaigns": str(campaigns)}
    (await asyncio.to_thread(worker(**mine).ready)).stop()
    async with Feed(setup.address, setup.prefix) as feed:
        await feed.backlog(history(), old=True)
    for point in ("changelog_sent:3", "outputs_sent:4"):
        await asyncio.to_thread(worker(kill_at=point, batch_bytes=20_000, **mine).wait)
    last = worker(**mine)
    await settled(setup, 60)
    last.stop()

    judge, end = Engine(definitions, read_campaigns(CAMPAIGNS, definitions)), now_ms()
    later = end + 60_000
    want, got = await expected(setup.address, setup.names, judge, later), await delivered(setup.address, setup.names, judge, later)
    compare(want.until(end), got.until(end))

    told = Counter((m["campaign"], m["reason"].partition(" ")[0] or m["decision"]) for m in got.messages.values())
    for expected_one in (
        ("cart", "send"), ("cart", "cap"), ("cart", "purchase"), ("cart", "no_consent"), ("looker", "held_out"), ("looker", "reentry"),
        ("looker", "excluded"), ("thanks", "send"),
    ):  # fmt: skip
        assert told[expected_one], told
    withdrawn = [json.loads(record.value) for record in await records(setup.address, setup.names.withdrawals)]
    sent = {m["message_id"] for m in got.messages.values() if m["decision"] == "send"}
    assert withdrawn and {each["message_id"] for each in withdrawn} <= sent
    assert "purchase" in {each["reason"] for each in withdrawn}
