"""Our worker as a shop runs it: `gedrag worker --role customers`, a process of its own, watched from outside.

Its counters come from its health page, its CPU time and memory from /proc. Nothing in it is changed for the benchmark, unless `watch` is
asked for (bench/watch.py).
"""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.watch import VARIABLE
from streams import clock
from streams.embedded.process import free_port

ROOT = Path(__file__).resolve().parent.parent
#: Seconds between two looks at a worker.
LOOK = 0.05
_TICK = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


class Ended(RuntimeError):
    """A contestant ended, or came no further. The text has its last words."""


@dataclass(frozen=True)
class Sample:
    """`at` in monotonic seconds, `cpu` in seconds since the process began."""

    at: float
    cpu: float
    counters: dict[str, int]

    @property
    def applied(self) -> int:
        c = self.counters
        return c["events"] + c["repeats"] + c["replayed"] + c["dead_letters"]


@dataclass(frozen=True)
class Rate:
    """From the first event applied to the last."""

    events: int
    seconds: float
    cpu: float

    @property
    def per_second(self) -> float:
        return self.events / self.seconds if self.seconds else 0.0

    @property
    def cpu_us(self) -> float:
        return self.cpu / self.events * 1e6 if self.events else 0.0


def cpu_seconds(pid: int) -> float:
    """User and system time of a process; 10 ms fine."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICK


def resident_bytes(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) * 1024 if found else 0


class Worker:
    """Started at once; `stop` or `kill` it. `ahead`: ms its clock is ahead. `settings` are those of `gedrag worker --set`."""

    def __init__(
        self, broker: str, prefix: str, app_id: str, folder: Path, *, watch: bool = False, ahead: int = 0, **settings: str
    ) -> None:
        self.log = folder / f"{app_id}-{time.time_ns()}.log"
        self._port = free_port()
        self._connection: http.client.HTTPConnection | None = None
        start = "import bench.watch; bench.watch.install(); " if watch else ""
        command = [sys.executable, "-c", f"{start}from streams.cli.main import main; main()", "worker", "--role", "customers"]
        chosen = {
            "broker": broker, "topic_prefix": prefix, "app_id": app_id, "web": f"127.0.0.1:{self._port}", "log": "json",
        } | settings  # fmt: skip
        for name, value in chosen.items():
            command += ["--set", f"{name}={value}"]
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GEDRAG_")}
        self.pauses = self.log.with_suffix(".pauses")
        environment |= {"PYTHONPATH": str(ROOT), VARIABLE: str(self.pauses)}
        if ahead:
            since = int(time.time() * 1000)
            environment |= {clock.SPEED: "1", clock.SINCE: str(since), clock.ORIGIN: str(since + ahead)}
        self.began = time.monotonic()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, cwd=folder, start_new_session=True)

    @property
    def pid(self) -> int:
        return self.process.pid

    def text(self) -> str:
        return self.log.read_text()

    def said(self, event: str) -> list[dict[str, object]]:
        """Log lines with this event."""
        lines = [line for line in self.text().splitlines() if f'"{event}"' in line]
        return [line for line in map(json.loads, lines) if line.get("event") == event]

    def ready(self, partitions: int = 4, timeout: float = 120.0) -> float:
        """Waits until `partitions` are taken over; seconds since the start of the process."""
        end = time.monotonic() + timeout
        while self.text().count("partition taken over") < partitions:
            self._alive(end)
            time.sleep(0.02)
        return time.monotonic() - self.began

    def sample(self) -> Sample | None:
        """None while the health page is not there yet."""
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
            self._connection.request("GET", "/health")
            counters = json.loads(self._connection.getresponse().read())
        except (OSError, http.client.HTTPException):
            self._connection = None
            return None
        return Sample(time.monotonic(), cpu_seconds(self.pid), counters)

    def applied(self, events: int, after: int = 0, each: Callable[[Sample], None] = lambda _: None, timeout: float = 600.0) -> Rate:
        """The rate from the first event after the first `after` ones to the `events`-th."""
        end, first = time.monotonic() + timeout, None
        while True:
            if found := self.sample():
                each(found)
                if first is None and found.applied > after:
                    first = found
                if first is not None and found.applied >= events:
                    return Rate(found.applied - first.applied, found.at - first.at, found.cpu - first.cpu)
            self._alive(end)
            time.sleep(LOOK)

    def until(self, holds: Callable[[Sample], bool], timeout: float = 120.0) -> Sample:
        end = time.monotonic() + timeout
        while not ((found := self.sample()) and holds(found)):
            self._alive(end)
            time.sleep(LOOK)
        return found

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.kill()
        if self.process.returncode:
            raise Ended(f"the worker ended with status {self.process.returncode}:\n{self.text()[-2000:]}")

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def _alive(self, end: float) -> None:
        if self.process.poll() is not None:
            raise Ended(f"the worker ended with status {self.process.returncode}:\n{self.text()[-2000:]}")
        if time.monotonic() > end:
            raise Ended(f"the worker came no further:\n{self.text()[-2000:]}")


@contextmanager
def running(*arguments: object, **options: object) -> Iterator[Worker]:
    """A worker that does not outlive the block, and ends well if the block does."""
    worker = Worker(*arguments, **options)  # type: ignore[arg-type]
    try:
        yield worker
        worker.stop()
    finally:
        worker.kill()
