"""Scopes, and what a server says when Redis is away, over real HTTP and Redis."""

from __future__ import annotations

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from redis.asyncio import Redis

from streams.clock import now_ms
from streams.embedded.process import free_port
from streams.http.answers import json
from streams.http.api import access
from streams.http.app import build
from streams.settings import Settings
from streams.settings.load import load
from streams.sinks.tokens import SCOPES, Tokens


def application(settings: Settings) -> web.Application:
    """The API, and a route for each scope."""
    app = build(settings, ["api"])

    async def done(request: web.Request) -> web.Response:
        return json("done")

    for scope in SCOPES:
        app.router.add_post(f"/test/{scope}", access.needs(scope)(done))
    return app


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_scope_allows_what_narrower_ones_do_and_no_more(redis_url: str, topic_prefix: str, scope: str) -> None:
    settings = load(overrides={"redis": redis_url, "app_id": topic_prefix + "g"}, environ={})
    redis = Redis.from_url(redis_url)
    _, token = await Tokens(redis, settings.app_id).create(scope, scope, now_ms(), None)
    await redis.aclose()
    async with TestClient(TestServer(application(settings))) as client:
        for wanted in SCOPES:
            answer = await client.post(f"/test/{wanted}", headers={"Authorization": f"Bearer {token}"})
            allowed = SCOPES.index(wanted) <= SCOPES.index(scope)
            assert answer.status == (200 if allowed else 403)
            if not allowed:
                said = (await answer.json())["detail"]
                assert said == f"This token's scope is {scope}, and {wanted} is needed: gedrag token create --scope {wanted}"


async def test_redis_away_is_503_and_not_ready_but_live(topic_prefix: str) -> None:
    settings = load(overrides={"redis": f"redis://127.0.0.1:{free_port()}/0", "app_id": topic_prefix + "g"}, environ={})
    async with TestClient(TestServer(build(settings, ["api"]))) as client:
        answer = await client.get("/v1/segments", headers={"Authorization": f"Bearer gdr_{'a' * 12}_{'b' * 43}"})
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
        assert (await client.get("/health/ready")).status == 503
        assert (await client.get("/health/live")).status == 200
