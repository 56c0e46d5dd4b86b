"""Kafka, Redis and a mail server in containers that can be taken away and brought back, with what they hold."""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from streams.embedded.process import free_port
from tests import parts

#: So that compaction, when a topic asks for it, does not wait for a quarter of a minute; and records carry the time they reached the
#: broker, by which the traffic can be told to have been in time.
_BROKER = parts.BRIEF | {"KAFKA_LOG_CLEANER_BACKOFF_MS": "200", "KAFKA_LOG_MESSAGE_TIMESTAMP_TYPE": "LogAppendTime"}
_HELD, _HELD_INSIDE = "HELD", 9095


@dataclass(frozen=True)
class Container:
    """One that is running; all of these block until it is done."""

    handle: Any

    def pause(self) -> None:
        """It answers nothing, but its connections stay."""
        self.handle.pause()

    def go_on(self) -> None:
        self.handle.unpause()

    def stop(self) -> None:
        self.handle.stop(timeout=20)

    def kill(self) -> None:
        self.handle.kill()

    def start(self) -> None:
        self.handle.start()


@dataclass(frozen=True)
class Surroundings:
    """`held_port`: where a worker that is given `held_address` as its broker connects to; `held_target`: what is to be behind it."""

    address: str
    held_port: int
    held_target: int
    redis: str
    smtp: str
    mail_api: str
    broker: Container
    cache: Container
    mail: Container

    @property
    def held_address(self) -> str:
        return f"localhost:{self.held_port}"

    def mails(self) -> list[dict[str, Any]]:
        return parts.maildev_index(self.mail_api)

    def forget_mails(self) -> None:
        urllib.request.urlopen(urllib.request.Request(f"{self.mail_api}/email/all", method="DELETE"), timeout=30).close()


@contextmanager
def surroundings() -> Iterator[Surroundings]:
    """A broker, a cache and a mail server of their own, on ports that they keep over a restart."""
    with ExitStack() as stack:
        kafka, held, target = free_port(), free_port(), free_port()
        listeners = {
            "KAFKA_LISTENERS": f"HOST://:9092,{_HELD}://:{_HELD_INSIDE},BROKER://localhost:19092,CONTROLLER://localhost:9093",
            "KAFKA_ADVERTISED_LISTENERS": f"HOST://localhost:{kafka},{_HELD}://localhost:{held},BROKER://localhost:19092",
            "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": f"HOST:PLAINTEXT,{_HELD}:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
        }
        broker = stack.enter_context(parts.kafka_container(kafka, ports={target: _HELD_INSIDE}, **_BROKER, **listeners))
        redis_port, smtp_port, api_port = free_port(), free_port(), free_port()
        stack.enter_context(_run(parts.REDIS_IMAGE, {6379: redis_port}, "redis-server --appendonly yes"))
        stack.enter_context(_run(parts.MAIL_IMAGE, {1025: smtp_port, 1080: api_port}, MAILDEV_MAIL_DIRECTORY="/tmp/mails"))
        api = f"http://localhost:{api_port}"
        parts.eventually(lambda: _answers(f"{api}/healthz"), "MailDev answers", 60)
        yield Surroundings(
            broker.address, held, target, f"redis://localhost:{redis_port}/0", f"smtp://localhost:{smtp_port}", api,
            _at(kafka), _at(redis_port), _at(smtp_port),
        )  # fmt: skip


@contextmanager
def _run(image: str, ports: dict[int, int], command: str = "", **environment: str) -> Iterator[None]:
    from testcontainers.core.container import DockerContainer

    container = DockerContainer(image)
    if command:
        container = container.with_command(command)
    for inside, here in ports.items():
        container = container.with_bind_ports(inside, here)
    for name, value in environment.items():
        container = container.with_env(name, value)
    with container:
        yield


def _at(port: int) -> Container:
    import docker

    (found,) = docker.from_env().containers.list(filters={"publish": str(port)})
    return Container(found)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(json.load(answer))
    except (OSError, ValueError):
        return False


async def blocking(action: Callable[[], None]) -> None:
    await asyncio.to_thread(action)
