"""The agents as a shop runs them: `gedrag worker` in a process of its own, on a real broker, Redis and SMTP server."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from redis.asyncio import Redis

from streams.clock import now_ms
from streams.settings.load import load
from streams.sinks.live_view import LiveView
from streams.view.check import check
from tests import parts
from tests.integration.worker.running import Process, Setup
from tests.streams.delivery.conftest import Server
from tests.streams.delivery.mails import encoded, html, record, text

pytestmark = pytest.mark.timeout(180)


async def eventually(look: Callable[[], object], what: str, process: Process | None = None, timeout: float = 60) -> None:
    for _ in range(int(timeout * 20)):
        if look():
            return
        if process is not None:
            assert process.process.poll() is None, process.text()
        await asyncio.sleep(0.05)
    raise AssertionError(f"not within {timeout} s: {what}\n{process.text() if process is not None else ''}")


async def stopped(process: Process) -> None:
    """Without holding up the mail server, which runs in this thread."""
    await asyncio.to_thread(process.stop)


async def topics_made(setup: Setup, process: Process) -> None:
    """The worker makes the topics; nothing can be written before. On a busy machine a partition is there some time before its leader takes
    records: what is written then comes later than what is written to others after it."""
    consumer = AIOKafkaConsumer(bootstrap_servers=setup.address)
    await consumer.start()
    try:
        for _ in range(600):
            if setup.names.dead_letters in await consumer.topics():
                topics = [*setup.names.inputs, setup.names.messages]
                await consumer.end_offsets([TopicPartition(topic, n) for topic in topics for n in range(setup.partitions)])
                return
            assert process.process.poll() is None, process.text()
            await asyncio.sleep(0.1)
        raise AssertionError(process.text())
    finally:
        await consumer.stop()


async def dead_letters(setup: Setup) -> list[tuple[bytes, dict[str, bytes]]]:
    consumer = AIOKafkaConsumer(bootstrap_servers=setup.address)
    await consumer.start()
    try:
        places = [TopicPartition(setup.names.dead_letters, n) for n in range(setup.partitions)]
        consumer.assign(places)
        await consumer.seek_to_beginning()
        ends = await consumer.end_offsets(places)
        found: list[tuple[bytes, dict[str, bytes]]] = []
        while len(found) < sum(ends.values()):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found += [(each.value, dict(each.headers)) for each in records]
        return found
    finally:
        await consumer.stop()


async def committed(setup: Setup, group: str, topic: str) -> int:
    """Records of the topic the group is done with."""
    consumer = AIOKafkaConsumer(bootstrap_servers=setup.address, group_id=group)
    await consumer.start()
    try:
        return sum([await consumer.committed(TopicPartition(topic, n)) or 0 for n in range(setup.partitions)])
    finally:
        await consumer.stop()


async def put(producer: AIOKafkaProducer, topic: str, values: list[bytes]) -> None:
    for n, value in enumerate(values):
        await producer.send(topic, value=value, key=b"c%d" % n)
    await producer.flush()


async def test_from_messages_to_mails_and_a_restart_sends_nothing_twice(
    setup: Setup, worker: Callable[..., Process], producer: AIOKafkaProducer, smtp_server: Server
) -> None:
    smtp_server.answer = lambda recipient: "550 no such mailbox" if recipient.startswith("gone") else "250 OK"
    process = worker("delivery")
    await topics_made(setup, process)
    good = [record(f"c{n}@example.org") for n in range(30)]
    quiet = [record(decision="suppressed", reason="no_consent", to=None, context={}) for _ in range(10)]
    bad = [b"{", encoded(record("kim@example.org\r\nBcc: x@example.org")), encoded(record("gone@example.org"))]
    await put(producer, setup.names.messages, [*map(encoded, good), *map(encoded, quiet), *bad])
    await eventually(lambda: len(smtp_server.mails) >= 30, "30 mails", process)
    for _ in range(100):
        if await committed(setup, setup.names.app_id + "-delivery", setup.names.messages) == 43:
            break
        await asyncio.sleep(0.1)
    assert await committed(setup, setup.names.app_id + "-delivery", setup.names.messages) == 43
    letters = await dead_letters(setup)
    assert Counter(headers["error"] for _, headers in letters) == {b"not_a_message": 1, b"bad_address": 1, b"mail_bounced": 1}
    assert {value for value, _ in letters} == set(bad)
    assert {headers["topic"] for _, headers in letters} == {setup.names.messages.encode()}
    await stopped(process)
    # Everything is read once more by another group, as after lost commits.
    again = worker("delivery", name="w2")
    more = record("late@example.org")
    await put(producer, setup.names.messages, [encoded(each) for each in good] + [encoded(more)])
    await eventually(lambda: smtp_server.to("late@example.org"), "the new mail", again)
    await asyncio.sleep(1)
    await stopped(again)
    assert Counter(str(mail["To"]) for mail in smtp_server.mails) == Counter([*(each["to"] for each in good), "late@example.org"])


async def test_killed_in_the_middle_everybody_gets_their_mail_and_only_those_on_the_way_may_get_two(
    setup: Setup, worker: Callable[..., Process], producer: AIOKafkaProducer, smtp_server: Server
) -> None:
    first = worker("delivery")
    await topics_made(setup, first)
    messages = [record(f"c{n}@example.org") for n in range(200)]
    await put(producer, setup.names.messages, [encoded(each) for each in messages])
    await eventually(lambda: len(smtp_server.mails) >= 50, "50 mails", first)
    first.kill()
    done = len(smtp_server.mails)
    second = worker("delivery")
    everybody = {each["to"] for each in messages}
    await eventually(lambda: {str(mail["To"]) for mail in smtp_server.mails} == everybody, f"the rest after {done}", second, 90)
    await eventually(lambda: second.text().count('"mail sent"') + second.text().count("already sent") >= 200 - done, "settled", second)
    await stopped(second)
    counts = Counter(str(mail["Message-ID"]) for mail in smtp_server.mails)
    twice = [each for each, count in counts.items() if count > 1]
    assert max(counts.values()) <= 2 and len(twice) <= 8, "at most one a connection was between the reply and the mark"


async def test_a_mail_server_that_goes_away_and_comes_back(
    setup: Setup, worker: Callable[..., Process], producer: AIOKafkaProducer, smtp_server: Server
) -> None:
    process = worker("delivery")
    await topics_made(setup, process)
    await put(producer, setup.names.messages, [encoded(record("first@example.org"))])
    await eventually(lambda: smtp_server.mails, "the first mail", process)
    smtp_server.answer = lambda recipient: "421 going down"
    await put(producer, setup.names.messages, [encoded(record(f"c{n}@example.org")) for n in range(150)])
    await eventually(lambda: "the mail server is away" in process.text(), "it says so", process)
    await stopped(process)
    assert len(smtp_server.mails) == 1
    await smtp_server.stop()
    again = worker("delivery")
    await eventually(lambda: "the mail server does not answer at smtp://127.0.0.1" in again.text(), "it starts all the same", again)
    smtp_server.answer = lambda recipient: "250 OK"
    await smtp_server.start()
    await eventually(lambda: len(smtp_server.mails) == 151, "all the others", again)
    await stopped(again)
    assert max(Counter(str(mail["To"]) for mail in smtp_server.mails).values()) == 1


async def test_a_rebalance_while_the_mail_server_is_away(
    setup: Setup, worker: Callable[..., Process], producer: AIOKafkaProducer, smtp_server: Server
) -> None:
    smtp_server.answer = lambda recipient: "421 going down"
    first = worker("delivery")
    await topics_made(setup, first)
    await put(producer, setup.names.messages, [encoded(record(f"c{n}@example.org")) for n in range(150)])
    await eventually(lambda: "the mail server is away" in first.text(), "the first says so", first)
    second = worker("delivery", name="w2")
    await eventually(lambda: "the mail server is away" in second.text(), "the second has got partitions", second)
    smtp_server.answer = lambda recipient: "250 OK"
    await eventually(lambda: len(smtp_server.mails) >= 150, "all mails", first)
    await asyncio.sleep(2)
    assert max(Counter(str(mail["To"]) for mail in smtp_server.mails).values()) == 1 and len(smtp_server.mails) == 150
    await stopped(first)
    await stopped(second)


CAMPAIGNS = Path(__file__).parents[3] / "streams" / "defaults" / "campaigns.toml"
SEGMENTS = CAMPAIGNS.with_name("segments.toml")


async def test_from_events_to_the_mail(
    setup: Setup, worker: Callable[..., Process], producer: AIOKafkaProducer, inbox: parts.Inbox, redis: Redis, topic_prefix: str
) -> None:
    """With everything that is shipped: a cart left three hours ago is a mail now; one that was bought is none."""
    process = worker("all", smtp=inbox.url, segments=str(SEGMENTS), campaigns=str(CAMPAIGNS), shop_name="Koffie & Co")
    await topics_made(setup, process)
    start = now_ms() - 3 * 3_600_000
    address = topic_prefix.strip(".").replace(".", "-")[-40:].strip("-")
    for n in range(4):
        customer = {"customer_id": f"k{n}"}
        profile = {
            "email": f"{address}-{n}@example.org",
            "first_name": "Kim",
            "language": "nl",
            "consent": {"email": n != 3},
            "time_zone": parts.zone_at_noon(start),
        }
        cart = {"action": "add", "product_id": "Bonen & <melk>", "quantity": 2, "price": 18.5}
        events = [("profiles", start, profile), ("cart-events", start + 1000, cart)]
        if n == 1:
            events.append(("purchases", start + 60_000, {"order_id": "o1", "total": 37}))
        for topic, ts, fields in events:
            value = json.dumps({**customer, "ts": ts, **fields}).encode()
            await producer.send(setup.prefix + topic, key=customer["customer_id"].encode(), value=value)
    await producer.flush()
    (mail,) = await asyncio.to_thread(inbox.wait_for, f"{address}-0@example.org")
    (other,) = await asyncio.to_thread(inbox.wait_for, f"{address}-2@example.org")
    assert mail["Subject"] == "Je winkelwagen staat nog klaar" and mail["X-Gedrag-Campaign"] == "abandoned_cart"
    assert "Bonen &amp; &lt;melk&gt;" in html(mail) and "2 x Bonen & <melk>" in text(mail) and "37,00" in text(mail)
    assert mail["Message-ID"] != other["Message-ID"]
    view = LiveView(redis, setup.names.app_id)
    for _ in range(200):
        counts = await view.counts(["cart_abandoned"])
        if counts.members["cart_abandoned"] == 3 and counts.customers == 4:
            break
        await asyncio.sleep(0.1)
    assert (counts.customers, counts.members) == (4, {"cart_abandoned": 3})
    await stopped(process)
    assert inbox.mails(f"{address}-1@") == [] and inbox.mails(f"{address}-3@") == []


def change(customer: str, kind: str, segment: str, to: str | None = None) -> bytes:
    at = "2026-03-01T11:00:00.000Z"
    return json.dumps({"customer_id": customer, "segment": segment, "kind": kind, "from": None, "to": to, "at": at, "episode": 1}).encode()


async def test_the_live_view_over_kills_equals_the_changes(
    setup: Setup, worker: Callable[..., Process], producer: AIOKafkaProducer, redis: Redis, redis_url: str
) -> None:
    process = worker("live-view")
    await topics_made(setup, process)
    view = LiveView(redis, setup.names.app_id)
    tiers = ["intensive", "regular", "occasional", "dormant"]
    expected: dict[str, str] = {}
    entered: set[str] = set()
    for run in range(3):
        for n in range(3000):
            customer = f"c{n * 7919 % 500}"
            tier = tiers[(n + run) % 4]
            expected[customer] = tier
            await producer.send(setup.names.changes, key=customer.encode(), value=change(customer, "moved", "engagement", tier))
            if n % 3 == 0:
                kind = "exited" if customer in entered else "entered"
                entered ^= {customer}
                await producer.send(setup.names.changes, key=customer.encode(), value=change(customer, kind, "cart_abandoned"))
        await producer.flush()
        if run < 2:
            await asyncio.sleep(0.3)
            process.kill()
            process = worker("live-view")
    sizes = Counter(expected.values())
    wanted = {"cart_abandoned": len(entered)} | {f"engagement.{tier}": sizes[tier] for tier in tiers}
    for _ in range(600):
        counts = await view.counts(wanted)
        if counts.members == wanted:
            break
        await asyncio.sleep(0.1)
    assert counts.members == wanted and counts.customers == 500, process.text()
    await stopped(process)
    settings = load(overrides=setup.settings(redis=redis_url), environ={})
    verdict = await check(settings, redis, lambda done, total: None)
    assert (verdict.differences, verdict.behind, verdict.customers) == ([], 0, 500)
    table = _gedrag("segments", setup, redis_url, "--json")
    report = json.loads(table)
    assert report["customers"] == 500
    rows = {row["segment"]: row for row in report["membership"]}
    assert {name: rows[name]["customers"] for name in wanted} == wanted
    assert rows["engagement.dormant"]["percent"] == round(100 * sizes["dormant"] / 500, 2)
    shown = _gedrag("segments", setup, redis_url)
    assert "% of total" in shown and "cart_abandoned" in shown and "500 customers" in shown


def _gedrag(command: str, setup: Setup, redis_url: str, *options: str) -> str:
    segments = Path(__file__).parents[3] / "streams" / "defaults" / "segments.toml"
    settings = [f"--set=app_id={setup.names.app_id}", f"--set=redis={redis_url}", f"--set=segments={segments}"]
    done = subprocess.run(
        [sys.executable, "-c", "from streams.cli.main import main; main()", command, *settings, *options],
        capture_output=True, text=True, timeout=60, env=os.environ | {"PYTHONPATH": str(segments.parents[2]), "COLUMNS": "100"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


async def test_without_redis_at_start_the_worker_ends_with_one_line(worker: Callable[..., Process], setup: Setup) -> None:
    process = worker("live-view", redis="redis://127.0.0.1:9/0")
    assert process.wait() == 2
    (line,) = process.text().splitlines()
    assert "Redis does not answer at 127.0.0.1:9" in line and "GEDRAG_" in line


def test_segments_says_when_redis_is_not_there(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from streams.cli.main import main; main()", "segments", "--set=redis=redis://127.0.0.1:9/0"],
        capture_output=True, text=True, timeout=60, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("gedrag segments: Redis does not answer at 127.0.0.1:9") and done.stderr.count("\n") == 1


def test_watching_ends_at_ctrl_c(redis_url: str, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", "from streams.cli.main import main; main()", "segments", "--watch", "--json", "--every=0.1",
         f"--set=redis={redis_url}", "--set=app_id=nobody"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip
    assert process.stdout is not None
    looks: list[Any] = [json.loads(process.stdout.readline()) for _ in range(3)]
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=20)
    assert looks[0]["customers"] == 0 and process.returncode == 0 and "Traceback" not in errors
