"""The collector before any Kafka is there: whom it lets in, and what it says of settings that can't work."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import structlog
from aiohttp import ClientResponse, encode_basic_auth
from aiohttp.test_utils import TestClient, TestServer

from streams.http import app, collector
from streams.http.collector import body
from streams.http.collector.figures import Figures
from streams.http.collector.keys import WriteKeys, basic_user
from streams.kafka.errors import Misconfigured
from streams.settings import SettingsError, load

KEY = "QGStQ7xFbFfZ2wXN"
SITE = "https://www.shop.example"
VIEW = {"userId": "c1", "event": "Product Viewed", "properties": {"product_id": "p1"}}


@asynccontextmanager
async def serving(keys: str = KEY, **settings: str) -> AsyncIterator[TestClient]:
    environment = {"GEDRAG_WRITE_KEYS": keys} if keys else {}
    loaded = load(None, {"broker": "localhost:1", **settings}, environment)
    async with TestClient(TestServer(app.build(loaded, ["collector"]))) as client:
        yield client


def allowed(answer: ClientResponse) -> str | None:
    return answer.headers.get("Access-Control-Allow-Origin")


async def test_pages_of_the_sites_in_the_setting_may_read_the_answers() -> None:
    async with serving(collector_origins=f"{SITE}, https://app.shop.example") as client:
        asked = await client.options("/v1/t", headers={"Origin": SITE, "Access-Control-Request-Method": "POST"})
        assert (asked.status, allowed(asked), asked.headers["Access-Control-Allow-Methods"]) == (204, SITE, "POST")
        answer = await client.post("/v1/t", json=VIEW, headers={"Origin": SITE})
        assert (answer.status, allowed(answer), answer.headers["Vary"]) == (401, SITE, "Origin")

        for other in ("https://shop.example", "https://www.shop.example.evil.example", "null", ""):
            assert allowed(await client.post("/v1/t", json=VIEW, headers={"Origin": other})) is None
            assert allowed(await client.options("/v1/t", headers={"Origin": other})) is None


async def test_all_sites_may_if_the_setting_says_so_and_none_without_it() -> None:
    async with serving(collector_origins="*") as client:
        assert allowed(await client.post("/v1/t", json=VIEW, headers={"Origin": SITE})) == "*"
    async with serving() as client:
        assert allowed(await client.post("/v1/t", json=VIEW, headers={"Origin": SITE})) is None
        assert (await client.options("/v1/t", headers={"Origin": SITE})).status == 405


async def test_before_kafka_is_there_callers_are_told_to_come_again() -> None:
    async with serving() as client:
        answer = await client.post("/v1/track", json=VIEW, headers={"Authorization": encode_basic_auth(KEY, "")})
        assert (answer.status, (await answer.json())["code"]) == (429, "busy")
        assert int(answer.headers["Retry-After"]) >= 5
        assert (await client.get("/health/ready")).status == 503


async def test_who_sends_byte_after_byte_holds_no_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "WITHIN", 0.2)
    monkeypatch.setattr(collector, "MOST_AT_ONCE", 1)

    async def slowly() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" "
            await asyncio.sleep(0.05)

    own = {"Authorization": encode_basic_auth(KEY, "")}
    async with serving() as client:
        slow = asyncio.create_task(client.post("/v1/batch", data=slowly(), headers=own))
        await asyncio.sleep(0.1)
        assert (await client.post("/v1/track", json=VIEW, headers=own)).headers["Retry-After"] == "1"
        assert (await slow).status == 408
        assert (await client.post("/v1/batch", data=b"{", headers=own)).status == 400


async def test_without_write_keys_nobody_is_let_in() -> None:
    async with serving(keys="") as client:
        for given in ("", KEY):
            answer = await client.post("/v1/track", json=VIEW, headers={"Authorization": encode_basic_auth(given, "")})
            assert answer.status == 401
        assert (await client.get("/health/ready")).status == 200


@pytest.mark.parametrize("keys", ["short", f"{KEY},short", "with:a-colon-in-it", "", "x" * 129])
def test_a_write_key_that_cannot_work_is_a_wrong_setting(keys: str) -> None:
    with pytest.raises(SettingsError) as refusal:
        load(None, {}, {"GEDRAG_WRITE_KEYS": keys})
    assert "GEDRAG_WRITE_KEYS: expected 16 to 128 letters" in str(refusal.value)
    assert not keys or keys not in str(refusal.value)


def test_write_keys_may_stand_in_a_file_one_a_line(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"{KEY}\nfcKBJ0mGNFLvYUZQ\n")

    settings = load(None, {}, {"GEDRAG_WRITE_KEYS_FILE": str(tmp_path / "keys")})

    assert settings.write_keys == (KEY, "fcKBJ0mGNFLvYUZQ")
    assert KEY not in repr(settings)


@pytest.mark.parametrize("origins", ["www.shop.example", "https://", "https://shop.example/path", "*, https://shop.example"])
def test_a_site_is_a_scheme_and_a_host(origins: str) -> None:
    with pytest.raises(SettingsError, match="collector_origins"):
        load(None, {"collector_origins": origins}, {})


def test_a_faulty_table_of_names_ends_the_server_with_its_place(tmp_path: Path) -> None:
    table = tmp_path / "collector.toml"
    table.write_text('[track]\n"Bought" = "purchas"\n')

    with pytest.raises(Misconfigured, match=r"collector\.toml:2:12: unknown event type `purchas`.*purchase"):
        asyncio.run(collector.check(load(None, {"collector": str(table)}, {})))


def test_who_comes_with_basic_authentication() -> None:
    assert basic_user(encode_basic_auth(KEY, "")) == KEY
    assert basic_user("basic " + encode_basic_auth(KEY, "x").split()[1]) == KEY
    assert basic_user("Bearer token") is None
    assert basic_user(None) is None
    assert basic_user("Basic \u00e9") == ""
    assert not WriteKeys([KEY]).know(KEY[:-1])
    assert not WriteKeys([]).know("")
    assert not WriteKeys([KEY]).know(None)


def test_what_may_be_somebodys_in_a_name_is_not_logged() -> None:
    with structlog.testing.capture_logs() as told:
        for name in ("Podcast Heard 2024", "Invited kim.lee@shop.example", "Called 06 1234 5678 back"):
            Figures().unknown_name(name)
    assert [each["name"] for each in told] == ["Podcast Heard 2024", "Invited …", "Called … back"]
