"""The parts other tests stand on: each answers, containers and embedded ones alike."""

from __future__ import annotations

import os
import signal
import smtplib
import subprocess
import sys
from email.message import EmailMessage
from pathlib import Path

import pytest
import redis
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from streams.embedded import Broker, EmbeddedError
from streams.embedded.process import Child
from tests import parts


async def roundtrip(address: str, topic: str) -> bytes:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    await admin.create_topics([NewTopic(topic, num_partitions=1, replication_factor=1)])
    await admin.close()
    producer = AIOKafkaProducer(bootstrap_servers=address)
    await producer.start()
    await producer.send_and_wait(topic, b"hello", key=b"c1")
    await producer.stop()
    consumer = AIOKafkaConsumer(bootstrap_servers=address, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(topic, 0)])
        record = await consumer.getone()
        return bytes(record.value)
    finally:
        await consumer.stop()


async def test_broker_keeps_a_record(kafka: parts.Kafka, topic_prefix: str) -> None:
    assert await roundtrip(kafka.address, f"{topic_prefix}hello") == b"hello"


async def test_embedded_broker_keeps_a_record(embedded_kafka: parts.Kafka, topic_prefix: str) -> None:
    assert await roundtrip(embedded_kafka.address, f"{topic_prefix}hello") == b"hello"


@pytest.mark.parametrize("source", ["session", "embedded"])
def test_cache_keeps_a_key(source: str, request: pytest.FixtureRequest, topic_prefix: str) -> None:
    def check(url: str) -> None:
        with redis.Redis.from_url(url) as client:
            client.set(f"{topic_prefix}k", "v")
            assert client.get(f"{topic_prefix}k") == b"v"

    if source == "session":
        check(request.getfixturevalue("redis_url"))
    else:
        with parts.embedded_cache() as url:
            check(url)


@pytest.mark.parametrize("source", ["session", "embedded"])
def test_mailbox_keeps_a_mail(source: str, request: pytest.FixtureRequest) -> None:
    def check(inbox: parts.Inbox) -> None:
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "shop@example.org", f"{source}@example.org", "Zoë's cart"
        mail.set_content("Two lines:\n1 × crème brûlée\n")
        host, port = inbox.url.removeprefix("smtp://").split(":")
        with smtplib.SMTP(host, int(port)) as client:
            client.send_message(mail)
        [got] = inbox.wait_for(f"{source}@example.org")
        assert got["Subject"] == "Zoë's cart"
        assert "1 × crème brûlée" in got.get_content()

    if source == "session":
        check(request.getfixturevalue("inbox"))
    else:
        with parts.embedded_inbox() as inbox:
            check(inbox)


def test_children_die_with_a_killed_parent(tmp_path: Path) -> None:
    script = (
        "import os, signal\nfrom streams.embedded import Broker, Cache\nbroker, cache = Broker(), Cache()\n"
        "print(broker.child.pid, cache.child.pid, broker._folder, cache._folder, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    broker, cache, *folders = done.stdout.split()
    parts.eventually(lambda: not alive(int(broker)) and not alive(int(cache)), "both are gone", 10)
    parts.eventually(lambda: not any(Path(folder).exists() for folder in folders), "their folders are gone", 10)


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be collected doesn't."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


def test_a_part_that_ends_at_once_says_what_it_said(tmp_path: Path) -> None:
    child = Child(["/bin/sh", "-c", "echo the disk is on fire; exit 7"], tmp_path / "log")
    with pytest.raises(EmbeddedError, match="the oven ended with status 7; it said:\nthe disk is on fire"):
        child.wait_until(lambda: False, "the oven", 5)


def test_a_part_that_stays_silent_is_given_up(tmp_path: Path) -> None:
    child = Child(["/bin/sh", "-c", "sleep 60"], tmp_path / "log")
    with pytest.raises(EmbeddedError, match="the oven did not answer within 0.2 s"):
        child.wait_until(lambda: False, "the oven", 0.2)
    assert not child.running


def test_two_brokers_take_different_ports() -> None:
    with Broker() as first, Broker() as second:
        assert first.port != second.port
