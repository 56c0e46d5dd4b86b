"""Who gets /metrics."""

from __future__ import annotations

from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from streams.exposition import Exposition, is_loopback
from streams.http.app import build
from streams.settings import Settings, load


async def asked(settings: Settings, address: str, **headers: str) -> tuple[int, str]:
    app = web.Application()
    app.router.add_get("/metrics", Exposition(settings, address).handle)
    async with TestClient(TestServer(app)) as client, client.get("/metrics", headers=headers) as answer:
        return answer.status, await answer.text()


@pytest.mark.parametrize("address", ["127.0.0.1:6066", "localhost:6066", "[::1]:6066", "127.8.8.8:1"])
async def test_on_this_machine_alone_it_is_open(address: str) -> None:
    status, text = await asked(load(), address)
    assert (status, "process_cpu_seconds_total" in text) == (200, True)


@pytest.mark.parametrize("address", ["0.0.0.0:6066", "[::]:6066", "10.0.0.1:6066", "worker.example:6066"])
async def test_where_others_can_ask_it_needs_a_token(address: str) -> None:
    assert not is_loopback(address)
    status, text = await asked(load(), address)
    assert (status, "set metrics_token (GEDRAG_METRICS_TOKEN" in text, "process_" in text) == (403, True, False)
    settings = replace(load(), metrics_token="open-sesame")
    assert (await asked(settings, address))[0] == 401
    assert (await asked(settings, address, Authorization="Bearer open-sesam"))[0] == 401
    assert (await asked(settings, address, Authorization="Basic open-sesame"))[0] == 401
    assert (await asked(settings, address, Authorization="Bearer open-sesame"))[0] == 200


async def found(_: web.Request) -> web.Response:
    return web.Response()


async def test_the_server_counts_requests_by_the_pattern_of_their_route() -> None:
    app = build(load(), [])
    app.router.add_get("/v1/customers/{id}", found)
    async with TestClient(TestServer(app)) as client:
        for path in ("/v1/customers/lotte", "/v1/customers/jan", "/nothing/of/lotte"):
            await client.get(path)
        await client.request("PROPFIND", "/nothing/of/lotte")
        text = await (await client.get("/metrics")).text()
    families = {family.name: family for family in text_string_to_metric_families(text)}
    counted = {tuple(each.labels.values()): each.value for each in families["gedrag_http_requests"].samples if each.name.endswith("_total")}
    assert counted == {("GET", "/v1/customers/{id}", "200"): 2, ("GET", "-", "404"): 1, ("other", "-", "404"): 1}
    assert [each.value for each in families["gedrag_http_request_seconds"].samples if each.name.endswith("_count")] == [2, 2]
    assert "lotte" not in text.lower()
