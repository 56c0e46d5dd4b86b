"""Real Redis, a real SMTP server whose answers a test can choose, and workers on a real broker that mail by it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from aiosmtpd.smtp import SMTP
from redis.asyncio import Redis

from tests import parts
from tests.integration.worker.running import Process, Setup, workers
from tests.streams.delivery.mails import parsed


@dataclass
class Server:
    """`answer(recipient)` is asked at the end of DATA, `admit(recipient)` at RCPT; both give an SMTP reply. `mails`: those taken over."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    answer: Callable[[str], str] = lambda recipient: "250 OK"
    admit: Callable[[str], str] = lambda recipient: "250 OK"
    hold: asyncio.Event | None = None  # waited for before the reply to DATA
    received: int = 0
    connections: int = 0
    _server: Any = None

    async def start(self) -> None:
        def protocol() -> SMTP:
            self.connections += 1
            return SMTP(self, hostname="localhost", data_size_limit=50_000_000)

        self._server = await asyncio.get_running_loop().create_server(protocol, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        self._server.close()
        await asyncio.sleep(0)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        reply = self.admit(address)
        if reply.startswith("250"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.received += 1
        if self.hold is not None:
            await self.hold.wait()
        reply = self.answer(envelope.rcpt_tos[0])
        if reply.startswith("250"):
            self.mails.append(parsed(envelope.content))
        return reply

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in self.mails if mail["To"] == address]


@pytest.fixture
async def smtp_server() -> AsyncIterator[Server]:
    running = Server()
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def setup(kafka: parts.Kafka, topic_prefix: str, tmp_path: Path) -> Setup:
    return Setup(kafka.address, topic_prefix, tmp_path)


@pytest.fixture
def worker(kafka: parts.Kafka, setup: Setup, redis_url: str, smtp_server: Server) -> Iterator[Callable[..., Process]]:
    """Starts a worker of one role."""
    with workers(setup) as make:

        def start(role: str, name: str = "w1", **overrides: str) -> Process:
            settings = {"redis": redis_url, "smtp": smtp_server.url, "sender": "Koffie <hallo@koffie.example>"} | overrides
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
