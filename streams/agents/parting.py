"""What an agent still has to do when it is stopped, such as waiting for requests under way: Faust doesn't wait for it, the worker does."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

_under_way: set[asyncio.Task[None]] = set()


async def part(work: Coroutine[Any, Any, None]) -> None:
    """Does it to its end, however often whoever awaits it is cancelled."""
    task = asyncio.ensure_future(work)
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)
    await asyncio.shield(task)


async def parted(timeout: float) -> None:
    """Returns when all of it is done, after `timeout` seconds at most."""
    if _under_way:
        await asyncio.wait(set(_under_way), timeout=timeout)
