"""A live worker's /metrics, held against a recount of the topics; and its health, over a restart."""

from __future__ import annotations

import asyncio
import json
import re
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families
from redis.asyncio import Redis

from streams.clock import now_ms
from streams.embedded.process import free_port
from streams.sinks.sending import Pause, Switch
from tests.integration.worker.recount import applied, records
from tests.integration.worker.running import Process, Setup
from tests.integration.worker.shop import CART_EVENTS, PAGE_VIEWS, PROFILES, Feed, traffic
from tests.parts import Inbox, eventually

pytestmark = pytest.mark.real_kafka

EXAMPLES = Path(__file__).parents[3] / "examples"
CUSTOMERS, SECONDS, RATE = 40, 20, 60
#: How far back the traffic begins, ms: its deadlines fall while it is read.
AGO = 60_000

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


class Scrape:
    """What a worker tells at one moment."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.families = list(text_string_to_metric_families(text))
        samples = (each for family in self.families for each in family.samples)
        self.samples: Series = {(each.name, frozenset(each.labels.items())): each.value for each in samples}

    def one(self, name: str, **labels: str) -> float:
        return self.samples[name, frozenset(labels.items())]

    def all(self, name: str, *labels: str, **wanted: str) -> dict[tuple[str, ...], float]:
        """Sums by these labels of the series that have those."""
        found: Counter[tuple[str, ...]] = Counter()
        for (own, pairs), number in self.samples.items():
            theirs = dict(pairs)
            if own == name and all(theirs[label] == value for label, value in wanted.items()):
                found[tuple(theirs[label] for label in labels)] += number  # type: ignore[assignment]
        return {key: number for key, number in found.items() if number}


def get(web: str, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{web}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def scrape(web: str) -> Scrape:
    status, text = get(web, "/metrics")
    assert status == 200, text
    return Scrape(text)


def is_ready(web: str) -> bool:
    try:
        return get(web, "/health/ready")[0] == 200
    except OSError:
        return False


async def agreed(setup: Setup, web: str, told: int = 0) -> tuple[Scrape, list[dict[str, Any]], Counter[tuple[str, ...]]]:
    """A scrape, the changes there were then, and members by segment and tier as these add up. `told`: changes before this worker's."""
    for _ in range(50):
        changes = [json.loads(record.value) for record in await records(setup.address, setup.names.changes)]
        found = scrape(web)
        mine = sum(sum(found.all(f"gedrag_{name}_total").values()) for name in ("entries", "exits", "moves"))
        if mine == len(changes) - told:
            break
        await asyncio.sleep(0.2)
    else:
        raise AssertionError(f"{mine} changes are told, {len(changes) - told} are there")
    members: Counter[tuple[str, ...]] = Counter()
    for change in changes:
        if change["kind"] == "moved":
            for tier, number in ((change["to"], 1), (change["from"], -1)):
                if tier is not None:
                    members[change["segment"], tier] += number
        else:
            members[change["segment"], ""] += 1 if change["kind"] == "entered" else -1
    return found, changes, members


async def test_what_is_told_is_what_is_on_the_topics(setup: Setup, worker: type[Process]) -> None:
    web = f"127.0.0.1:{free_port()}"
    first = worker(web=web).ready()
    events = list(traffic(3, CUSTOMERS, now_ms() - AGO, SECONDS, RATE))
    async with Feed(setup.address, setup.prefix) as feed:
        await feed.backlog(events)
        for value in (b"{", b'{"customer_id": "c1", "ts": 1}'):
            await feed.send(CART_EVENTS, b"c1", value)
        await feed.send(PROFILES, b"somebody", None)
        await feed.flush()

    await applied(setup.address, setup.names)
    told, changes, members = await agreed(setup, web)

    assert told.all("gedrag_events_total", outcome="applied")[()] + told.all("gedrag_events_total", outcome="repeat")[()] == len(events)
    by_topic = Counter(event.rank for event in events)
    assert told.all("gedrag_events_total", topic="page-views")[()] == by_topic[PAGE_VIEWS]
    assert told.all("gedrag_events_total", topic="cart-events")[()] == by_topic[CART_EVENTS] + 2
    assert told.all("gedrag_dead_letters_total", "topic", "error") == {
        ("cart-events", "not_json"): 1, ("cart-events", "missing_field"): 1, ("profiles", "no_value"): 1,
    }  # fmt: skip

    kinds = Counter((change["kind"], change["segment"], change["cause"]) for change in changes)
    for kind, name in (("entered", "gedrag_entries_total"), ("exited", "gedrag_exits_total")):
        assert told.all(name, "segment", "cause") == {(s, c): n for (k, s, c), n in kinds.items() if k == kind}, kind
    assert sum(told.all("gedrag_moves_total").values()) == sum(n for (k, _, _), n in kinds.items() if k == "moved")
    assert told.all("gedrag_members", "segment", "tier") == {cell: number for cell, number in members.items() if number}
    assert told.one("gedrag_customers") == len({change["customer_id"] for change in changes})
    timed = told.all("gedrag_change_latency_seconds_count", "cause")
    assert timed == {(cause,): sum(n for (_, _, c), n in kinds.items() if c == cause) for cause in ("event", "deadline")}

    assert get(web, "/health/live")[0] == 200
    eventually(lambda: is_ready(web), "ready", 20)
    bounded(told)
    asks_only_for_what_there_is(told)
    described(told)
    first.stop()

    # Another worker counts the members from the states, and says the same.
    second = worker("w2", web=web).ready()
    eventually(lambda: is_ready(web), "ready", 20)
    again, _, members = await agreed(setup, web, told=len(changes))
    assert again.all("gedrag_members", "segment", "tier") == {cell: number for cell, number in members.items() if number}
    assert again.one("gedrag_partitions_counted") == again.one("gedrag_partitions") == again.one("gedrag_partitions_configured") == 4
    assert again.one("gedrag_recovery_seconds_count") == 4
    assert again.one("gedrag_recovery_records_total") >= CUSTOMERS
    second.stop()


