"""Mails by Postmark's API: what is asked of it, what its answers and limits mean, and a mail in doubt."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest
from redis.asyncio import Redis
from structlog.testing import capture_logs

from streams.agents.reach import reach_mail
from streams.kafka.errors import Misconfigured
from streams.settings import Settings
from streams.sinks.claims import Claims
from streams.sinks.postmark import PostmarkMailer
from tests.streams.delivery.delivering import Sender, sender
from tests.streams.delivery.mails import encoded, record
from tests.streams.delivery.postmark import INACTIVE, TOKEN, Postmark
from tests.streams.delivery.test_deliver import until

Make = Callable[..., Sender]


@pytest.fixture
async def postmark() -> AsyncIterator[Postmark]:
    running = Postmark()
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def make(postmark: Postmark, redis: Redis, topic_prefix: str) -> AsyncIterator[Make]:
    mailers = []

    def made(token: str = TOKEN, lease: float = 10.0, timeout: float = 5.0) -> Sender:
        mailers.append(PostmarkMailer(postmark.url, token, "broadcast", ours=True, timeout=timeout, settled=0.1))
        return sender(mailers[-1], redis, topic_prefix, lease)

    yield made
    for mailer in mailers:
        await mailer.close()


async def test_a_mail_as_postmark_gets_it(make: Make, postmark: Postmark) -> None:
    message = record(customer_id="c" * 100, context_first_name="Zoë")
    assert await make().deliver(encoded(message)) is None
    (body,) = postmark.accepted
    assert body["From"] == '"Koffie & Co" <hallo@koffie.example>' or body["From"] == "Koffie & Co <hallo@koffie.example>"
    assert (body["To"], body["MessageStream"], body["TrackOpens"], body["TrackLinks"]) == ("kim@example.org", "broadcast", False, "None")
    assert body["Subject"] == "You left something in your cart" and "Zoë" in body["TextBody"] and "<html" in body["HtmlBody"]
    assert body["Metadata"] == {"message_id": message["message_id"], "customer_id": "c" * 80, "customer_id_2": "c" * 20}
    headers = {each["Name"]: each["Value"] for each in body["Headers"]}
    assert headers["Message-ID"] == f"<{message['message_id']}@koffie.example>" and headers["X-PM-KeepID"] == "true"
    assert headers["List-Unsubscribe"].startswith("<https://koffie.example/u/ccc") and ">, <mailto:" in headers["List-Unsubscribe"]
    assert not {"From", "To", "Subject", "Content-Type", "MIME-Version"} & set(headers)


async def test_an_inactive_recipient_is_a_bounce_and_an_invalid_one_too(make: Make, postmark: Postmark) -> None:
    for address in (INACTIVE, "kim@localhost"):
        refusal = await make().deliver(encoded(record(address)))
        assert refusal is not None and (refusal.error, refusal.bounced) == ("mail_bounced", True)
    postmark.answers.append((422, 300, "Invalid email request: the message is too strange"))
    refusal = await make().deliver(encoded(record()))
    assert refusal is not None and (refusal.error, refusal.bounced) == ("mail_rejected", False)
    assert "422, error 300" in refusal.detail and postmark.accepted == []


async def test_what_passes_by_itself_is_tried_again(make: Make, postmark: Postmark) -> None:
    postmark.answers.extend([(500, 0, "Internal Server Error"), (503, 100, "Maintenance"), (429, 429, "Rate limit"), (502, 0, "<html>")])
    assert await make().deliver(encoded(record())) is None
    assert len(postmark.accepted) == 1 and postmark.asked == 5


async def test_the_rate_limit_is_obeyed_and_nothing_is_lost(make: Make, postmark: Postmark) -> None:
    postmark.per_second = 10
    mails, deliverer = [encoded(record(f"c{n}@example.org")) for n in range(25)], make()
    assert set(await asyncio.gather(*(deliverer.deliver(each) for each in mails))) == {None}
    assert len({body["To"] for body in postmark.accepted}) == len(postmark.accepted) == 25
    assert postmark.asked < 75, "it waits as long as it was told"


@pytest.mark.parametrize("answer", [(401, 10, "Bad token"), (422, 412, "Account pending"), (422, 401, "Sender signature not confirmed"),
                                    (422, 405, "Not allowed to send: out of credits"), (422, 1235, "no such stream")])  # fmt: skip
async def test_what_is_wrong_with_the_account_is_no_mails_fault(make: Make, postmark: Postmark, answer: tuple[int, int, str]) -> None:
    postmark.always, deliverer = answer, make()
    waiting = [asyncio.create_task(deliverer.deliver(encoded(record(f"c{n}@example.org")))) for n in range(12)]
    await until(lambda: postmark.asked >= 24)
    assert not any(task.done() for task in waiting)
    assert [words.split(":")[0] for words in deliverer.standing.obstacles] == ["Postmark refuses us"]
    postmark.always = None
    assert await asyncio.gather(*waiting) == [None] * 12
    assert deliverer.standing.obstacles == [] and len(postmark.accepted) == 12


async def test_a_mail_whose_answer_was_lost_is_asked_for_and_not_sent_twice(make: Make, postmark: Postmark) -> None:
    postmark.hold = asyncio.Event()
    assert await make(timeout=0.3).deliver(encoded(record())) is None, "it was taken over: Postmark says so"
    assert len(postmark.accepted) == 1 and postmark.asked == 1


async def test_killed_between_the_answer_and_the_mark_the_mail_is_not_sent_twice(
    make: Make, postmark: Postmark, redis: Redis, topic_prefix: str
) -> None:
    taken, lost = record("taken@example.org"), record("lost@example.org")
    dead = Claims(redis, topic_prefix, lease=0.3)
    for each in (taken, lost):
        await dead.take(each["message_id"], dead.token())
    postmark.accepted.append({"To": "taken@example.org", "Metadata": {"message_id": taken["message_id"]}})
    deliverer = make()
    assert await asyncio.gather(*(deliverer.deliver(encoded(each)) for each in (taken, lost))) == [None, None]
    assert len(postmark.to("taken@example.org")) == 1, "the one before it was killed sent it"
    assert len(postmark.to("lost@example.org")) == 1, "and this one it didn't"


async def test_at_start_a_wrong_token_is_told_and_a_wrong_address(postmark: Postmark) -> None:
    with pytest.raises(Misconfigured, match="Postmark refuses the log-in .*GEDRAG_POSTMARK_TOKEN") as caught:
        await reach_mail(Settings(mail="postmark", postmark_url=postmark.url, postmark_token="hidden"))
    assert "hidden" not in str(caught.value)
    with capture_logs() as told:
        await reach_mail(Settings(mail="postmark", postmark_url="http://127.0.0.1:9", postmark_token=TOKEN))
    assert told[0]["event"].startswith("Postmark does not answer at http://127.0.0.1:9 ")
    await reach_mail(Settings(mail="postmark", postmark_url=postmark.url, postmark_token=TOKEN))
