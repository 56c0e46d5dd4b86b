"""Segment's own libraries, pointed at a collector: what they are told ends as events on the topics, whole and once."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from segment.analytics.client import Client

from tests.integration.collector import story
from tests.integration.collector.serving import KEY, Collector

_SNAKE = re.compile(r"(?<=[a-z])(?=[A-Z])")


def with_python(collector: Collector, calls: list[tuple[str, dict[str, Any]]], **options: Any) -> None:
    """Returns when all calls were answered; AssertionError if one failed."""
    failures: list[Any] = []
    client = Client(KEY, host=collector.url, on_error=lambda error, batch: failures.append(error), upload_size=10, **options)
    for method, message in calls:
        getattr(client, method)(**{_SNAKE.sub("_", name).lower(): value for name, value in message.items()})
    client.shutdown()
    assert not failures


def with_node(collector: Collector, calls: list[tuple[str, dict[str, Any]]], node: Path) -> None:
    lines = "".join(json.dumps({"type": method, "message": message}) + "\n" for method, message in calls)
    done = subprocess.run(
        ["node", "send.mjs"], cwd=node, input=lines, capture_output=True, text=True, timeout=60,
        env=os.environ | {"WRITE_KEY": KEY, "COLLECTOR": collector.url},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def arrived(collector: Collector, *customers: str) -> dict[str, list[dict[str, Any]]]:
    return collector.arrived(lambda value: value["customer_id"] in customers)


def check(found: dict[str, list[dict[str, Any]]], expected: dict[str, list[dict[str, Any]]], began: float) -> None:
    """Each call's event is there once, of the time between, and told apart from all others."""
    ids = [value.pop("event_id") for values in found.values() for value in values]
    assert len(set(ids)) == len(ids)
    for values in found.values():
        for value in values:
            assert began - 1 < datetime.fromisoformat(value.pop("ts")).timestamp() < time.time() + 1
    assert {topic: sorted(map(json.dumps, map(_sorted, values))) for topic, values in found.items()} == {
        topic: sorted(map(json.dumps, map(_sorted, values))) for topic, values in expected.items()
    }


def _sorted(value: Any) -> Any:
    """Objects in order of their names."""
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    return [_sorted(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gzip"])
def test_what_a_shop_tells_the_python_library_is_on_the_topics(collector: Collector, zipped: bool) -> None:
    customer, visitor, began = f"python-{zipped}", f"visitor-{zipped}", time.time()

    with_python(collector, story.calls(customer, visitor), gzip=zipped)

    check(arrived(collector, customer, visitor), story.events(customer, visitor), began)


def test_what_a_shop_tells_the_node_library_is_on_the_topics(collector: Collector, node: Path) -> None:
    customer, visitor, began = "node", "node-visitor", time.time()

    with_node(collector, story.calls(customer, visitor), node)

    check(arrived(collector, customer, visitor), story.events(customer, visitor), began)


def test_names_that_stand_for_no_event_are_told_once_in_the_log_and_nothing_else_is_lost(collector: Collector) -> None:
    said = collector.log.count("Podcast Heard")

    with_python(collector, [("track", {"userId": "listener", "event": "Podcast Heard"})] * 25)
    with_python(collector, [("track", {"userId": "listener", "event": "Product Viewed", "properties": {"product_id": "p1"}})])

    assert collector.log.count("Podcast Heard") - said == 1
    assert list(arrived(collector, "listener")) == ["page-views"]


def test_an_unknown_write_key_fails_at_once(collector: Collector) -> None:
    failures: list[Any] = []
    client = Client("not-a-key-of-this-shop", host=collector.url, on_error=lambda error, batch: failures.append(error))
    client.track("nobody", "Product Viewed", {"product_id": "p1"})
    client.shutdown()

    assert [(error.status, error.code) for error in failures] == [(401, "unauthorized")]
    assert not arrived(collector, "nobody")
