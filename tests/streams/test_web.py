"""Health and figures over HTTP."""

from __future__ import annotations

import socket

import aiohttp
import pytest

from streams.embedded.process import free_port
from streams.kafka.errors import Misconfigured
from streams.web import Health, Web


async def get(port: int, path: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}{path}") as answer:
        return answer.status, await answer.text()


async def test_health() -> None:
    works = True
    port = free_port()
    web = Web(f"127.0.0.1:{port}", ["customers"], lambda: (works, {"events": 7, "lag": 2}), wanted=True)
    await web.start()
    try:
        assert await get(port, "/health") == (200, '{"status": "ok", "roles": ["customers"], "events": 7, "lag": 2}')
        works = False
        assert (await get(port, "/health"))[0] == 503
    finally:
        await web.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        await get(port, "/health")


async def test_a_taken_port_is_an_error_only_where_somebody_chose_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(
            Misconfigured, match=rf"^web: can't serve on {address} .*; set web \(GEDRAG_WEB\) to another host:port, or to off$"
        ):
            await Web(address, [], lambda: (True, {}), wanted=True).start()
        default = Web(address, [], lambda: (True, {}), wanted=False)
        await default.start()
        await default.stop()


async def test_live_and_ready_say_what_is_wrong_and_what_is_waited_for() -> None:
    live, ready = Health(), Health(["partition 2 is being taken over"], ["Redis is away"])
    web = Web("127.0.0.1:0", [], lambda: (True, {}), wanted=True, live=lambda: live, ready=lambda: ready)
    await web.start()
    port = int(web.address.rpartition(":")[2])
    try:
        assert await get(port, "/health/live") == (200, '{"status": "live", "faults": []}')
        said = '{"status": "not ready", "faults": ["partition 2 is being taken over"], "waiting": ["Redis is away"]}'
        assert await get(port, "/health/ready") == (503, said)
        live, ready = Health(["its loop has not turned for 61 s"]), Health(waiting=["delivery: paused"])
        assert await get(port, "/health/live") == (503, '{"status": "stuck", "faults": ["its loop has not turned for 61 s"]}')
        assert await get(port, "/health/ready") == (200, '{"status": "ready", "faults": [], "waiting": ["delivery: paused"]}')
    finally:
        await web.stop()
