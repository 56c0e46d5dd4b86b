"""`gedrag serve` as a process of its own, and what is on the topics after it."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from aiokafka import AIOKafkaConsumer, TopicPartition

from scoring.events.decode import decoders
from scoring.events.schema import TOPICS
from streams.embedded.process import free_port
from tests import parts

KEY, OLD_KEY = "QGStQ7xFbFfZ2wXN", "former-key-0123456789"
CURRENCY = "USD"
CODE = "from streams.cli.main import main; main()"


@dataclass
class Collector:
    """A collector on topics of its own. It can be killed, and started again at the same address."""

    broker: str
    prefix: str
    folder: Path
    options: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: Any = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> str:
        return (self.folder / "serve.log").read_text()

    def settings(self) -> dict[str, str]:
        own = {"broker": self.broker, "app_id": self.prefix + "gedrag", "topic_prefix": self.prefix, "currency": CURRENCY, "log": "json"}
        return own | {"serve": f"127.0.0.1:{self.port}"} | self.options

    def start(self) -> Collector:
        command = [sys.executable, "-c", CODE, "serve", "--parts", "collector"]
        for name, value in self.settings().items():
            command += ["--set", f"{name}={value}"]
        with (self.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=self._environment(), stdout=log, stderr=log, cwd=self.folder)
        parts.eventually(self.ready, "the collector is ready")
        return self

    def ready(self) -> bool:
        assert self.process.poll() is None, self.log
        try:
            return requests.get(f"{self.url}/health/ready", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command that ends by itself, with these settings."""
        command = [sys.executable, "-c", CODE, *words]
        for name, value in self.settings().items():
            command += ["--set", f"{name}={value}"]
        return subprocess.run(command, env=self._environment(), capture_output=True, text=True, cwd=self.folder, timeout=60)

    def _environment(self) -> dict[str, str]:
        return os.environ | {"GEDRAG_WRITE_KEYS": f"{KEY},{OLD_KEY}", "PYTHONPATH": str(Path(__file__).parents[3])}

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def post(self, path: str, body: Any, key: str | None = KEY, **headers: str) -> requests.Response:
        """`body`: bytes, or what is to be JSON."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return requests.post(f"{self.url}{path}", content, auth=(key, "") if key else None, headers=headers, timeout=30)

    def arrived(self, of: Callable[[dict[str, Any]], bool] = lambda value: True) -> dict[str, list[dict[str, Any]]]:
        """Topic -> the values on it so far; every one of them is an event as the worker takes it."""
        found: dict[str, list[dict[str, Any]]] = {}
        for topic, record in self.records(TOPICS):
            decoders(CURRENCY)[TOPICS.index(topic)](record.value, record.key, record.timestamp)
            if of(value := json.loads(record.value)):
                found.setdefault(topic, []).append(value)
        return found

    def letters(self) -> list[tuple[bytes, dict[str, str]]]:
        """Value and headers of the dead letters so far."""
        return [(record.value, {name: text.decode() for name, text in record.headers}) for _, record in self.records(("dead-letters",))]

    def records(self, topics: tuple[str, ...]) -> list[tuple[str, Any]]:
        return asyncio.run(_records(self.broker, self.prefix, topics))


async def _records(broker: str, prefix: str, topics: tuple[str, ...]) -> list[tuple[str, Any]]:
    found = []
    async with AIOKafkaConsumer(bootstrap_servers=broker, auto_offset_reset="earliest", fetch_max_wait_ms=50) as consumer:
        left = [TopicPartition(prefix + topic, number) for topic in topics for number in range(4)]
        consumer.assign(left)
        ends = await consumer.end_offsets(left)
        while left := [place for place in left if await consumer.position(place) < ends[place]]:
            for place, records in (await consumer.getmany(*left, timeout_ms=200)).items():
                found += [(place.topic.removeprefix(prefix), record) for record in records]
    return found
