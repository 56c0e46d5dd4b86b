"""A client of /v1/changes that stops reading is let go, and what waits for it stays small, on real Kafka and Redis."""

from __future__ import annotations

import asyncio
import json
import socket

import pytest
from aiohttp.test_utils import TestServer
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from redis.asyncio import Redis

from streams.clock import now_ms
from streams.http.api import changes
from streams.http.api.context import CONTEXT
from streams.http.app import build
from streams.settings.load import load
from streams.sinks.tokens import Tokens
from tests import parts

#: Changes, and bytes of each: more than sockets hold.
COUNT, SIZE = 400, 16_000


async def test_a_client_that_stops_reading_is_let_go(
    kafka: parts.Kafka, redis_url: str, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(changes, "SLOWEST", 1.0)
    settings = load(
        overrides={
            "broker": kafka.address,
            "redis": redis_url,
            "app_id": topic_prefix + "g",
            "topic_prefix": topic_prefix,
            "partitions": "1",
        },
        environ={},
    )
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.address)
    await admin.start()
    await admin.create_topics([NewTopic(topic_prefix + "segment-changes", 1, 1)])
    await admin.close()
    async with AIOKafkaProducer(bootstrap_servers=kafka.address, linger_ms=20) as producer:
        for n in range(COUNT):
            record = {"customer_id": f"c{n}", "segment": "loyal", "family": "loyalty", "kind": "entered", "reason": "x" * SIZE}
            await producer.send(topic_prefix + "segment-changes", json.dumps(record).encode())
        await producer.flush()
    redis = Redis.from_url(redis_url)
    _, token = await Tokens(redis, settings.app_id).create("slow", "read", now_ms(), None)
    await redis.aclose()
    app = build(settings, ["api"])
    async with TestServer(app) as server:
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.setblocking(False)
            loop = asyncio.get_running_loop()
            await loop.sock_connect(client, (server.host, server.port))
            await loop.sock_sendall(
                client, f"GET /v1/changes?since=0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
            )
            assert (await loop.sock_recv(client, 100)).startswith(b"HTTP/1.1 200")
            async with asyncio.timeout(20):
                while app[CONTEXT].streams:
                    await asyncio.sleep(0.05)
