"""Workers watched over as by a supervisor: one that ends by itself is started again, and it is noted why it ended."""

from __future__ import annotations

import asyncio
import json
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.integration.chaos.tally import Tally
from tests.integration.worker.running import Process, Setup

#: A worker that ends so often has a fault that no start puts right.
_ENDLESS = 20

READY = "partition taken over"
ASSIGNED = "partitions assigned"


class Stuck(AssertionError):
    """What had to happen did not."""


@dataclass
class Member:
    """`kept`: started again when it ends."""

    name: str
    how: dict[str, Any]
    process: Process
    kept: bool
    ends: int = 0

    @property
    def alive(self) -> bool:
        return self.process.process.poll() is None

    def count(self, words: str) -> int:
        return self.process.text().count(words)


@dataclass
class Crew:
    setup: Setup
    tally: Tally
    members: dict[str, Member] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def start(self, name: str, *, kept: bool = True, **how: Any) -> Member:
        """`how`: what `Process` takes."""
        assert name not in self.members or not self.members[name].alive, f"{name} still runs"
        self.members[name] = Member(name, how, Process(self.setup, name, **how), kept)
        return self.members[name]

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            for member in list(self.members.values()):
                if member.kept and not member.alive:
                    self._again(member)
            await asyncio.sleep(0.1)

    def _again(self, member: Member) -> None:
        self.note_end(member)
        member.ends += 1
        if member.ends > _ENDLESS:
            member.kept = False
            raise Stuck(f"{member.name} ends again and again:\n{member.process.text()[-3_000:]}")
        member.process = Process(self.setup, member.name, **member.how)

    def note_end(self, member: Member) -> None:
        code = member.process.process.returncode
        self.tally.ended[str(code)] += 1
        self.notes.append(f"{member.name} ended with {code}: {_last_words(member.process)}")

    def kill(self, name: str) -> None:
        member = self.members[name]
        member.kept = False
        member.process.kill()

    async def leave(self, name: str) -> None:
        """SIGTERM; it must end well."""
        member = self.members[name]
        member.kept = False
        if member.alive:
            member.process.signal(signal.SIGTERM)
        await until(lambda: not member.alive, 45, f"{name} ends after SIGTERM", member)
        if (code := member.process.process.returncode) != 0:
            self.note_end(member)
            raise Stuck(f"{name} ended with {code} after SIGTERM:\n{member.process.text()[-3_000:]}")

    async def ready(self, name: str, partitions: int = 0, timeout: float = 60.0) -> Member:
        """The worker has taken over all partitions it was given, and these are so many (0: any number)."""
        member = self.members[name]
        await until(lambda: _holds(member.process, partitions), timeout, f"{name} is ready with {partitions or 'its'} partitions", member)
        return member

    def kill_all(self) -> None:
        for member in self.members.values():
            member.kept = False
            member.process.kill()


async def until(happened: Callable[[], bool], timeout: float, what: str, member: Member | None = None) -> None:
    """Stuck after `timeout` seconds."""
    end = time.monotonic() + timeout
    while not happened():
        if time.monotonic() > end:
            log = f":\n{member.process.text()[-3_000:]}" if member is not None else ""
            raise Stuck(f"not within {timeout:g} s: {what}{log}")
        await asyncio.sleep(0.05)


def _lines(process: Process) -> list[dict[str, Any]]:
    found = []
    for line in process.text().splitlines():
        try:
            found.append(json.loads(line))
        except ValueError:
            continue
    return [line for line in found if isinstance(line, dict)]


def _holds(process: Process, partitions: int) -> bool:
    """What the newest assignment gave it is taken over."""
    given, taken = -1, set()
    for line in _lines(process):
        if line.get("event") == ASSIGNED:
            given, taken = len(line["partitions"]), set()
        elif line.get("event") == READY:
            taken.add(line["partition"])
    return len(taken) == given and partitions in (0, given)


def _last_words(process: Process) -> str:
    text = process.text()
    errors = [line for line in _lines(process) if line.get("level") in ("error", "critical", "warning")]
    return json.dumps(errors[-1])[:1_500] if errors else text[-500:]
