"""What was answered with 200 is in Kafka, whatever happens to the collector or to Kafka; what was not is asked for again."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from aiohttp import encode_basic_auth
from aiohttp.test_utils import TestClient, TestServer
from segment.analytics.client import Client

from streams.http import app
from streams.http.collector import outlet
from streams.settings import load
from tests import parts
from tests.integration.collector.serving import KEY, Collector


class Sender(threading.Thread):
    """Posts numbered calls one after another, each once; `answered` are those it was told are taken."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url
        self._enough = threading.Event()
        self.answered: set[str] = set()

    def run(self) -> None:
        number = 0
        while not self._enough.is_set():
            number += 1
            call = {"userId": "once", "event": "Product Viewed", "properties": {"product_id": "p1"}, "messageId": f"once-{number}"}
            try:
                answer = requests.post(f"{self._url}/v1/track", json=call, auth=(KEY, ""), timeout=30)
            except requests.RequestException:
                continue
            if answer.status_code == 200:
                self.answered.add(call["messageId"])

    def end(self) -> None:
        self._enough.set()
        self.join()


def test_a_collector_killed_amid_traffic_loses_nothing_it_acknowledged(collector: Collector) -> None:
    failures: list[Any] = []
    client = Client(KEY, host=collector.url, on_error=lambda error, batch: failures.append(error), upload_size=20, upload_interval=0.05)
    once = Sender(collector.url)
    once.start()
    sent = []
    for number in range(600):
        sent.append(f"again-{number}")
        client.track("again", "Product Viewed", {"product_id": "p1"}, message_id=sent[-1])
        time.sleep(0.001)
        if number == 300:
            collector.kill()
            collector.start()
    client.shutdown()
    once.end()

    found = collector.arrived()["page-views"]
    told = [value["event_id"] for value in found if value["customer_id"] == "again"]
    assert not failures
    assert set(told) == set(sent), "the library sends until it is answered"
    assert len(once.answered) > 20
    assert once.answered <= {value["event_id"] for value in found}


@pytest.fixture(scope="module")
def broker() -> Iterator[parts.Kafka]:
    """One that nobody else uses: it is taken away."""
    with parts.kafka_container(**parts.BRIEF) as own:
        yield own


@contextmanager
def away(kafka: parts.Kafka) -> Iterator[None]:
    """The broker stands still, as if the network were cut."""
    import docker

    port = kafka.address.rpartition(":")[2]
    container = next(
        each
        for each in docker.from_env().containers.list()
        if any(place["HostPort"] == port for places in each.ports.values() for place in places or ())
    )
    container.pause()
    try:
        yield
    finally:
        container.unpause()


@pytest.fixture
async def caller(broker: parts.Kafka, topic_prefix: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[TestClient, Collector]]:
    """A collector in this process, that has little patience, and the topics it writes to."""
    monkeypatch.setattr(outlet, "PATIENCE", 1.0)
    collector = Collector(broker.address, topic_prefix, None)  # type: ignore[arg-type]
    settings = load(None, collector.settings(), {"GEDRAG_WRITE_KEYS": KEY})
    own = {"Authorization": encode_basic_auth(KEY, "")}
    async with TestClient(TestServer(app.build(settings, ["collector"])), headers=own) as client:
        while (await client.get("/health/ready")).status != 200:
            await asyncio.sleep(0.05)
        yield client, collector


def view(event_id: str, **more: str) -> dict[str, Any]:
    return {"userId": "c1", "event": "Product Viewed", "properties": {"product_id": "p1", **more}, "messageId": event_id}


async def taken(client: TestClient, body: dict[str, Any]) -> None:
    """Sent as a caller does: told to come again, as a broker with much else to do may have it, it comes again."""
    async with asyncio.timeout(60):
        while (answer := await client.post("/v1/track", json=body)).status == 429:
            await asyncio.sleep(0.2)
    assert answer.status == 200


@pytest.mark.real_kafka
async def test_while_kafka_is_away_callers_are_told_to_come_again(caller: tuple[TestClient, Collector], broker: parts.Kafka) -> None:
    client, collector = caller
    await taken(client, view("before"))

    with away(broker):
        waited = await client.post("/v1/track", json=view("meanwhile"))
        at_once = await client.post("/v1/track", json=view("not even tried"))
        assert (await client.get("/health/ready")).status == 503
    for answer in (waited, at_once):
        assert answer.status == 429
        assert int(answer.headers["Retry-After"]) >= 5
        assert (await answer.json())["code"] == "busy"

    while (await client.get("/health/ready")).status != 200:
        await asyncio.sleep(0.05)
    await taken(client, view("meanwhile"))
    told = [value["event_id"] for value in (await asyncio.to_thread(collector.arrived))["page-views"]]
    assert set(told) == {"before", "meanwhile"}


@pytest.mark.real_kafka
async def test_only_so_much_waits_for_kafka(
    caller: tuple[TestClient, Collector], broker: parts.Kafka, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, _ = caller
    batch = {"batch": [{"type": "track"} | view(f"e{number}", url="x" * 900) for number in range(10)]}
    monkeypatch.setattr(outlet, "ROOM", int(len(json.dumps(batch)) * 10.5))

    with away(broker):
        answers = await asyncio.gather(*(client.post("/v1/batch", json=batch) for _ in range(40)))

    assert {answer.status for answer in answers} == {429}
    at_once = [answer for answer in answers if int(answer.headers["Retry-After"]) <= 3]
    assert len(at_once) == 30, "ten wait for Kafka, and the others are told at once"
