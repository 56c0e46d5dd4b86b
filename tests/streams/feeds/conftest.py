"""Receivers, and workers of one role with their settings."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from redis.asyncio import Redis

from tests import parts
from tests.integration.worker.running import Process, Setup, workers
from tests.streams.feeds.receiver import OTHER, SECRET, Receiver

SEGMENTS = Path(__file__).parents[3] / "streams" / "defaults" / "segments.toml"


@pytest.fixture
def setup(kafka: parts.Kafka, topic_prefix: str, tmp_path: Path) -> Setup:
    return Setup(kafka.address, topic_prefix, tmp_path)


@pytest.fixture
def worker(kafka: parts.Kafka, setup: Setup, redis_url: str) -> Iterator[Callable[..., Process]]:
    """Starts a worker of one role."""
    with workers(setup) as make:

        def start(role: str, name: str = "w1", **overrides: str) -> Process:
            settings = {"redis": redis_url, "webhook_networks": "127.0.0.0/8", "segments": str(SEGMENTS)} | overrides
            if not kafka.real:
                settings["idempotence"] = "off"
            return make(name, options=("--role", role), **settings)  # type: ignore[call-arg, return-value]

        yield start


@pytest.fixture
async def producer(kafka: parts.Kafka) -> AsyncIterator[AIOKafkaProducer]:
    made = AIOKafkaProducer(bootstrap_servers=kafka.address)
    await made.start()
    yield made
    await made.stop()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
async def receiver() -> AsyncIterator[Callable[..., Awaitable[Receiver]]]:
    """Starts receivers of webhooks."""
    running = []

    async def start(**options: Any) -> Receiver:
        running.append(await Receiver(**options).start())
        return running[-1]

    yield start
    for each in running:
        await each.stop()


def write(setup: Setup, **endpoints: str) -> str:
    """Writes webhooks.toml: url by name, or all of its lines; returns where it is."""
    (setup.folder / "s.secrets").write_text(f"{SECRET}\n{OTHER}\n")
    text = ""
    for name, lines in endpoints.items():
        lines = f'url = "{lines}"' if lines.startswith("http") else lines
        text += f'[[endpoint]]\nname = "{name}"\nsecrets_file = "s.secrets"\n{lines}\n'
    path = setup.folder / "webhooks.toml"
    path.write_text(text)
    return str(path)


@pytest.fixture
def gedrag(kafka: parts.Kafka, setup: Setup, redis_url: str) -> Callable[..., str]:
    """Runs a command to its end with the setup's settings; gives what it wrote, standard error after standard output."""

    def run(*words: str, code: int = 0, **overrides: str) -> str:
        given = setup.settings(redis=redis_url, webhook_networks="127.0.0.0/8", segments=str(SEGMENTS), **overrides)
        if not kafka.real:
            given["idempotence"] = "off"
        settings = [f"--set={name}={value}" for name, value in given.items()]
        done = subprocess.run(
            [sys.executable, "-c", "from streams.cli.main import main; main()", *words, *settings],
            capture_output=True, text=True, timeout=60, cwd=setup.folder, env=os.environ | {"PYTHONPATH": str(SEGMENTS.parents[2])},
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run
