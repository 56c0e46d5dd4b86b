"""One shop for all tests here: starting it takes longer than asking it. It ends with them: even without work it keeps processors busy."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import pytest

from scoring.events.schema import CART_EVENTS, PAGE_VIEWS, PURCHASES
from streams.embedded.process import free_port
from tests import parts
from tests.integration.api.stage import Stage
from tests.integration.worker.running import Setup, workers
from tests.integration.worker.shop import Feed

PARTITIONS = 2
SITE = "https://desk.shop.example"
#: Customers who look at something, and those of them who put something in their cart.
VIEWERS, CARTS = 30, 12


@pytest.fixture(scope="package")
def stage(kafka: parts.Kafka, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A worker of all it takes, two servers, and a shop's first events, all of them taken in; a token of scope read."""
    setup = Setup(kafka.address, f"api-{os.getpid()}.", tmp_path_factory.mktemp("api"), PARTITIONS)
    made = Stage(setup, redis_url)
    with workers(setup) as worker:
        options = {"redis": redis_url, "web": f"127.0.0.1:{free_port()}"} | ({} if kafka.real else {"idempotence": "off"})
        running = worker("w1", options=("--role", "customers", "--role", "live-view"), **options)  # type: ignore[call-arg]
        try:
            made.token = made.new_token("tests")
            for base in (made.serve(), made.serve(rate_limit="20", api_origins=SITE)):
                made.ready(base)
            running.ready(PARTITIONS)
            asyncio.run(_shop(setup, kafka.real))
            parts.eventually(lambda: _taken_in(made), "the live view has the shop's first changes", 60)
            yield made
            made.stop()
        finally:
            for process in made.processes:
                process.kill()


async def _shop(setup: Setup, real: bool) -> None:
    async with Feed(setup.address, setup.prefix, PARTITIONS, idempotence=real) as feed:
        await feed.each(PAGE_VIEWS, VIEWERS, page_type="product", product_id="p1")
        await feed.each(CART_EVENTS, CARTS, action="add", product_id="p1", quantity=2, price=9.5)
        await feed.event(PURCHASES, "c0", order_id="o1", total=120)
        await feed.event(PAGE_VIEWS, "über/één kop?", page_type="home")


def _taken_in(stage: Stage) -> bool:
    answer = stage.get("/v1/segments")
    assert answer.status == 200, answer
    counts = {row["name"]: row["customers"] for family in answer.body["families"] for row in family["segments"]}
    return bool(answer.body["customers"] == VIEWERS + 1 and counts["cart_abandoned"] == CARTS - 1 and counts["browsing"] == 0)
