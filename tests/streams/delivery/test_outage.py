"""What a shop goes through, with real Kafka, Redis, SMTP, and workers in processes of their own: hours without a mail server, bounces,
a pause, a kill, an unsubscription."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from redis.asyncio import Redis

from scoring.instants import rfc3339
from streams.clock import now_ms
from streams.http.app import build
from streams.settings import load
from streams.sinks.sending import Pause, Switch
from tests import parts
from tests.integration.worker.running import Process, Setup
from tests.streams.delivery.conftest import Server
from tests.streams.delivery.delivering import HOUR
from tests.streams.delivery.mails import encoded, record
from tests.streams.delivery.postmark import TOKEN, Postmark
from tests.streams.delivery.test_agents import dead_letters, eventually, put, stopped, topics_made

pytestmark = pytest.mark.timeout(180)

SEGMENTS = """
[[segment]]
name = "cart_abandoned"
family = "purchase_habits"
when = "cart_items > 0 and cart_idle >= hours(1)"
"""
CAMPAIGNS = """
[policy]
caps = [ { count = 1, per = "24h" } ]

[[campaign]]
name = "abandoned_cart"
trigger = { segment = "cart_abandoned" }
steps = [ { template = "abandoned_cart_1" } ]
"""


async def of(setup: Setup, topic: str) -> list[dict[str, Any]]:
    """All records of a topic of ours."""
    consumer = AIOKafkaConsumer(bootstrap_servers=setup.address)
    await consumer.start()
    try:
        places = [TopicPartition(topic, n) for n in range(setup.partitions)]
        consumer.assign(places)
        await consumer.seek_to_beginning()
        ends, found = await consumer.end_offsets(places), []
        while len(found) < sum(ends.values()):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found += [json.loads(each.value) for each in records]
        return found
    finally:
        await consumer.stop()


async def tell(producer: AIOKafkaProducer, setup: Setup, topic: str, customer: str, ts: int, **fields: Any) -> None:
    value = json.dumps({"customer_id": customer, "ts": ts, **fields}).encode()
    await producer.send(setup.prefix + topic, key=customer.encode(), value=value)


async def test_mails_whose_reason_went_during_an_outage_are_not_sent_and_the_others_are(
    setup: Setup, worker: Callable[..., Process], producer: AIOKafkaProducer, smtp_server: Server
) -> None:
    """Carts left two hours ago; then one buys, one unsubscribes, one empties the cart, while no mail server answers."""
    (setup.folder / "segments.toml").write_text(SEGMENTS)
    (setup.folder / "some_campaigns.toml").write_text(CAMPAIGNS)
    smtp_server.answer = lambda recipient: "421 going down"
    files = {"segments": str(setup.folder / "segments.toml"), "campaigns": str(setup.folder / "some_campaigns.toml")}
    process = worker("all", **files)
    await topics_made(setup, process)
    customers = ["stays", "buys", "unsubscribes", "empties", "bounces"]
    for customer in customers:
        profile = {"email": f"{customer}@example.org", "consent": {"email": True}, "language": "nl"}
        await tell(producer, setup, "profiles", customer, now_ms() - 3 * HOUR, **profile)
        await tell(producer, setup, "cart-events", customer, now_ms() - 2 * HOUR, action="add", product_id="Bonen", price=18.5)
    await producer.flush()
    await eventually(lambda: smtp_server.received >= 5, "mails are tried", process)
    for _ in range(200):  # a mail may have been tried twice: all five are decided
        if len(await of(setup, setup.names.messages)) >= 5:
            break
        await asyncio.sleep(0.1)
    await tell(producer, setup, "purchases", "buys", now_ms(), order_id="o1", total=18.5)
    await tell(producer, setup, "cart-events", "empties", now_ms(), action="clear")
    for customer, type in (("unsubscribes", "unsubscribed"), ("bounces", "bounced")):
        await tell(producer, setup, "email-events", customer, now_ms(), type=type, message_id="another")
    await producer.flush()
    for _ in range(200):
        if len(await of(setup, setup.names.withdrawals)) >= 4:
            break
        await asyncio.sleep(0.1)
    await asyncio.sleep(0.5)  # what was judged before its withdrawal, and is in the middle of its dialogue, is refused as well
    smtp_server.answer = lambda recipient: "250 OK"
    await eventually(lambda: process.text().count('"not sent"') >= 4, "four are withdrawn", process)
    await eventually(lambda: smtp_server.mails, "one goes", process)
    await stopped(process)
    assert [str(mail["To"]) for mail in smtp_server.mails] == ["stays@example.org"]
    assert Counter(each["decision"] for each in await of(setup, setup.names.messages)) == {"send": 5}
    assert {each["reason"] for each in await of(setup, setup.names.withdrawals)} == {"purchase", "unsubscribed", "bounced", "not_a_member"}


async def test_a_bounce_reaches_the_engine_and_a_pause_holds_mails_over_a_restart(
    setup: Setup, worker: Callable[..., Process], producer: AIOKafkaProducer, smtp_server: Server, redis: Redis
) -> None:
    smtp_server.admit = lambda recipient: "550 5.1.1 user unknown" if recipient.startswith("gone") else "250 OK"
    process = worker("delivery")
    await topics_made(setup, process)
    gone, old = record("gone@example.org", customer_id="g"), record("old@example.org", at=rfc3339(now_ms() - 25 * HOUR))
    await put(producer, setup.names.messages, [encoded(gone), encoded(old), encoded(record("kim@example.org"))])
    await eventually(lambda: smtp_server.mails and process.text().count("kept as a dead letter") == 2, "one goes, two don't", process)
    (event,) = await of(setup, setup.names.email_events)
    assert (event["type"], event["customer_id"], event["message_id"]) == ("bounced", "g", gone["message_id"]) and "soft" not in event
    assert {headers["error"] for _, headers in await dead_letters(setup)} == {b"mail_bounced", b"mail_too_old"}
    switch = Switch(redis, setup.names.app_id)
    await switch.pause(Pause("kim", "wrong prices", now_ms()))
    await eventually(lambda: "sending is paused by kim" in process.text(), "it says so with nothing to send", process)
    await put(producer, setup.names.messages, [encoded(record(f"c{n}@example.org")) for n in range(100)])
    await asyncio.sleep(1)
    await stopped(process)
    again = worker("delivery")
    await eventually(lambda: "sending is paused by kim" in again.text(), "so does the next", again)
    assert len(smtp_server.mails) == 1
    await switch.resume()
    await eventually(lambda: len(smtp_server.mails) == 101, "all of them go", again)
    await stopped(again)
    assert max(Counter(str(mail["To"]) for mail in smtp_server.mails).values()) == 1


async def test_unsubscribing_by_the_mail_ends_the_campaign(
    setup: Setup, worker: Callable[..., Process], producer: AIOKafkaProducer, smtp_server: Server, redis_url: str, kafka: parts.Kafka
) -> None:
    """A cart is an hour old in a few seconds; the reminder comes, its one-click link is used, and the second one is not sent."""
    second = CAMPAIGNS.replace(
        'template = "abandoned_cart_1" }', 'template = "abandoned_cart_1" }, { after = "8s", template = "abandoned_cart_2" }'
    )
    (setup.folder / "segments.toml").write_text(SEGMENTS)
    (setup.folder / "some_campaigns.toml").write_text(second.replace('caps = [ { count = 1, per = "24h" } ]', ""))
    (setup.folder / "keys").write_text("k1:" + "a" * 40 + "\n")
    settings = {
        "segments": str(setup.folder / "segments.toml"), "campaigns": str(setup.folder / "some_campaigns.toml"),
        "public_url": "https://mail.koffie.example", "link_keys_file": str(setup.folder / "keys"),
    }  # fmt: skip
    process = worker("all", **settings)
    await topics_made(setup, process)
    await tell(producer, setup, "profiles", "kim", now_ms() - 2 * HOUR, email="kim@example.org", consent={"email": True})
    await tell(producer, setup, "cart-events", "kim", now_ms() - HOUR + 2_000, action="add", product_id="Bonen", price=18.5)
    await producer.flush()
    await eventually(lambda: smtp_server.mails, "the reminder", process)
    (mail,) = smtp_server.mails
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = str(mail["List-Unsubscribe"]).split(">")[0].removeprefix("<https://mail.koffie.example")
    idempotence = "on" if kafka.real else "off"
    loaded = load(None, setup.settings(redis=redis_url, idempotence=idempotence, **settings), {})
    async with TestClient(TestServer(build(loaded, ["mail"]))) as browser:
        assert (await browser.post(link, data={"List-Unsubscribe": "One-Click"})).status == 200
    for _ in range(200):
        if len(decided := await of(setup, setup.names.messages)) >= 2:
            break
        await asyncio.sleep(0.1)
    await stopped(process)
    assert [(each["step"], each["decision"], each["reason"]) for each in decided] == [(1, "send", ""), (2, "suppressed", "unsubscribed")]
    assert len(smtp_server.mails) == 1


@pytest.fixture
async def postmark() -> AsyncIterator[Postmark]:
    running = Postmark()
    await running.start()
    yield running
    await running.stop()


async def test_killed_while_postmark_takes_mails_nobody_is_left_out_and_nobody_gets_two(
    setup: Setup, worker: Callable[..., Process], producer: AIOKafkaProducer, postmark: Postmark
) -> None:
    token = setup.folder / "token"
    token.write_text(TOKEN + "\n")
    settings = {"mail": "postmark", "postmark_url": postmark.url, "postmark_token_file": str(token)}
    postmark.hold, postmark.free = asyncio.Event(), 20  # the others are accepted, and the answer doesn't come
    first = worker("delivery", **settings)
    await topics_made(setup, first)
    everybody = {f"c{n}@example.org" for n in range(60)}
    await put(producer, setup.names.messages, [encoded(record(to)) for to in everybody])
    await eventually(lambda: len(postmark.accepted) == 28, "as many are on the way as there are connections", first)
    first.kill()
    postmark.hold.set()
    second = worker("delivery", **settings)
    await eventually(lambda: {body["To"] for body in postmark.accepted} == everybody, "the rest", second, 90)
    await eventually(lambda: second.text().count('"mail sent"') == 40, "settled", second)
    await stopped(second)
    assert second.text().count('"was in doubt"') == 8
    assert Counter(body["To"] for body in postmark.accepted).most_common(1)[0][1] == 1, "not one of them twice"
