"""Commands for Redis from many requests at once, sent together.

While one lot is on its way, what comes waits for the next: a lone request waits for nobody, and the busier the server, the more share
the cost of a round trip.
"""

from __future__ import annotations

import asyncio
from typing import Any

#: Lots on their way at a time.
IN_FLIGHT = 2

Command = tuple[Any, ...]


class Batch:
    """`ask` gives the answers to some commands, in order; raises redis.RedisError or OSError."""

    def __init__(self, redis: Any) -> None:
        self._redis = redis
        self._waiting: list[tuple[tuple[Command, ...], asyncio.Future[list[Any]]]] = []
        self._senders: set[asyncio.Task[None]] = set()

    async def ask(self, *commands: Command) -> list[Any]:
        answer: asyncio.Future[list[Any]] = asyncio.get_running_loop().create_future()
        self._waiting.append((commands, answer))
        if len(self._senders) < IN_FLIGHT:
            sender = asyncio.create_task(self._send())
            self._senders.add(sender)
            sender.add_done_callback(self._senders.discard)
        return await answer

    async def _send(self) -> None:
        while self._waiting:
            lot, self._waiting = self._waiting, []
            try:
                async with self._redis.pipeline(transaction=False) as pipeline:
                    for commands, _ in lot:
                        for command in commands:
                            pipeline.execute_command(*command)
                    answers = iter(await pipeline.execute(raise_on_error=False))
            except Exception as error:
                for _, answer in lot:
                    if not answer.done():
                        answer.set_exception(error)
                continue
            for commands, answer in lot:
                found = [next(answers) for _ in commands]
                if answer.done():
                    continue  # whoever asked has gone
                fault = next((each for each in found if isinstance(each, Exception)), None)
                if fault is None:
                    answer.set_result(found)
                else:
                    answer.set_exception(fault)
