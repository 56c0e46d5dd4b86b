"""What a mail's links do: unsubscribe, lead on, tell of opens, and whom they believe."""

from __future__ import annotations

import asyncio

import pytest

from streams.clock import now_ms
from streams.erasure import note_erased
from streams.http.mail.machines import calls_itself_one
from streams.links import Links
from tests.streams.http_mail.conftest import BASE, NEW, OLD, PERSON, Mail, Mailed

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
SHOP = "https://koffie.example/p/1?a=b&c=%20d"


async def test_one_click_unsubscribes_at_once_without_log_in_as_often_as_it_comes(mail: Mail) -> None:
    path = mail.path(mail.links.unsubscribe(Mailed()))
    for _ in range(2):
        async with mail.client.post(path, data=ONE_CLICK) as answer:
            assert answer.status == 200 and "Je bent afgemeld" in await answer.text() and "Set-Cookie" not in answer.headers
    events = await mail.events()
    assert len(events) in (1, 2) and {event["type"] for event in events} == {"unsubscribed"}, "one a second"
    assert (events[0]["key"], events[0]["customer_id"], events[0]["message_id"]) == ("c/1 é", "c/1 é", Mailed().message_id)


async def test_who_unsubscribes_consents_and_unsubscribes_again_is_no_repeat(mail: Mail) -> None:
    path = mail.path(mail.links.unsubscribe(Mailed()))
    await mail.client.post(path, data=ONE_CLICK)
    await asyncio.sleep(1.01)
    await mail.client.post(path, data=ONE_CLICK)
    first, second = await mail.events()
    assert first["event_id"] != second["event_id"] and first["ts"] < second["ts"]


async def test_looking_never_unsubscribes(mail: Mail) -> None:
    path = mail.path(mail.links.unsubscribe(Mailed()))
    for _ in range(2):
        async with mail.client.get(path) as answer:
            page = await answer.text()
            assert answer.status == 200 and '<form method="post">' in page and "Afmelden" in page and 'lang="nl"' in page
            assert "Koffie &amp; &lt;Co&gt;" in page and "script" not in page
    assert (await mail.client.head(path)).status == 200
    async with mail.client.get(mail.path(mail.links.unsubscribe(Mailed(language="de")))) as answer:
        assert 'lang="en"' in await answer.text()
    assert await mail.events() == []


