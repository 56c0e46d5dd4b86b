"""The catalogue agent: compares what the shop says of products with what it said before, and tells what is new to all customers.

A customer who has viewed a product may be in any partition, so news of it is written to each partition of `product-news`, where the engine
takes it in at its place among the events. What is known of a product is kept on a compacted topic of ours, in the partition that its
records of `catalog` are in. Order of writing, for a batch: news, acknowledged; what is known, acknowledged; then the records are. After a
crash in between some news is told again, with the same product and instant, by which the engine recognises it.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from scoring.segments.read import read
from scoring.traits.catalog import hears_news
from streams.agents.catalogue.desk import Desk
from streams.agents.in_order import no_waiting
from streams.app import topic

if TYPE_CHECKING:
    from streams.settings import Settings

#: Seconds for which records are gathered: one search through all customers then serves all of their news.
GATHERED = 1.0
#: Records read ahead, and taken in at once at most: of so many, whatever partition each is in, news is told in order of time.
AHEAD = 5_000


def parts(settings: Settings) -> list[str]:
    """One, or none where no family that is on asks for news of products: nothing reads `catalog` then. Raises Faults, OSError."""
    definitions = read(settings.segments.read_text(encoding="utf-8"), str(settings.segments))
    return ["news"] if hears_news(definitions.off) else []


def register(app: Any, settings: Settings, part: str) -> Any:
    """Makes the agent on the Faust app. Nothing is connected before the app starts."""
    no_waiting(app)

    @app.agent(topic(app, settings, "catalog"), name=f"catalogue.{part}")  # type: ignore[untyped-decorator, unused-ignore]
    async def agent(stream: Any) -> None:
        desk = Desk(settings)
        waiting: asyncio.Queue[Any] = asyncio.Queue(AHEAD)

        async def work() -> None:
            while True:
                batch = [await waiting.get()]
                await asyncio.sleep(GATHERED)
                while len(batch) < AHEAD and not waiting.empty():
                    batch.append(waiting.get_nowait())
                await desk.take([event.message for event in batch])
                for event in batch:
                    if event.message.generation_id == app.consumer_generation_id:
                        event.ack()

        def ended(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()):
                asyncio.ensure_future(app.crash(error))

        working = asyncio.create_task(work())
        working.add_done_callback(ended)
        try:
            async for event in stream.noack().events():
                await waiting.put(event)
        finally:
            working.cancel()
            await desk.close()

    return agent
