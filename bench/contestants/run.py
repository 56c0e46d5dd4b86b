"""Starts a contestant and takes its figures."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from typing import Any

from bench.load import Load, make_topics
from bench.workers import ROOT, Ended, Rate


def raw(broker: str, load: Load, *, job: bool = True) -> Rate:
    """getmany over all topics; with `job`, decode and count too."""
    return _run(["bench.contestants.raw", broker, load.prefix, str(load.events), *(["--job"] if job else [])], {}, 60)


def raw_changelog(broker: str, topic: str) -> Rate:
    """Every record of a topic read, and nothing done with it."""
    return _run(["bench.contestants.raw_changelog", broker, topic], {}, 120)


def split(broker: str, load: Load, events: int, settings: dict[str, str]) -> dict[str, float | None]:
    """CPU µs per event by phase, of the last `events` of a load."""
    chosen = [f"{name}={value}" for name, value in settings.items()]
    found = _json(["bench.split", broker, load.prefix, str(events), str(load.events - events), *chosen], {}, 180)
    return {phase: None if spent is None else spent / found["events"] * 1e6 for phase, spent in found["phases"].items()}


def live(broker: str, prefix: str, customers: int, rate: int, seconds: float, seed: int, ahead: int) -> dict[str, float | None]:
    """Latencies while `rate` events/s arrive."""
    return _json(["bench.live", broker, prefix, str(customers), str(rate), str(seconds), str(seed), str(ahead)], {}, seconds + 60)


def plain_faust(broker: str, load: Load) -> Rate:
    """Its topics are made beforehand: now and then Faust does not see one it has just made, and the agent ends."""
    for last in (False, False, True):
        # An id of its own: a member of the same group that was killed would be waited for.
        app = f"plain-faust-{time.time_ns() // 1_000_000:x}"
        own = [f"{app}-{table}-changelog" for table in ("views", "orders", "carts", "tiers")]
        asyncio.run(make_topics(broker, [*own, load.prefix + "plain-faust-changes"]))
        with tempfile.TemporaryDirectory() as data:
            environment = {"BROKER": broker, "PREFIX": load.prefix, "EVENTS": str(load.events), "DATADIR": data, "APP": app}
            try:
                return _run(["bench.contestants.plain_faust", "worker", "--without-web"], environment, 20 + load.events / 500)
            except Ended:
                if last:
                    raise
    raise AssertionError("not reached")


def _run(module: list[str], environment: dict[str, str], timeout: float) -> Rate:
    found = _json(module, environment, timeout)
    return Rate(int(found["events"]), found["seconds"], found["cpu"])


def _json(module: list[str], environment: dict[str, str], timeout: float) -> dict[str, Any]:
    command = [sys.executable, "-m", *module]
    try:
        done = subprocess.run(
            command, env=os.environ | environment | {"PYTHONPATH": str(ROOT)}, cwd=ROOT, capture_output=True, text=True, timeout=timeout
        )
    except subprocess.TimeoutExpired as error:
        raise Ended(f"{module[0]} did not finish within {timeout:g} s: {(error.output or b'')[-1000:]!r}") from None
    for line in reversed(done.stdout.splitlines()):
        if line.startswith(("{", "FIGURES {")):
            found: dict[str, Any] = json.loads(line.removeprefix("FIGURES "))
            return found
    raise Ended(f"{module[0]} ended with status {done.returncode} and no figures:\n{(done.stdout + done.stderr)[-2000:]}")
