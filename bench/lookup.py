"""How long a look-up of a customer takes: GET /v1/customers/{id} at a steady rate, on real Redis, `gedrag serve` a process of its own.

python -m bench.lookup                           100,000 customers, 1,000 requests/s for 20 s, one server
python -m bench.lookup --rate 500 --seconds 5    otherwise
REDIS=redis://host:6379/3 python -m bench.lookup on a Redis of one's own, where it leaves nothing

The load is open-loop: a request is due at its instant whether or not earlier ones have been answered, and its time counts from then, so
that waiting in line shows. The last line of stdout is the figures as one JSON object. Memory is Redis' own before and after.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter as clock

import aiohttp
import uvloop
from redis.asyncio import Redis

from scoring.segments.model import Segment
from scoring.segments.read import read
from streams.embedded.process import free_port
from streams.settings.model import SHIPPED
from streams.sinks.live_view import Change, LiveView
from streams.sinks.tokens import Tokens
from tests import parts

APP = "bench-lookup"
#: Seconds of load before the clock runs, and connections at most.
WARM_UP, CONNECTIONS = 2.0, 64
#: Of the simple segments a customer is in, on average; and one tier of each group.
SHARE = 0.15


@contextmanager
def redis_url() -> Iterator[str]:
    own = os.environ.get("REDIS", "")
    if own:
        yield own
        return
    with parts.embedded_cache() if parts.why_no_docker() else parts.redis_container() as url:
        yield url


async def fill(redis: Redis, customers: int) -> float:
    """Customers with memberships as the shipped definitions give them; bytes of Redis a customer."""
    definitions = read((SHIPPED / "segments.toml").read_text())
    dice, view, offset, batch = random.Random(1), LiveView(redis, APP), 0, []
    before = int((await redis.info("memory"))["used_memory"])
    for number in range(customers):
        for each in definitions.segments:
            at = 1_772_000_000_000 + number * 10
            if isinstance(each, Segment):
                if dice.random() >= SHARE:
                    continue
                batch.append(Change(offset, 1, f"customer-{number}", "entered", each.name, "", at))
            else:
                tier = dice.choice(each.tiers).name
                batch.append(Change(offset, 1, f"customer-{number}", "moved", each.name, tier, at))
            offset += 1
        if len(batch) > 500:
            await view.apply("changes/0", batch)
            batch = []
    await view.apply("changes/0", batch)
    return (int((await redis.info("memory"))["used_memory"]) - before) / customers


async def load(base: str, token: str, customers: int, rate: int, seconds: float) -> tuple[list[float], int, float]:
    """Milliseconds of each request from the instant it was due; how many failed; requests answered a second."""
    took: list[float] = []
    failed = 0
    dice = random.Random(2)
    loop = asyncio.get_running_loop()
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(base, connector=connector, headers={"Authorization": f"Bearer {token}"}) as session:

        async def one(path: str, due: float, counts: bool) -> None:
            nonlocal failed
            async with session.get(path) as answer:
                await answer.read()
            if answer.status != 200:
                failed += 1
            elif counts:
                took.append((clock() - due) * 1000)

        began = clock() + 0.1
        waiting: set[asyncio.Task[None]] = set()
        for number in range(int((WARM_UP + seconds) * rate)):
            due = began + number / rate
            if (ahead := due - clock()) > 0:
                await asyncio.sleep(ahead)
            task = loop.create_task(one(f"/v1/customers/customer-{dice.randrange(customers)}", due, due - began >= WARM_UP))
            waiting.add(task)
            task.add_done_callback(waiting.discard)
        await asyncio.gather(*waiting)
        return took, failed, len(took) / (clock() - began - WARM_UP)


@contextmanager
def server(url: str, folder: Path) -> Iterator[str]:
    address = f"127.0.0.1:{free_port()}"
    settings = {"app_id": APP, "redis": url, "serve": address, "rate_limit": "0", "log": "json"}
    command = [sys.executable, "-m", "streams.cli.main", "serve", "--parts", "api", *(f"--set={name}={v}" for name, v in settings.items())]
    with (folder / "serve.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        yield f"http://{address}"
    finally:
        process.terminate()
        process.wait(20)


async def measure(url: str, base: str, given: argparse.Namespace) -> dict[str, float]:
    redis = Redis.from_url(url)
    view = LiveView(redis, APP)
    try:
        await view.wipe()
        memory = await fill(redis, given.customers)
        _, token = await Tokens(redis, APP).create("bench", "read", 0, None)
        await _ready(base)
        took, failed, rate = await load(base, token, given.customers, given.rate, given.seconds)
    finally:
        await view.wipe()
        async for key in redis.scan_iter(match=f"{APP}:*"):
            await redis.delete(key)
        await redis.aclose()
    took.sort()

    def quantile(part: float) -> float:
        return round(took[min(len(took) - 1, int(part * len(took)))], 2)

    return {
        "customers": given.customers, "requests_per_second": round(rate), "lookup_p50_ms": quantile(0.5), "lookup_p99_ms": quantile(0.99),
        "lookup_p999_ms": quantile(0.999), "lookup_max_ms": round(took[-1], 2), "lookup_failed": failed,
        "view_bytes_per_customer": round(memory),
    }  # fmt: skip


async def _ready(base: str) -> None:
    end = time.monotonic() + 30
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{base}/health/ready") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            if time.monotonic() > end:
                raise SystemExit("the server did not start")
            await asyncio.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m bench.lookup", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--rate", type=int, default=1_000, help="requests a second")
    parser.add_argument("--seconds", type=float, default=20.0)
    given = parser.parse_args()
    with redis_url() as url, tempfile.TemporaryDirectory() as folder, server(url, Path(folder)) as base:
        figures = uvloop.run(measure(url, base, given))
    print(f"{'customers in the view':<34}{figures['customers']:>12,}")
    print(f"{'memory of Redis a customer':<34}{figures['view_bytes_per_customer']:>12,} bytes")
    print(f"{'requests answered a second':<34}{figures['requests_per_second']:>12,}")
    for name in ("p50", "p99", "p999", "max"):
        print(f"{'look-up ' + name:<34}{figures[f'lookup_{name}_ms']:>12,} ms")
    print(f"{'failed':<34}{figures['lookup_failed']:>12,}")
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
