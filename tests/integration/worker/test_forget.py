"""A customer is exported, forgotten while a mail waits, and comes back with a new consent. Then every place is looked at."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest
from redis.asyncio import Redis

from scoring.merge.identities import form_of
from scoring.ties import LIVING
from streams.customers.changelog import ERASED
from streams.kafka.place import partition_of
from tests import parts
from tests.integration.worker.agreement import settled
from tests.integration.worker.recount import Outcome, applied, records
from tests.integration.worker.running import HERE, Process, Setup
from tests.integration.worker.shop import CART_EVENTS, PAGE_VIEWS, PROFILES, Feed
from tests.integration.worker.test_identities import IDENTITIES, states

pytestmark = pytest.mark.real_kafka

CAMPAIGNS = """
[policy]
quiet_hours = "02:00-02:01"
caps = []
[[campaign]]
name = "abandoned_cart"
trigger = { segment = "cart_abandoned" }
steps = [{ template = "abandoned_cart_1" }]
"""


def gedrag(setup: Setup, redis_url: str, *words: str) -> tuple[int, str, str]:
    command = [sys.executable, "-c", "from streams.cli.main import main; main()", *words]
    for key, value in setup.settings(redis=redis_url).items():
        command += ["--set", f"{key}={value}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90, cwd=HERE.parents[2])
    return done.returncode, done.stdout, done.stderr


async def sends(setup: Setup, customer: str) -> list[dict[str, Any]]:
    found = [json.loads(record.value) for record in await records(setup.address, setup.names.messages, setup.partitions)]
    return [message for message in found if message["customer_id"] == customer and message["decision"] == "send"]


async def shops(feed: Feed, customer: str, address: str) -> None:
    await feed.event(PROFILES, customer, email=address, first_name="Noor", consent={"email": True})
    await feed.event(CART_EVENTS, customer, action="add", product_id="p1", price=20)


async def keys_with(redis: Redis, setup: Setup, *names: str) -> list[str]:
    """Redis keys that bear one of these names, or hold it."""
    found = []
    async for key in redis.scan_iter(match=f"{setup.names.app_id}:*"):
        kind = (await redis.type(key)).decode()
        held: Any = b""
        if kind == "zset":
            held = await redis.zrange(key, 0, -1)
        elif kind == "hash":
            held = await redis.hgetall(key)
        elif kind == "string":
            held = await redis.get(key)
        text = key.decode() + repr(held)
        found += [key.decode() for name in names if name in text]
    return found


async def test_forgotten_under_every_id_and_back_with_a_new_consent(
    setup: Setup, worker: type[Process], redis_url: str, inbox: parts.Inbox
) -> None:
    (setup.folder / "campaigns.toml").write_text(CAMPAIGNS)
    redis = Redis.from_url(redis_url)
    roles = ("--role", "customers", "--role", "live-view")
    running = await asyncio.to_thread(worker("w1", options=roles, redis=redis_url).ready)
    gone, alias = "noor-4711", "anon-4711"
    other = next(name for n in range(100) if partition_of((name := f"piet-{n}").encode(), 4) == partition_of(gone.encode(), 4))
    mine, theirs = f"noor.{setup.names.app_id}@example.com", f"piet.{setup.names.app_id}@example.com"
    async with Feed(setup.address, setup.prefix) as feed:
        await feed.event(PAGE_VIEWS, alias, product_id="p1")
        await feed.event(IDENTITIES, gone, anonymous_id=alias)
        await shops(feed, gone, mine)
        await asyncio.sleep(0.5)
        await shops(feed, other, theirs)  # decided after the other's, in the same partition: delivered after it
        await asyncio.sleep(2)  # two carts left alone
        await settled(setup)
        assert len(await sends(setup, gone)) == len(await sends(setup, other)) == 1

        code, out, err = await asyncio.to_thread(gedrag, setup, redis_url, "customer", "export", gone, "--events")
        assert code == 0, err
        told = json.loads(out)
        assert told["state"]["facts"]["profile"]["email"]["value"] == mine
        assert told["state"]["identities"]["joined ids"].keys() == {alias}
        assert {each["segment"] for each in told["state"]["memberships"] if each["member"]} == {"cart_abandoned", "warmth"}
        assert told["redis"]["memberships"].keys() == {"cart_abandoned", "warmth"}
        assert told["redis"]["messages"][0]["decision"] == "send"
        assert setup.prefix + "profiles" in {record["topic"] for record in told["records"]}

        code, out, err = await asyncio.to_thread(gedrag, setup, redis_url, "customer", "forget", alias, "--yes")
        assert code == 0, err
        assert "forgotten: " in out and setup.names.messages in out and "30 days" in out and "compacted" in out

        # Whatever comes for them now is dropped, also after a crash; nothing is left but a mark.
        running.kill()
        running = await asyncio.to_thread(worker("w1", options=roles, redis=redis_url).ready)
        for name in (gone, alias):
            await feed.event(PAGE_VIEWS, name, product_id="p1")
        await applied(setup.address, setup.names, setup.partitions)
        await asyncio.sleep(0.5)  # and buried
        known = await states(setup)
        assert other in known and gone not in known and alias not in known
        log = await records(setup.address, setup.names.changelog, setup.partitions)
        last = {record.key: record for record in log}
        assert last[gone.encode()].value is None and last[alias.encode()].value is None
        marks = {key: record.value for key, record in last.items() if key.startswith(ERASED)}
        assert len(marks) == 2 and not any(b"4711" in key + value for key, value in marks.items())
        assert await keys_with(redis, setup, gone, alias) == []

        changes = [json.loads(record.value) for record in await records(setup.address, setup.names.changes, setup.partitions)]
        erased = [change for change in changes if change["cause"] == "erasure"]
        assert {(change["segment"], change["kind"], change["to"]) for change in erased} == {
            ("cart_abandoned", "exited", None), ("warmth", "moved", None),
        }  # fmt: skip
        assert all(change["customer_id"] == gone and change["attributes"] == {} and change["reason"] == "forgotten" for change in erased)

        # The mail that waited does not go out; the one behind it does.
        post = worker("post", options=("--role", "delivery"), redis=redis_url, smtp=inbox.url)
        await asyncio.to_thread(inbox.wait_for, theirs)
        assert inbox.mails(mine) == []

        # With a new consent it starts anew.
        await shops(feed, gone, mine)
        await asyncio.to_thread(inbox.wait_for, mine)
    post.stop()
    running.stop()
    known = await states(setup)
    assert form_of(known[gone]) == LIVING and known[gone].product_view_count == 0 and alias not in known
    # What the killed worker had sent and not yet noted is there twice. An id used anew would say two things.
    whole = Outcome()
    for record in await records(setup.address, setup.names.changes, setup.partitions):
        whole.add(record.value)
    assert whole.contradictions == []
    back = [change for change in whole.of({gone}).changes.values() if change["segment"] == "cart_abandoned"]
    assert [(change["kind"], change["cause"] == "erasure") for change in back] == [("entered", False), ("exited", True), ("entered", False)]
    assert len({message["message_id"] for message in await sends(setup, gone)}) == 2
    await redis.aclose()
