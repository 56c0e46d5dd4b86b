"""The demo from start to end."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live

from streams import clock
from streams.demo import screen, watch
from streams.demo.figures import Figures
from streams.demo.page import Page
from streams.demo.stage import Stage
from streams.demo.traffic import Traffic
from streams.embedded import EmbeddedError

#: The clock begins this long ago, so that it shows no time that is still to come for a while, and brokers take its stamps.
AGO = 90 * 86_400_000
#: Seconds the worker may take to join its group, and at the end to have applied everything and mailed what is due.
JOIN, SETTLE = 60.0, 10.0
CAMPAIGN = "abandoned_cart"


@dataclass(frozen=True, kw_only=True)
class Options:
    customers: int
    seed: int
    speed: float
    seconds: float | None  # None: until Ctrl-C
    headless: bool
    mails: Path | None


def run(options: Options) -> int:
    """Runs the demo; returns the exit status. Raises EmbeddedError when a part doesn't start or ends by itself."""
    clock.set_speed(options.speed, origin=clock.now_ms() - AGO)
    _say("starting the broker, the cache, the mailbox and the worker …")
    with Stage(options.mails) as stage:
        return asyncio.run(_Demo(options, stage).run())


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    """Cancels tasks and waits until they have ended. Again and again: a client that is just connecting may swallow it once."""
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=1.0)


class _Demo:
    def __init__(self, options: Options, stage: Stage) -> None:
        self._options = options
        self._stage = stage
        self._figures = Figures()
        self._page = Page(stage.mailbox)
        self._traffic = Traffic(stage.settings, options.customers, options.seed)
        self._stop = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._console = Console()

    async def run(self) -> int:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop.set)
        settings, figures = self._stage.settings, self._figures
        await self._page.start()
        try:
            self._begin(watch.worker(settings, figures))
            if not await self._ready():
                return 130
            for watcher in (
                watch.records(settings, figures),
                watch.live_view(settings, figures),
                watch.mails(self._stage.mailbox, figures),
            ):
                self._begin(watcher)
            traffic = self._begin(self._traffic.run())
            began = clock.monotonic()
            await self._show(began)
            seconds = clock.monotonic() - began
            self._tasks.remove(traffic)
            await _end([traffic])
            if self._options.headless:
                await self._settle()
            return self._finish(seconds)
        finally:
            await _end(self._tasks)
            await self._page.stop()

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.append(task)
        return task

    def _check(self) -> None:
        """Raises what ended a part of the demo."""
        self._stage.check()
        for task in self._tasks:
            if task.done():
                task.result()
        self._figures.events = self._traffic.sent

    async def _ready(self) -> bool:
        """Waits until the worker has its partitions; False when stopped before."""
        end = clock.monotonic() + JOIN
        while int(self._figures.worker.get("partitions", 0)) < self._stage.settings.partitions:
            self._check()
            if clock.monotonic() > end:
                raise EmbeddedError(f"the worker did not join its group within {JOIN:g} s; it said:\n{self._stage.worker.tail(12)}")
            if await self._pause(0.1):
                return False
        return True

    async def _pause(self, seconds: float) -> bool:
        """Waits; True when it is time to stop."""
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def _over(self, began: float) -> bool:
        return self._options.seconds is not None and clock.monotonic() - began >= self._options.seconds

    async def _show(self, began: float) -> None:
        """Shows the figures until stopped or the time is over."""
        if self._options.headless or not self._console.is_terminal:
            _say(f"mails: {self._page.url}  maildir: {self._stage.mailbox.folder}")
            told = began
            while not self._over(began) and not await self._pause(0.25):
                self._check()
                if clock.monotonic() - told >= 5:
                    told = clock.monotonic()
                    _say(screen.line(self._figures))
            return
        with Live(console=self._console, screen=True, auto_refresh=False) as live:
            while not self._over(began) and not await self._pause(0.25):
                self._check()
                shown = screen.frame(self._figures, self._page.url, str(self._stage.mailbox.folder), self._console.size.height)
                live.update(shown, refresh=True)

    async def _settle(self) -> None:
        """Waits until the worker has applied what was sent, and what it decided is in the mailbox, as far as SETTLE allows."""
        end = clock.monotonic() + SETTLE
        while clock.monotonic() < end and not await self._pause(0.5):
            self._check()
            applied = int(self._figures.worker.get("events", 0)) >= self._figures.events and not self._figures.lag
            if applied and self._figures.mails[CAMPAIGN]:
                return

    def _finish(self, seconds: float) -> int:
        self._figures.events = self._traffic.sent
        if not self._options.headless:
            self._console.print(screen.line(self._figures), soft_wrap=True)
            return 0
        print(json.dumps(self._figures.summary(seconds)), flush=True)
        if not self._figures.mails[CAMPAIGN]:
            _say(f"gedrag demo: no mail of the campaign {CAMPAIGN} arrived in the mailbox")
            return 1
        return 0
