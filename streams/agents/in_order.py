"""Working on several events of a stream at once while acknowledging each partition's in order.

Faust commits past events in flight when acknowledgements come out of order, and acknowledges an event whose agent raised. Here an
event is acknowledged only when its work has ended well and so has that of all before it in its partition. Work that raises is a fault of
ours: nothing after it is acknowledged any more, and `on_fault` must stop the worker.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any
from weakref import WeakSet

Pending = tuple[Any, asyncio.Task[None]]


def no_waiting(app: Any) -> None:
    """Stops and rebalances of this app don't wait for events under way: with the mail server away they would wait for ever.

    Unacknowledged events are read again, by whoever has the partition then.
    """

    def configured(sender: Any, conf: Any, **_: Any) -> None:
        conf.stream_wait_empty = False

    app.on_configured.connect(configured, weak=False)


#: Those there are in this process: for figures.
every: WeakSet[InOrder] = WeakSet()


class InOrder:
    """For a stream made with `noack()`. At most `limit` events are unacknowledged, and those put aside; then `add` waits: nothing more is
    read from Kafka."""

    def __init__(
        self, limit: int, is_current: Callable[[Any], bool], on_fault: Callable[[BaseException], None], *, most_aside: int = 0
    ) -> None:
        """`is_current(event)`: is its partition still ours, since it was read? Only then may it be acknowledged."""
        self._room = asyncio.Semaphore(limit)
        self._most_aside = most_aside
        self._aside: set[tuple[str, int, int, int]] = set()
        self._is_current = is_current
        self._on_fault = on_fault
        self._lines: dict[tuple[str, int, int], deque[Pending]] = {}
        every.add(self)

    async def add(self, event: Any, work: Coroutine[Any, Any, None]) -> None:
        """Starts the work; returns at once unless there are too many unacknowledged."""
        try:
            await self._room.acquire()
        except asyncio.CancelledError:
            work.close()
            raise
        message = event.message
        # A partition that was lost and won again begins a line of its own: its events come anew.
        place = (message.topic, message.partition, message.generation_id)
        task = asyncio.create_task(work)
        self._lines.setdefault(place, deque()).append((event, task))
        task.add_done_callback(lambda _: self._advance(place))

    def aside(self, event: Any) -> None:
        """This event is going to take its time: it makes room for another one, unless too many have been put aside already.

        It is acknowledged in its turn all the same, and nothing after it before.
        """
        name = _name(event)
        if name not in self._aside and len(self._aside) < self._most_aside:
            self._aside.add(name)
            self._room.release()

    def waiting(self) -> list[Any]:
        """Events whose work has not ended, or not that of one before them."""
        return [event for line in self._lines.values() for event, _ in line]

    async def end(self, timeout: float) -> None:
        """Tells all work to stop and waits for it, `timeout` seconds at most."""
        tasks = [task for line in self._lines.values() for _, task in line]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=timeout)

    def _advance(self, place: tuple[str, int, int]) -> None:
        line = self._lines.get(place, deque())
        while line and line[0][1].done():
            event, task = line[0]
            if task.cancelled():
                return
            if error := task.exception():
                self._on_fault(error)
                return
            line.popleft()
            if (name := _name(event)) in self._aside:
                self._aside.remove(name)
            else:
                self._room.release()
            if self._is_current(event):
                event.ack()
        if not line:
            self._lines.pop(place, None)


def _name(event: Any) -> tuple[str, int, int, int]:
    message = event.message
    return message.topic, message.partition, message.generation_id, message.offset