async def test_an_open_counts_once_and_a_click_once_a_link(mail: Mail) -> None:
    for _ in range(2):
        async with mail.client.get(mail.path(mail.links.opened(Mailed()))) as answer:
            assert answer.content_type == "image/gif" and "no-store" in answer.headers["Cache-Control"]
        for url in (SHOP, "https://koffie.example/"):
            async with mail.client.get(mail.path(mail.links.click(Mailed(), url)), allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (302, url)
    events = await mail.events()
    assert [event["type"] for event in events] == ["opened", "clicked", "clicked"]
    assert len({event["event_id"] for event in events}) == 3 and not any("machine" in event for event in events)


async def test_a_link_we_did_not_sign_does_nothing(mail: Mail) -> None:
    token = mail.links.click(Mailed(), SHOP).rsplit("/", 1)[1]
    name, said, signature = token.split(".")
    other = ("x" if signature[0] != "x" else "y") + signature[1:]
    forged = [f"{name}.{said}.{other}", ".", "..", "x", f"k2.{said}.{signature}", token[:-3], f"{name}.{said[:-2]}AA.{signature}"]
    for path in ("unsubscribe", "go", "click"):
        for each in forged + ([token] if path != "click" else []):  # a click's link is no unsubscription's
            async with mail.client.get(f"/mail/{path}/{each}", allow_redirects=False) as answer:
                assert answer.status == 404 and "Location" not in answer.headers
    async with mail.client.get(f"/mail/click/{token[:-3]}", headers={"Accept-Language": "nl-BE,nl"}) as answer:
        assert "Deze link leidt nergens heen" in await answer.text()
    for each in (*forged, token):
        assert (await mail.client.post(f"/mail/unsubscribe/{each}")).status == 404
    assert await mail.events() == []


def test_keys_are_rotated_without_breaking_links_of_mails_long_sent() -> None:
    old, both, new = Links(BASE, (OLD,)), Links(BASE, (NEW, OLD)), Links(BASE, (NEW,))
    sent = old.unsubscribe(Mailed()).rsplit("/", 1)[1]
    assert both.read("unsubscribe", sent) is not None and new.read("unsubscribe", sent) is None
    assert new.read("unsubscribe", both.unsubscribe(Mailed()).rsplit("/", 1)[1]) is not None


async def test_machines_are_marked_and_their_clicks_are_no_clicks(mail: Mail) -> None:
    pixel, link = mail.path(mail.links.opened(Mailed())), mail.path(mail.links.click(Mailed(), SHOP))
    await mail.client.get(pixel, headers={"User-Agent": "Mozilla/5.0 (Windows NT 5.1; rv:11.0) (via ggpht.com GoogleImageProxy)"})
    await mail.client.get(link, headers={"User-Agent": "Mozilla/5.0"}, allow_redirects=False)
    await mail.client.head(link, allow_redirects=False)
    await mail.client.get(pixel, headers={"Sec-Purpose": "prefetch"})
    machine = await mail.events()
    assert {(event["type"], event["machine"]) for event in machine} == {("opened", True)} and len(machine) == 1
    await mail.client.get(pixel)
    person = (await mail.events())[-1]
    assert "machine" not in person and person["event_id"] not in {event["event_id"] for event in machine}, "the person still counts"


async def test_nobody_opens_a_mail_the_moment_it_was_handed_over(mail: Mail) -> None:
    for age, machine in ((1_000, True), (60_000, False)):
        mailed = Mailed(message_id=f"11111111-2222-5333-8444-{age:012d}")
        await mail.claims.sent(mailed.message_id, now_ms() - age)
        await mail.client.get(mail.path(mail.links.opened(mailed)))
        assert ("machine" in (await mail.events())[-1]) is machine


async def test_who_follows_the_hidden_link_is_a_machine_and_what_follows_too(mail: Mail) -> None:
    assert (await mail.client.get(mail.path(mail.links.trap(Mailed())))).status == 204
    await mail.client.get(mail.path(mail.links.click(Mailed(), SHOP)), allow_redirects=False)
    assert [(event["type"], event.get("machine")) for event in await mail.events()] == [("opened", True)]
    other = Mailed(message_id="11111111-2222-5333-8444-666666666666")
    await mail.client.get(mail.path(mail.links.click(other, SHOP)), allow_redirects=False)
    assert (await mail.events())[-1]["type"] == "clicked"


async def test_what_an_erased_customer_does_with_an_old_mail_makes_nobody_of_it(mail: Mail) -> None:
    await note_erased(mail.redis, mail.settings, Mailed().customer_id, now_ms())
    assert (await mail.client.get(mail.path(mail.links.opened(Mailed())))).status == 200
    assert (await mail.client.post(mail.path(mail.links.unsubscribe(Mailed())), data=ONE_CLICK)).status == 200
    assert await mail.events() == []


async def test_without_kafka_unsubscribing_is_to_be_tried_again_and_a_click_still_leads_on(
    mail: Mail, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise OSError("no broker")

    monkeypatch.setattr("streams.kafka.writer.Writer.write", away)
    async with mail.client.post(mail.path(mail.links.unsubscribe(Mailed())), data=ONE_CLICK) as answer:
        assert answer.status == 503 and answer.headers["Retry-After"] == "10"
    async with mail.client.get(mail.path(mail.links.click(Mailed(), SHOP)), allow_redirects=False) as answer:
        assert answer.status == 302


@pytest.mark.parametrize(
    ("user_agent", "machine"),
    [
        (PERSON, False),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148", False),
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36", False),
        ("Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17928; Pro)", False),
        ("Mozilla/5.0 (Linux; Android 11; CUBOT X30) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36", False),
        ("Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", True),
        ("Mozilla/5.0", True),
        ("", True),
        ("YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html", True),
        ("Mozilla/5.0 (compatible; Barracuda Sentinel)", True),
        ("Mimecast-URL-Protect/1.0", True),
        ("python-requests/2.32", True),
    ],
)
def test_what_calls_itself_a_machine(user_agent: str, machine: bool) -> None:
    assert calls_itself_one(user_agent) is machine
