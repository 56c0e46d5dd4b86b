"""`docker compose up`, from nothing to the first mail, and over a restart with its data."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.clock import now_ms
from streams.embedded.process import free_port
from tests import parts

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.docker, pytest.mark.timeout(420)]

# Lotte leaves a filled cart; two hours later somebody else looks at a page, which makes it two hours ago.
EVENTS = [
    {
        "event_type": "profile",
        "customer_id": "lotte",
        "email": "lotte@example.org",
        "language": "en",
        "consent": {"email": True},
        "ts": 0,
        "time_zone": parts.zone_at_noon(now_ms()),
    },
    {"event_type": "cart_add", "customer_id": "lotte", "product_id": "teapot", "quantity": 1, "price": 24.5, "ts": 60_000},
    {"event_type": "page_view", "customer_id": "mo", "page_type": "home", "ts": 7_260_000},
]
PURCHASE = [{"event_type": "purchase", "customer_id": "lotte", "order_id": "o1", "total": 24.5, "ts": 0}]


class Compose:
    """A project of its own, on ports of its own."""

    def __init__(self) -> None:
        self.kafka, self.mail, self.web, self.serve = free_port(), free_port(), free_port(), free_port()
        self._env = os.environ | {
            "COMPOSE_PROJECT_NAME": f"gedrag-test-{os.getpid()}",
            "GEDRAG_KAFKA_PORT": str(self.kafka), "GEDRAG_MAIL_PORT": str(self.mail), "GEDRAG_WEB_PORT": str(self.web),
            "GEDRAG_SERVE_PORT": str(self.serve),
        }  # fmt: skip

    def __call__(self, *arguments: str) -> str:
        done = subprocess.run(["docker", "compose", *arguments], cwd=ROOT, env=self._env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"docker compose {' '.join(arguments)}:\n{done.stderr}\n{self.log()}"
        return done.stdout

    def log(self) -> str:
        command = ["docker", "compose", "logs", "--tail", "30", "worker"]
        return subprocess.run(command, cwd=ROOT, env=self._env, capture_output=True, text=True, check=False).stdout

    def up(self) -> None:
        self("up", "--build", "--detach", "--wait", "--wait-timeout", "180")

    def health(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"http://localhost:{self.web}/health", timeout=5) as answer:
            return dict(json.load(answer))

    def explain(self, customer: str) -> dict[str, Any]:
        """By segment, as the API tells it."""
        token = self("exec", "-T", "serve", "gedrag", "token", "create", "--name", "tests").strip()
        url = f"http://localhost:{self.serve}/v1/customers/{customer}/explain"
        with urllib.request.urlopen(urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"}), timeout=10) as answer:
            return {each["segment"]: each for each in json.load(answer)["segments"]}

    def mails(self) -> list[dict[str, Any]]:
        return parts.maildev_index(f"http://localhost:{self.mail}")

    def produce(self, events: list[dict[str, Any]], file: Path) -> None:
        file.write_text("".join(json.dumps(event) + "\n" for event in events))
        command = [sys.executable, "-m", "streams.cli.main", "produce", str(file), "--now", "--set", f"broker=localhost:{self.kafka}"]
        done = subprocess.run(
            command, cwd=file.parent, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr


@pytest.fixture
def compose() -> Iterator[Compose]:
    project = Compose()
    try:
        yield project
    finally:
        project("down", "--volumes", "--remove-orphans", "--timeout", "20")


async def lottes_changes(address: str, until: str) -> list[tuple[str, str]]:
    """(kind, segment) of her changes in order, up to the first of kind `until` of cart_abandoned."""
    consumer = AIOKafkaConsumer(bootstrap_servers=address, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition("segment-changes", number) for number in range(4)])
        found: list[tuple[str, str]] = []
        async for record in consumer:
            change = json.loads(record.value)
            if change["customer_id"] == "lotte":
                found.append((change["kind"], change["segment"]))
                if found[-1] == (until, "cart_abandoned"):
                    return found
        return found
    finally:
        await consumer.stop()


async def test_from_nothing_to_the_first_mail_and_over_a_restart(compose: Compose, tmp_path: Path) -> None:
    compose.up()
    assert compose("exec", "-T", "worker", "id", "-u").strip() == "10001"
    parts.eventually(lambda: compose.health()["partitions"] == 4, "the worker has its partitions", 60)

    compose.produce(EVENTS, tmp_path / "events.ndjson")
    [mail] = parts.eventually(compose.mails, "the first mail", 60)
    assert mail["to"][0]["address"] == "lotte@example.org"
    assert mail["headers"]["x-gedrag-campaign"] == "abandoned_cart"
    assert "teapot" in mail["text"]
    assert "teapot" in mail["html"]
    cart = compose.explain("lotte")["cart_abandoned"]
    assert cart["member"] and cart["attributes"]["cart_items"] == 1

    compose("down", "--timeout", "40")
    compose.up()
    parts.eventually(lambda: compose.health()["customers"] == 2, "both customers are known again", 60)
    compose.produce(PURCHASE, tmp_path / "purchase.ndjson")
    changes = await lottes_changes(f"localhost:{compose.kafka}", "exited")
    assert changes.count(("entered", "cart_abandoned")) == 1
    assert changes.count(("exited", "cart_abandoned")) == 1
    parts.eventually(
        lambda: compose("exec", "-T", "redis", "redis-cli", "get", "gedrag:live:customers").strip() == "2", "the live view", 30
    )
    assert compose.mails() == []  # MailDev forgets; what was mailed before is not mailed again
