"""One record to a real SMTP server with real Redis, and everything that can fail between them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from streams.agents.deliver import Record, Refusal
from streams.sinks.address import server
from streams.sinks.claims import Claims, Taken
from streams.sinks.smtp import SmtpMailer
from tests.streams.delivery.conftest import Server
from tests.streams.delivery.delivering import QUICK, Sender, sender
from tests.streams.delivery.mails import encoded, record

Make = Callable[..., Sender]


@pytest.fixture
async def make(smtp_server: Server, redis: Redis, topic_prefix: str) -> AsyncIterator[Make]:
    """Makes deliverers, each as if in a process of its own."""
    mailers = []

    def made(url: str = "", lease: float = 10.0, client: Any = None, **options: Any) -> Sender:
        mailers.append(SmtpMailer(server(url or smtp_server.url), connections=4, timeout=5))
        return sender(mailers[-1], client or redis, topic_prefix, lease, **options)

    yield made
    for mailer in mailers:
        await mailer.close()


async def outcome(redis: Redis, topic_prefix: str, message: dict[str, Any]) -> str | None:
    (found,) = await Claims(redis, topic_prefix).outcomes([message["message_id"]])
    return None if found is None else found.state


@asynccontextmanager
async def cable(url: str) -> AsyncIterator[Any]:
    """A way to the server at `url` that can be cut: `.url` leads over it, `.cut()` and `.mend()`."""
    target = urlsplit(url)
    writers: set[asyncio.StreamWriter] = set()
    whole = True

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not whole:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection(target.hostname, target.port)
        writers.update((writer, far_writer))
        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)

    class Cable:
        def __init__(self) -> None:
            self.url = f"{target.scheme}://127.0.0.1:{listening.sockets[0].getsockname()[1]}{target.path}"

        def cut(self) -> None:
            nonlocal whole
            whole = False
            for writer in writers:
                writer.transport.abort()
            writers.clear()

        def mend(self) -> None:
            nonlocal whole
            whole = True

    try:
        yield Cable()
    finally:
        Cable().cut()
        listening.close()


async def test_a_mail_is_sent_and_marked(make: Make, smtp_server: Server, redis: Redis, topic_prefix: str) -> None:
    message = record("kim@example.org")
    assert await make().deliver(encoded(message)) is None
    (mail,) = smtp_server.mails
    assert mail["Message-ID"] == f"<{message['message_id']}@koffie.example>"
    assert await outcome(redis, topic_prefix, message) == "sent"


async def test_a_mail_is_not_sent_again_after_a_restart(make: Make, smtp_server: Server) -> None:
    message = encoded(record())
    for _ in range(3):
        assert await make().deliver(message) is None
    assert len(smtp_server.mails) == 1


@pytest.mark.parametrize("decision", ["suppressed", "cancelled", "held_out", "something_new"])
async def test_what_is_not_to_be_sent_is_not(make: Make, smtp_server: Server, decision: str) -> None:
    assert await make().deliver(encoded(record(decision=decision, to=None, context={}))) is None
    assert smtp_server.connections == 0


async def test_what_is_no_message_is_refused(make: Make, smtp_server: Server) -> None:
    for value, error in ((b"{", "not_a_message"), (encoded(record("kim@example.org\r\nBcc: x@example.org")), "bad_address"),
                         (encoded(record(template="absent")), "no_template")):  # fmt: skip
        refusal = await make().deliver(value)
        assert refusal is not None and refusal.error == error
    assert smtp_server.connections == 0


@pytest.mark.parametrize("at", ["admit", "answer"])
async def test_never_says_the_server(make: Make, smtp_server: Server, redis: Redis, topic_prefix: str, at: str) -> None:
    setattr(smtp_server, at, lambda recipient: "550 no such mailbox")
    message = record()
    assert await make().deliver(encoded(message)) == Refusal("mail_bounced", "550 no such mailbox", bounced=True)
    assert await outcome(redis, topic_prefix, message) is None, "a retry by hand may send it"
    setattr(smtp_server, at, lambda recipient: "250 OK")
    assert await make().deliver(encoded(message)) is None
    assert len(smtp_server.mails) == 1


@pytest.mark.parametrize("at", ["admit", "answer"])
async def test_later_says_the_server(make: Make, smtp_server: Server, at: str) -> None:
    replies = ["451 try later", "452 full", "250 OK"]
    setattr(smtp_server, at, lambda recipient: replies.pop(0))
    assert await make(patience=replace(QUICK, give_up=30)).deliver(encoded(record())) is None
    assert len(smtp_server.mails) == 1 and replies == []


async def test_later_and_later_becomes_a_dead_letter(make: Make, smtp_server: Server) -> None:
    smtp_server.answer = lambda recipient: "451 try later"
    refusal = await make(patience=replace(QUICK, give_up=1)).deliver(encoded(record()))
    assert refusal is not None and refusal.error == "mail_deferred" and "451 try later" in refusal.detail
    assert smtp_server.received > 2
    refusal = await make(max_age=1_500, patience=replace(QUICK, give_up=60)).deliver(encoded(record()))
    assert refusal is not None and refusal.error == "mail_deferred" and "451 try later" in refusal.detail, "no less when it is too old"


async def test_an_answer_after_a_refusal_uses_the_same_connection(make: Make, smtp_server: Server) -> None:
    smtp_server.admit = lambda recipient: "250 OK" if recipient == "good@example.org" else "550 no"
    deliverer = make()
    for to in ("bad@example.org", "good@example.org", "bad@example.org", "good@example.org"):
        await deliverer.deliver(encoded(record(to)))
    assert len(smtp_server.mails) == 2 and smtp_server.connections == 1


async def test_an_outage_of_the_mail_server_loses_nothing(make: Make, smtp_server: Server) -> None:
    async with cable(smtp_server.url) as way:
        way.cut()
        deliverer = make(way.url)
        waiting = [asyncio.create_task(deliverer.deliver(encoded(record(f"c{n}@example.org")))) for n in range(20)]
        await asyncio.sleep(0.5)
        assert not any(task.done() for task in waiting) and smtp_server.mails == []
        way.mend()
        assert await asyncio.gather(*waiting) == [None] * 20
    assert sorted(str(mail["To"]) for mail in smtp_server.mails) == sorted(f"c{n}@example.org" for n in range(20))


async def test_a_connection_that_died_idle_is_made_anew(make: Make, smtp_server: Server) -> None:
    async with cable(smtp_server.url) as way:
        deliverer = make(way.url)
        await deliverer.deliver(encoded(record("a@example.org")))
        way.cut()
        way.mend()
        await deliverer.deliver(encoded(record("b@example.org")))
    assert [mail["To"] for mail in smtp_server.mails] == ["a@example.org", "b@example.org"]


async def test_a_closing_server_is_an_outage_not_a_refusal(make: Make, smtp_server: Server) -> None:
    replies = ["421 closing", "250 OK"]
    smtp_server.answer = lambda recipient: replies.pop(0)
    assert await make().deliver(encoded(record())) is None
    assert len(smtp_server.mails) == 1


async def test_an_outage_of_redis_sends_nothing_and_loses_nothing(make: Make, smtp_server: Server, redis_url: str) -> None:
    async with cable(redis_url) as way:
        client = Redis.from_url(way.url, socket_timeout=1)
        deliverer = make(client=client)
        way.cut()
        waiting = asyncio.create_task(deliverer.deliver(encoded(record())))
        await asyncio.sleep(0.4)
        assert not waiting.done() and smtp_server.received == 0
        way.mend()
        assert await waiting is None
        await client.aclose()
    assert len(smtp_server.mails) == 1


async def test_redis_going_away_during_a_send_does_not_send_twice(make: Make, smtp_server: Server, redis_url: str) -> None:
    smtp_server.hold = asyncio.Event()
    async with cable(redis_url) as way:
        client = Redis.from_url(way.url, socket_timeout=1)
        waiting = asyncio.create_task(make(client=client).deliver(encoded(record())))
        await until(lambda: smtp_server.received == 1)
        way.cut()
        smtp_server.hold.set()
        await asyncio.sleep(0.4)
        assert not waiting.done(), "not done with before the mark is written"
        way.mend()
        assert await waiting is None
        await client.aclose()
    assert len(smtp_server.mails) == 1


async def test_two_workers_at_the_same_message_send_it_once(make: Make, smtp_server: Server) -> None:
    messages = [encoded(record(f"c{n}@example.org")) for n in range(20)]
    workers = [make(), make(), make()]
    await asyncio.gather(*(worker.deliver(message) for worker in workers for message in messages))
    assert len(smtp_server.mails) == 20


async def test_one_process_reading_a_record_again_meanwhile_sends_it_once(make: Make, smtp_server: Server) -> None:
    smtp_server.hold = asyncio.Event()
    deliverer, message = make(), encoded(record())
    both = [asyncio.create_task(deliverer.deliver(message)) for _ in range(2)]
    await until(lambda: smtp_server.received == 1)
    await asyncio.sleep(0.2)
    smtp_server.hold.set()
    assert await asyncio.gather(*both) == [None, None]
    assert len(smtp_server.mails) == 1


async def test_a_claim_whose_holder_died_is_taken_over_when_its_lease_is_out(
    make: Make, smtp_server: Server, redis: Redis, topic_prefix: str
) -> None:
    message = record()
    dead = Claims(redis, topic_prefix, lease=0.6)
    assert await dead.take(message["message_id"], dead.token()) == Taken(0)
    waiting = asyncio.create_task(make().deliver(encoded(message)))
    await asyncio.sleep(0.3)
    assert smtp_server.received == 0
    assert await waiting is None and len(smtp_server.mails) == 1


async def test_stopping_during_a_send_waits_for_the_reply_and_the_mark(
    make: Make, smtp_server: Server, redis: Redis, topic_prefix: str
) -> None:
    smtp_server.hold = asyncio.Event()
    message = record()
    task = asyncio.create_task(make().deliver(encoded(message)))
    await until(lambda: smtp_server.received == 1)
    task.cancel()
    await asyncio.sleep(0.1)
    assert not task.done()
    smtp_server.hold.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await outcome(redis, topic_prefix, message) == "sent"
    assert await make().deliver(encoded(message)) is None
    assert len(smtp_server.mails) == 1


async def test_stopping_while_waiting_for_the_server_stops_at_once(make: Make, smtp_server: Server) -> None:
    async with cable(smtp_server.url) as way:
        way.cut()
        task = asyncio.create_task(make(way.url).deliver(encoded(record())))
        await asyncio.sleep(0.2)
        task.cancel()
        async with asyncio.timeout(1):
            with pytest.raises(asyncio.CancelledError):
                await task


async def test_a_slow_server_does_not_lose_the_claim(make: Make, smtp_server: Server) -> None:
    smtp_server.hold = asyncio.Event()
    message = encoded(record())
    first, second = make(lease=0.8), make(lease=0.8)
    both = [asyncio.create_task(deliverer.deliver(message)) for deliverer in (first, second)]
    await until(lambda: smtp_server.received == 1)
    await asyncio.sleep(1.7)  # two leases, and less than an answer is waited for
    assert smtp_server.received == 1
    smtp_server.hold.set()
    assert await asyncio.gather(*both) == [None, None]
    assert len(smtp_server.mails) == 1


async def test_a_server_that_never_replies_is_tried_again(make: Make, smtp_server: Server) -> None:
    smtp_server.hold = asyncio.Event()
    task = asyncio.create_task(make().deliver(encoded(record())))
    await until(lambda: smtp_server.received >= 2)
    task.cancel()
    smtp_server.hold.set()
    with pytest.raises(asyncio.CancelledError):
        await task


async def until(look: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not look():
            await asyncio.sleep(0.02)


async def test_what_is_anothers_by_now_is_not_waited_for(smtp_server: Server, make: Make) -> None:
    """With the server away a mail waits for up to a minute; the partition's new owner sends it, and this one's place is needed."""
    smtp_server.answer = lambda recipient: "421 closing"
    ours = True
    deliverer = make(patience=replace(QUICK, first=600.0, longest=600.0)).deliverer
    waiting = asyncio.create_task(deliverer.deliver(Record(encoded(record()), current=lambda: ours)))
    while not deliverer.standing.obstacles:
        await asyncio.sleep(0.01)
    ours = False
    assert await asyncio.wait_for(waiting, 10) is None
    assert not smtp_server.mails
