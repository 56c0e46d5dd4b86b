"""A network that holds a worker's bytes back, and lets them arrive when they are no longer welcome."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Line:
    """Between a worker and the broker: what it sends is passed on, unless it is held; then it waits here, in order."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._open = asyncio.Event()
        self._open.set()
        self._tasks: set[asyncio.Task[None]] = set()

    def hold(self) -> None:
        """The worker is cut off, though its connections stand; what the broker has still to say, it hears."""
        self._open.clear()

    def let_go(self) -> None:
        self._open.set()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("localhost", self._target)
        for source, sink, free in ((reader, back, False), (there, writer, True)):
            task = asyncio.create_task(self._pass_on(source, sink, free))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, free: bool) -> None:
        with suppress(OSError):
            while piece := await source.read(1 << 20):
                # What came while the line was held is sent on even if its sender has closed the connection meanwhile.
                if not free:
                    await self._open.wait()
                sink.write(piece)
                await sink.drain()
        with suppress(OSError):
            sink.close()

    async def end(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


@asynccontextmanager
async def line(port: int, target: int) -> AsyncIterator[Line]:
    """Listens at localhost:port and passes on to localhost:target."""
    found = Line(target)
    server = await asyncio.start_server(found._connected, "localhost", port, limit=1 << 20)
    try:
        yield found
    finally:
        server.close()
        await found.end()
