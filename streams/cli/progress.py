"""Progress on stderr: a bar in a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.text import Text

from streams.clock import monotonic

_LINE_EVERY = 10.0  # seconds


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        unit = task.fields.get("unit", "")
        return Text("" if speed is None or not unit else f"{speed:,.0f} {unit}/s")


class Meter:
    """One stage after the other, each with its own bar: what, how far, how fast, how long still. Also prints lines above the bar.

    Without `bar` there are lines even in a terminal."""

    def __init__(self, bar: bool = True) -> None:
        self.console = Console(stderr=True, highlight=False, markup=False)
        self._terminal = bar and sys.stderr.isatty()
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            _Rate(),
            TimeRemainingColumn(compact=True),
            console=self.console,
            transient=True,
            disable=not self._terminal,
        )
        self._task = self._progress.add_task("", total=None, start=False, visible=False)
        self._stage, self._unit = "", ""
        self._started = self._told = 0.0

    def __enter__(self) -> Meter:
        self._progress.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None) -> None:
        self._progress.stop()

    def stage(self, what: str, total: int | None, unit: str = "") -> None:
        """Begins another stage; `unit` is counted, as in `events/s`; without one only the share is shown."""
        self._stage, self._unit = what, unit
        self._started = self._told = monotonic()
        self._progress.remove_task(self._task)
        self._task = self._progress.add_task(what, total=total, unit=unit)

    def update(self, done: int, total: int) -> None:
        """So much of the stage is done. Cheap enough for every few thousand events."""
        if self._terminal:
            self._progress.update(self._task, completed=done, total=total or None)
            return
        now = monotonic()
        if now - self._told < _LINE_EVERY:
            return
        self._told = now
        share = f" {done / total:.0%}" if total else ""
        rate = f", {done / (now - self._started):,.0f} {self._unit}/s" if self._unit else ""
        left = f", {(total - done) * (now - self._started) / done:.0f} s left" if total and done else ""
        self.line(f"{self._stage}{share}{rate}{left}")

    def line(self, text: str) -> None:
        """A line of its own, never wrapped, above the bar in a terminal."""
        if self._terminal:
            self.console.print(text, soft_wrap=True)
        else:
            sys.stderr.write(text + "\n")
