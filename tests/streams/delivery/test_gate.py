"""What keeps a decided mail from going, for a while or for good: real Redis, a real SMTP server, and the clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from redis.asyncio import Redis

from scoring.instants import rfc3339
from streams.clock import monotonic, now_ms
from streams.erasure import note_back, note_erased
from streams.settings import Settings
from streams.sinks.address import server
from streams.sinks.claims import Outcome
from streams.sinks.sending import Pause, Switch
from streams.sinks.smtp import SmtpMailer
from tests.streams.delivery.conftest import Server
from tests.streams.delivery.delivering import HOUR, QUICK, Sender, sender
from tests.streams.delivery.mails import encoded, record
from tests.streams.delivery.test_deliver import until

Make = Callable[..., Sender]


@pytest.fixture
async def make(smtp_server: Server, redis: Redis, topic_prefix: str) -> AsyncIterator[Make]:
    mailers = []

    def made(port: int = 0, connect: float = 5.0, **options: Any) -> Sender:
        url = f"smtp://127.0.0.1:{port}" if port else smtp_server.url
        mailers.append(SmtpMailer(server(url), connections=4, timeout=5, connect=connect))
        return sender(mailers[-1], redis, topic_prefix, **options)

    yield made
    for mailer in mailers:
        await mailer.close()


async def outcome(deliverer: Sender, message: dict[str, Any]) -> Outcome:
    (found,) = await deliverer.claims.outcomes([message["message_id"]])
    assert found is not None
    return found


async def test_a_mail_of_yesterday_is_not_sent_unless_it_is_about_an_order(make: Make, smtp_server: Server) -> None:
    yesterday = rfc3339(now_ms() - 25 * HOUR)
    refusal = await make().deliver(encoded(record("old@example.org", at=yesterday)))
    assert refusal is not None and refusal.error == "mail_too_old" and yesterday in refusal.detail
    assert await make().deliver(encoded(record("order@example.org", at=yesterday, context_transactional=True))) is None
    assert await make(max_age=48 * HOUR).deliver(encoded(record("patient@example.org", at=yesterday))) is None
    assert sorted(str(mail["To"]) for mail in smtp_server.mails) == ["order@example.org", "patient@example.org"]


async def test_a_mail_whose_next_step_is_due_gives_way_to_it(make: Make, smtp_server: Server) -> None:
    message = record(context_valid_until=rfc3339(now_ms() - 1))
    assert await make().deliver(encoded(message)) is None and smtp_server.mails == []
    found = await outcome(make(), message)
    assert found.state == "dropped" and found.why.startswith("overtaken")


async def test_what_the_engine_took_back_is_not_sent(make: Make, smtp_server: Server) -> None:
    deliverer, message = make(), record()
    await deliverer.claims.withdraw({message["message_id"]: "purchase"})
    assert await deliverer.deliver(encoded(message)) is None and smtp_server.connections == 0
    assert (await outcome(deliverer, message)).why == "withdrawn: purchase"
    assert deliverer.standing.figures["withheld"] == 1


async def test_an_erased_customer_gets_no_mail_and_nothing_is_kept_of_it(
    make: Make, smtp_server: Server, redis: Redis, topic_prefix: str
) -> None:
    settings = Settings(app_id=topic_prefix)
    await note_erased(redis, settings, "forgotten", now_ms())
    before = record(customer_id="forgotten", at=rfc3339(now_ms() - 1_000))
    assert await make().deliver(encoded(before)) is None and smtp_server.connections == 0
    await note_back(redis, settings, "forgotten", now_ms())
    assert await make().deliver(encoded(record(customer_id="forgotten", at=rfc3339(now_ms() + 1)))) is None
    assert len(smtp_server.mails) == 1, "back with a new consent"


async def test_a_mail_that_waited_into_the_night_goes_in_the_morning(make: Make, smtp_server: Server) -> None:
    now = now_ms()
    night = [rfc3339(now - 1_000), rfc3339(now + 2_000)]
    deliverer = make()
    waiting = asyncio.create_task(deliverer.deliver(encoded(record("night@example.org", context_quiet=night)), "0@7"))
    assert await deliverer.deliver(encoded(record("order@example.org", context_quiet=night, context_transactional=True))) is None
    assert deliverer.aside == ["0@7"], "others need not wait for it"
    assert await waiting is None and now_ms() >= now + 2_000
    assert [str(mail["To"]) for mail in smtp_server.mails] == ["order@example.org", "night@example.org"]
    again = [rfc3339(now - 3 * HOUR), rfc3339(now - 2 * HOUR), rfc3339(now - HOUR), rfc3339(now + 25 * HOUR)]
    refusal = await deliverer.deliver(encoded(record(context_quiet=again)))
    assert refusal is not None and "quiet hours until" in refusal.detail, "they came a second time"
    too_long = [rfc3339(now - 1_000), rfc3339(now + 25 * HOUR)]
    refusal = await deliverer.deliver(encoded(record(context_quiet=too_long)))
    assert refusal is not None and refusal.error == "mail_too_old" and "quiet hours until" in refusal.detail


async def test_mails_that_piled_up_do_not_burst_over_the_caps(make: Make, smtp_server: Server, redis: Redis, topic_prefix: str) -> None:
    deliverer = make(caps=[(2, 900), (5, HOUR)])
    order = encoded(record("order@example.org", context_transactional=True))
    waiting = [asyncio.create_task(deliverer.deliver(encoded(record("kim@example.org")), f"0@{n}")) for n in range(6)]
    assert await deliverer.deliver(order) is None, "outside the caps"
    await until(lambda: len(smtp_server.to("kim@example.org")) == 5)
    went = [at for _, at in await redis.zrange(f"{topic_prefix}:mailed:c1", 0, -1, withscores=True)]
    assert len(went) == 5 and all(later - earlier >= 900 for earlier, later in zip(went, went[2:], strict=False)), went
    await asyncio.sleep(0.3)
    assert sum(task.done() for task in waiting) == 5, "the sixth waits for the hour to pass"
    for task in waiting:
        task.cancel()


async def test_a_mail_that_was_not_taken_leaves_its_place_under_the_caps(make: Make, smtp_server: Server) -> None:
    smtp_server.admit = lambda recipient: "550 5.1.1 no such mailbox" if recipient.startswith("gone") else "250 OK"
    deliverer = make(caps=[(1, HOUR)])
    assert (await deliverer.deliver(encoded(record("gone@example.org")))) is not None
    async with asyncio.timeout(2):
        assert await deliverer.deliver(encoded(record("kim@example.org"))) is None


async def test_while_sending_is_paused_nothing_goes_and_nothing_is_lost(
    make: Make, smtp_server: Server, redis: Redis, topic_prefix: str
) -> None:
    switch, deliverer = Switch(redis, topic_prefix), make()
    await switch.pause(Pause("kim", "wrong prices", now_ms()))
    waiting = [asyncio.create_task(deliverer.deliver(encoded(record(f"c{n}@example.org")))) for n in range(10)]
    await until(lambda: bool(deliverer.standing.obstacles))
    assert deliverer.standing.obstacles == ["sending is paused by kim: wrong prices"]
    await asyncio.sleep(0.3)
    assert smtp_server.connections == 0 and not any(task.done() for task in waiting)
    await switch.resume()
    assert await asyncio.gather(*waiting) == [None] * 10
    assert len(smtp_server.mails) == 10 and deliverer.standing.obstacles == []


async def test_a_server_that_refuses_everything_costs_few_mails_and_no_more(make: Make, smtp_server: Server) -> None:
    smtp_server.admit = lambda recipient: "550 5.7.1 your address is on a block list"
    deliverer = make()
    waiting = [asyncio.create_task(deliverer.deliver(encoded(record(f"c{n}@example.org")), f"0@{n}")) for n in range(40)]
    await until(lambda: len(deliverer.aside) >= 35)
    assert "refuses every mail" in deliverer.standing.obstacles[0]
    refused = [task.result() for task in waiting if task.done()]
    assert len(refused) == 5 and {refusal.error for refusal in refused if refusal} == {"mail_rejected"}
    assert not any(refusal and refusal.bounced for refusal in refused), "that says nothing of the customers"
    smtp_server.admit = lambda recipient: "250 OK"
    await asyncio.gather(*waiting)
    assert len(smtp_server.mails) == 35 and deliverer.standing.obstacles == []


async def test_many_bad_addresses_among_good_ones_are_all_told(make: Make, smtp_server: Server) -> None:
    smtp_server.admit = lambda recipient: "550 no such mailbox" if recipient.startswith("bad") else "250 OK"
    deliverer = make()
    bad = [asyncio.create_task(deliverer.deliver(encoded(record(f"bad{n}@example.org")), f"0@{n}")) for n in range(20)]
    await until(lambda: len(deliverer.aside) >= 15)
    assert await deliverer.deliver(encoded(record("good@example.org"))) is None
    assert [refusal and refusal.bounced for refusal in await asyncio.gather(*bad)] == [True] * 20


@pytest.mark.parametrize(
    ("reply", "recipient"),
    [("550 5.1.1 user unknown", True), ("550 no such user here", True), ("553 5.1.2 bad domain", True), ("550 5.2.1 disabled", True),
     ("550 5.7.1 relaying denied", False), ("554 5.7.1 spam", False), ("550 relay not permitted", False),
     ("552 5.2.2 mailbox full", False), ("550 5.1.8 bad sender", False), ("550 5.7.26 not authenticated", False)],
)  # fmt: skip
async def test_only_what_says_so_of_the_address_is_a_bounce(make: Make, smtp_server: Server, reply: str, recipient: bool) -> None:
    smtp_server.admit = lambda _: reply
    refusal = await make().deliver(encoded(record()))
    assert refusal is not None and refusal.bounced is recipient and refusal.error == ("mail_bounced" if recipient else "mail_rejected")


async def test_a_refused_sender_is_nobodys_fault_among_the_customers(make: Make, smtp_server: Server) -> None:
    async def refuse(*_: object) -> str:
        return "553 5.7.1 sender address rejected: not owned by user"

    smtp_server.handle_MAIL = refuse  # type: ignore[attr-defined]
    deliverer = make()
    waiting = [asyncio.create_task(deliverer.deliver(encoded(record(f"c{n}@example.org")))) for n in range(20)]
    await until(lambda: bool(deliverer.standing.obstacles))
    await asyncio.sleep(0.2)
    assert not any(task.done() for task in waiting) and "refuses us" in deliverer.standing.obstacles[0]
    for task in waiting:
        task.cancel()


async def test_a_server_that_never_greets_is_given_up_soon_and_stopping_does_not_wait_for_it(make: Make) -> None:
    taken = []
    silent = await asyncio.start_server(lambda reader, writer: taken.append(writer), "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    deliverer = make(port, connect=0.2)
    task = asyncio.create_task(deliverer.deliver(encoded(record())))
    await until(lambda: len(taken) >= 2)
    assert "no connection within 0.2 s" in deliverer.standing.obstacles[0]
    task.cancel()
    waiting = asyncio.create_task(make(port, connect=60, patience=QUICK).deliver(encoded(record())))
    await asyncio.sleep(0.2)
    began = monotonic()
    waiting.cancel()
    await asyncio.wait([waiting, task])
    assert monotonic() - began < 10  # of the 60 that connecting may take
    silent.close()
    for writer in taken:
        writer.close()
