"""One webhook on the wire: what a receiver gets, and what an endpoint can't do to us."""

from __future__ import annotations

import asyncio
import json
import ssl
import subprocess
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from standardwebhooks import Webhook as Verifier

from streams.agents.webhooks import change as changes
from streams.sinks.reachable import networks
from streams.sinks.webhook import Endpoint, Gone, Poster, Undelivered, Webhook
from tests.streams.feeds.changes import change, encoded
from tests.streams.feeds.receiver import OTHER, SECRET, Receiver

ALLOWED = networks("127.0.0.0/8, ::1")
NOW = 1_772_359_200_000
BODY = Webhook("id-1", b'{"type":"gedrag.test"}')


@asynccontextmanager
async def posting(url: str, secrets: tuple[str, ...] = (SECRET,), **options: object) -> AsyncIterator[Poster]:
    poster = Poster(Endpoint("x", url, secrets, **options), ALLOWED)  # type: ignore[arg-type]
    try:
        yield poster
    finally:
        await poster.close()


async def test_what_a_receiver_gets(receiver: Callable[..., Awaitable[Receiver]]) -> None:
    now = int(time.time() * 1000)
    hook = await receiver()
    record = change("c1", reason="café ≥ 1")
    async with posting(hook.url, (OTHER, SECRET)) as poster:  # SECRET is the one that is being replaced
        webhook = changes.webhook(changes.read(encoded(record)), encoded(record))
        assert await poster.post(webhook, now) == 204
    (headers,), ((number, body),) = hook.headers, hook.got
    assert number == record["change_id"] and headers["content-type"] == "application/json"
    assert headers["webhook-timestamp"] == str(now // 1000) and len(headers["webhook-signature"].split()) == 2
    for secret in (SECRET, OTHER):
        told = Verifier(secret).verify(body, headers)
        assert told["type"] == "gedrag.segment.entered" and told["timestamp"] == record["at"]


def test_the_same_change_has_the_same_body_whenever_it_was_put_on_the_topic() -> None:
    bodies = set()
    for detected_at in ("2026-03-01T11:00:01.234Z", "2026-03-01T12:00:00.000Z"):
        value = encoded(change("c1", detected_at=detected_at))
        bodies.add(changes.webhook(changes.read(value), value).body)
    (body,) = bodies
    expected = change("c1")
    del expected["detected_at"]
    assert json.loads(body)["data"] == expected


@pytest.mark.parametrize("value", [
    None, b"", b"{", b"[]", b"{}", encoded(change(kind="joined")), encoded(change(at="yesterday")), encoded(change(change_id="a\r\nx: y")),
])  # fmt: skip
def test_what_is_no_change_is_no_webhook(value: bytes | None) -> None:
    with pytest.raises(changes.NotAChange):
        changes.read(value)


def test_filters() -> None:
    def takes(record: dict[str, object], **filters: frozenset[str]) -> bool:
        return changes.takes(Endpoint("x", "https://x.example", (), **filters), changes.read(encoded(record)))

    moved = change(kind="moved", segment="engagement", family="engagement", come_from="regular", to="dormant")
    assert takes(change()) and takes(moved)
    assert takes(change(), segments=frozenset({"cart_abandoned"})) and not takes(moved, segments=frozenset({"cart_abandoned"}))
    assert all(takes(moved, segments=frozenset({each})) for each in ("engagement", "engagement.dormant", "engagement.regular"))
    assert not takes(moved, segments=frozenset({"engagement.intensive"}))
    assert takes(change(), families=frozenset({"purchase_habits"}), kinds=frozenset({"entered"}))
    assert not takes(change(), families=frozenset({"purchase_habits"}), kinds=frozenset({"exited"}))


@asynccontextmanager
async def server(handler: Callable[[web.Request], Awaitable[web.StreamResponse]], tls: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    port = site._server.sockets[0].getsockname()[1]  # type: ignore[union-attr]
    try:
        yield f"{'https' if tls else 'http'}://{'localhost' if tls else '127.0.0.1'}:{port}/hook"
    finally:
        await runner.cleanup()


async def test_redirects_are_not_followed() -> None:
    seen = []

    async def redirect(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.Response(status=307, headers={"Location": "/elsewhere"})

    async with server(redirect) as url, posting(url) as poster:
        with pytest.raises(Undelivered, match="redirects"):
            await poster.post(BODY, NOW)
    assert seen == ["/hook"]


async def test_an_answer_without_end_is_not_read() -> None:
    async def endless(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(status=int(request.query["status"]))
        await answer.prepare(request)
        while True:
            await answer.write(b"x" * 65_536)

    async with server(endless) as url:
        async with asyncio.timeout(5), posting(f"{url}?status=200") as poster:
            assert await poster.post(BODY, NOW) == 200
        async with asyncio.timeout(5), posting(f"{url}?status=500") as poster:
            with pytest.raises(Undelivered) as caught:
                await poster.post(BODY, NOW)
        assert len(str(caught.value)) < 200


async def test_an_answer_that_does_not_come_is_not_waited_for() -> None:
    async def never(request: web.Request) -> web.Response:
        await asyncio.sleep(60)
        return web.Response()

    async with server(never) as url, posting(url, timeout=300) as poster:
        with pytest.raises(Undelivered, match="no answer within 0.3 s") as caught:
            await poster.post(BODY, NOW)
    assert caught.value.whole


@pytest.mark.parametrize(("header", "wait"), [("7", 7), ("999999", 3600), ("nonsense", 0), ("Wed, 01 Jan 2020 00:00:00 GMT", 0)])
async def test_retry_after(header: str, wait: float) -> None:
    async def busy(request: web.Request) -> web.Response:
        return web.Response(status=503, headers={"Retry-After": header})

    async with server(busy) as url, posting(url) as poster:
        with pytest.raises(Undelivered) as caught:
            await poster.post(BODY, NOW)
    assert caught.value.wait == wait


async def test_gone() -> None:
    async def gone(request: web.Request) -> web.Response:
        return web.Response(status=410, text="no\x1b[31m more\r\n")

    async with server(gone) as url, posting(url) as poster:
        with pytest.raises(Gone, match="^HTTP 410: no�\\[31m more$"):
            await poster.post(BODY, NOW)


async def test_certificates_are_verified(tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "cert.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True, capture_output=True,
    )  # fmt: skip
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)

    async def fine(request: web.Request) -> web.Response:
        return web.Response()

    async with server(fine, tls) as url:
        async with posting(url) as poster:
            with pytest.raises(Undelivered, match="certificate"):
                await poster.post(BODY, NOW)
        async with posting(url, ca_file=certificate) as poster:
            assert await poster.post(BODY, NOW) == 200


def test_secrets_are_not_shown() -> None:
    endpoint = Endpoint("x", "https://hooks.example/h?token=abc", (SECRET,))
    assert SECRET not in repr(endpoint) and "abc" not in endpoint.shown