def bounded(told: Scrape) -> None:
    """Nobody is named, and there are no more series with more customers."""
    values = {value for _, pairs in told.samples for _, value in pairs}
    assert not [value for value in values if re.fullmatch(r"c[0-9]+|somebody", value)]
    assert len(told.samples) < 1_000, Counter(name for name, _ in told.samples).most_common(5)


def asks_only_for_what_there_is(told: Scrape) -> None:
    """The dashboard and the alerts in examples/ name metrics that a worker has."""
    there = {name for name, _ in told.samples} | {each.name for each in told.families}
    asked = set()
    for text in expressions():
        asked |= set(re.findall(r"\b(?:gedrag|process)_[a-z_]+", text))
    assert len(asked) > 20
    assert asked <= there | ELSEWHERE, sorted(asked - there - ELSEWHERE)


def described(told: Scrape) -> None:
    """docs/operations.md says of each what it is."""
    text = (EXAMPLES.parent / "docs" / "operations.md").read_text()
    named = {each.removesuffix("_total") for each in re.findall(r"\bgedrag_[a-z_]+", text)}
    assert {each.name for each in told.families if each.name.startswith("gedrag_")} <= named
    assert {each.removesuffix("_bucket").removesuffix("_total") for each in ELSEWHERE} <= named


#: Series of roles that this worker doesn't run, and of `gedrag serve`.
ELSEWHERE = {
    "gedrag_agent_lag_records", "gedrag_delivery_total", "gedrag_delivery_blocked", "gedrag_delivery_oldest_seconds",
    "gedrag_http_requests_total", "gedrag_http_request_seconds_bucket", "gedrag_webhooks_total",
    "gedrag_webhooks_closed", "gedrag_messages_total", "gedrag_outage",
}  # fmt: skip


def expressions() -> list[str]:
    rules = yaml.safe_load((EXAMPLES / "prometheus" / "alerts.yml").read_text())
    board = json.loads((EXAMPLES / "grafana" / "gedrag.json").read_text())
    found = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    return found + [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]


CAMPAIGN = """
[[campaign]]
name = "abandoned_cart"
trigger = { segment = "cart_abandoned" }
steps = [{ template = "abandoned_cart_1" }]
"""


async def test_mails_that_wait_are_seen(setup: Setup, worker: type[Process], redis_url: str, inbox: Inbox) -> None:
    (setup.folder / "campaigns.toml").write_text(CAMPAIGN)
    web = f"127.0.0.1:{free_port()}"
    parts = {"web": web, "redis": redis_url, "smtp": inbox.url, "sender": "shop@example.org"}
    redis = Redis.from_url(redis_url)
    switch = Switch(redis, setup.names.app_id)
    await switch.pause(Pause("somebody", "stock-taking", now_ms()))
    running = worker(options=("--role", "customers", "--role", "delivery", "--role", "live-view"), **parts).ready()
    async with Feed(setup.address, setup.prefix) as feed:
        await feed.event(PROFILES, "lotte", email="lotte@metrics.example", consent={"email": True})
        await feed.event(CART_EVENTS, "lotte", action="add", product_id="p1", price=5)
    await until(lambda: scrape(web).all("gedrag_agent_lag_records", role="delivery", topic=setup.names.messages) == {(): 1})
    told = scrape(web)
    assert told.all("gedrag_messages_total", "campaign", "decision", "reason") == {("abandoned_cart", "send", ""): 1}
    assert told.all("gedrag_delivery_blocked", "reason") == {("paused",): 1}
    assert told.one("gedrag_delivery_waiting") == 1
    assert 0 < told.one("gedrag_delivery_oldest_seconds") < 60
    assert json.loads(get(web, "/health/ready")[1])["waiting"] == ["delivery: paused"]
    assert "lotte" not in told.text

    await switch.resume()
    await until(lambda: scrape(web).one("gedrag_delivery_total", outcome="sent") == 1)
    await until(lambda: not scrape(web).all("gedrag_agent_lag_records", "role", "topic"))
    told = scrape(web)
    assert not told.all("gedrag_delivery_blocked")
    assert told.one("gedrag_delivery_waiting") == 0
    assert is_ready(web)
    await redis.aclose()
    running.stop()


async def until(true: Callable[[], object]) -> None:
    for _ in range(300):
        if true():
            return
        await asyncio.sleep(0.1)
    assert true()
