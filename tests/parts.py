"""The real parts tests run against: containers where a Docker engine answers, else the embedded ones."""

from __future__ import annotations

import json
import os
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache
from typing import Any, TypeVar

from streams.embedded import Broker, Cache, Mailbox
from streams.embedded.process import free_port

T = TypeVar("T")

KAFKA_IMAGE, REDIS_IMAGE, MAIL_IMAGE = "apache/kafka:4.3.1", "redis:7-alpine", "maildev/maildev:2.2.1"

#: For a broker that lives for some minutes: compiling for the long run would take more of the processors than it gives.
BRIEF = {
    "KAFKA_HEAP_OPTS": "-Xms512m -Xmx512m",
    "KAFKA_JVM_PERFORMANCE_OPTS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:SharedArchiveFile=/opt/kafka/kafka.jsa "
    "-Djava.awt.headless=true",
}

#: In CI nothing may be skipped for want of a container: such tests fail instead.
REQUIRED = os.environ.get("CI", "").lower() in ("1", "true") or os.environ.get("GEDRAG_TEST_REAL") == "1"


@cache
def why_no_docker() -> str:
    """Empty when a Docker engine answers, else why not."""
    import docker

    try:
        docker.from_env(timeout=5).ping()
    except (docker.errors.DockerException, OSError) as error:
        return f"no Docker engine answers ({error})"
    return ""


@dataclass(frozen=True)
class Kafka:
    """A running broker. `real`: it keeps, compacts and rebalances as Kafka does."""

    address: str
    real: bool


@dataclass(frozen=True)
class Inbox:
    """A running SMTP server that keeps what it gets. It is shared by all tests: ask for your own addresses."""

    url: str
    fetch: Callable[[], list[EmailMessage]]
    api: str = ""  # MailDev's page and REST API, where it is MailDev

    def mails(self, address: str = "") -> list[EmailMessage]:
        """Mails so far, oldest first; only those to `address` if given."""
        return [mail for mail in self.fetch() if not address or address in str(mail["To"])]

    def wait_for(self, address: str, count: int = 1, timeout: float = 30.0) -> list[EmailMessage]:
        """Block until `count` mails to `address` are there. AssertionError after `timeout` seconds."""
        return eventually(lambda: mails if len(mails := self.mails(address)) >= count else None, f"{count} mails to {address}", timeout)


def eventually(look: Callable[[], T | None], what: str, timeout: float = 30.0) -> T:
    """The first true answer of `look`. AssertionError after `timeout` seconds."""
    end = time.monotonic() + timeout
    while not (found := look()):
        assert time.monotonic() < end, f"not within {timeout:g} s: {what}"
        time.sleep(0.1)
    return found


@contextmanager
def kafka_container(port: int | None = None, *, ports: dict[int, int] | None = None, **env: str) -> Iterator[Kafka]:
    """A fresh Apache Kafka in KRaft mode at localhost:port (default: a free one). `env`: further KAFKA_… variables; `ports`: further
    ports of the container by where they are to be had on this machine."""
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    port = port or free_port()
    settings = {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_LISTENERS": "HOST://:9092,BROKER://localhost:19092,CONTROLLER://localhost:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"HOST://localhost:{port},BROKER://localhost:19092",
        "KAFKA_INTER_BROKER_LISTENER_NAME": "BROKER",
        "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "HOST:PLAINTEXT,BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_OFFSETS_TOPIC_NUM_PARTITIONS": "4",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        # Often, so that a test whose records are too old for their topic fails always, not once in a while.
        "KAFKA_LOG_RETENTION_CHECK_INTERVAL_MS": "1000",
        "KAFKA_LOG_INITIAL_TASK_DELAY_MS": "1000",
        # A topic nobody made is a mistake of the test or of the worker.
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    } | env
    container = DockerContainer(KAFKA_IMAGE).with_bind_ports(9092, port)
    for here, inside in (ports or {}).items():
        container = container.with_bind_ports(inside, here)
    for name, value in settings.items():
        container = container.with_env(name, value)
    with container.waiting_for(LogMessageWaitStrategy("Kafka Server started").with_startup_timeout(90)):
        yield Kafka(f"localhost:{port}", real=True)


@contextmanager
def redis_container() -> Iterator[str]:
    """A fresh Redis; gives its URL."""
    from testcontainers.core.container import DockerContainer
    from testcontainers.core.wait_strategies import LogMessageWaitStrategy

    container = DockerContainer(REDIS_IMAGE).with_exposed_ports(6379)
    with container.waiting_for(LogMessageWaitStrategy("Ready to accept connections").with_startup_timeout(60)) as running:
        yield f"redis://localhost:{running.get_exposed_port(6379)}/0"


@contextmanager
def maildev_container() -> Iterator[Inbox]:
    """A fresh MailDev."""
    from testcontainers.core.container import DockerContainer

    with DockerContainer(MAIL_IMAGE).with_exposed_ports(1025, 1080) as running:
        api = f"http://localhost:{running.get_exposed_port(1080)}"
        eventually(lambda: _answers(f"{api}/healthz"), "MailDev answers", 60)
        yield maildev(f"smtp://localhost:{running.get_exposed_port(1025)}", api)


def maildev(url: str, api: str) -> Inbox:
    """One that runs, by its addresses."""
    return Inbox(url, lambda: _maildev_mails(api), api)


@contextmanager
def embedded_broker() -> Iterator[Kafka]:
    with Broker() as broker:
        yield Kafka(broker.address, real=False)


@contextmanager
def embedded_cache() -> Iterator[str]:
    with Cache() as running:
        yield running.url


@contextmanager
def embedded_inbox() -> Iterator[Inbox]:
    with Mailbox() as mailbox:
        yield Inbox(mailbox.url, mailbox.mails)


def maildev_index(api: str) -> list[dict[str, Any]]:
    """What MailDev's REST API lists: one object a mail, with id, subject, to, html, text, headers."""
    with urllib.request.urlopen(f"{api}/email", timeout=10) as answer:
        return list(json.load(answer))


def _maildev_mails(api: str) -> list[EmailMessage]:
    mails = []
    for entry in maildev_index(api):
        with urllib.request.urlopen(f"{api}/email/{entry['id']}/download", timeout=10) as answer:
            mail = message_from_bytes(answer.read(), policy=policy.default)
            assert isinstance(mail, EmailMessage)
            mails.append(mail)
    return mails


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def zone_at_noon(instant: int) -> str:
    """A time zone in which it is noon at this instant (ms), give or take an hour: quiet hours are far."""
    ahead = 12 - instant // 3_600_000 % 24
    return f"Etc/GMT{-ahead:+d}"  # so named, the other way round
