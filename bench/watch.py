"""How long a worker's loop does not come to look: a heartbeat in its own process, asked for with `Worker(watch=True)`.

Every 5 ms a task wants its turn; what it comes late is a pause of the loop, for whatever reason: the loop was held up, or the processor was
somebody else's. How much processor time the process used meanwhile tells the two apart.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from pathlib import Path
from typing import Any

VARIABLE = "BENCH_PAUSES"
BEAT = 0.005
#: Seconds between two lines of the file.
LINE = 0.25


def install() -> None:
    """Has the worker of this process watched, from before it joins its group."""
    from streams.worker import Worker

    run = Worker.run

    async def watched(self: Worker, stop: asyncio.Event) -> None:
        task = asyncio.create_task(_beat(Path(os.environ[VARIABLE])))
        try:
            await run(self, stop)
        finally:
            task.cancel()

    Worker.run = watched  # type: ignore[method-assign]


async def _beat(path: Path) -> None:
    worst = worst_cpu = 0.0
    written = time.monotonic()
    with path.open("a") as file:
        while True:
            began, cpu = time.monotonic(), time.process_time()
            await asyncio.sleep(BEAT)
            now = time.monotonic()
            late = now - began - BEAT
            if late > worst:
                worst = late
            worst_cpu = max(worst_cpu, min(late, time.process_time() - cpu))
            if now - written > LINE:
                file.write(json.dumps([now, worst * 1000, worst_cpu * 1000]) + "\n")
                file.flush()
                worst, worst_cpu, written = 0.0, 0.0, now


def longest(path: Path, since: float, until: float) -> dict[str, Any]:
    """(longest pause, longest time spent computing in one) in ms, between two moments (monotonic seconds)."""
    lines = [json.loads(line) for line in path.read_text().splitlines() if line.endswith("]")]
    within = [line for line in lines if since <= line[0] <= until + LINE]
    if not within:
        return {"pause_ms": None, "pause_cpu_ms": None}
    return {"pause_ms": max(line[1] for line in within), "pause_cpu_ms": max(line[2] for line in within)}
