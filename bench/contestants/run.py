"""Starts a contestant and takes its figures."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile

from bench.load import Load, make_topics
from bench.workers import ROOT, Ended, Rate


def raw(broker: str, load: Load, *, job: bool = True) -> Rate:
    """getmany over all topics; with `job`, decode and count too."""
    return _run(["bench.contestants.raw", broker, load.prefix, str(load.events), *(["--job"] if job else [])], {}, 60)


def plain_faust(broker: str, load: Load) -> Rate:
    asyncio.run(make_topics(broker, [load.prefix + "plain-faust-changes"]))
    with tempfile.TemporaryDirectory() as data:
        environment = {"BROKER": broker, "PREFIX": load.prefix, "EVENTS": str(load.events), "DATADIR": data}
        return _run(["bench.contestants.plain_faust", "worker", "--without-web"], environment, 120)


def _run(module: list[str], environment: dict[str, str], timeout: float) -> Rate:
    command = [sys.executable, "-m", *module]
    try:
        done = subprocess.run(
            command, env=os.environ | environment | {"PYTHONPATH": str(ROOT)}, cwd=ROOT, capture_output=True, text=True, timeout=timeout
        )
    except subprocess.TimeoutExpired as error:
        raise Ended(f"{module[0]} did not finish within {timeout:g} s: {(error.output or b'')[-1000:]!r}") from None
    for line in reversed(done.stdout.splitlines()):
        if line.startswith(("{", "FIGURES {")):
            found = json.loads(line.removeprefix("FIGURES "))
            return Rate(int(found["events"]), found["seconds"], found["cpu"])
    raise Ended(f"{module[0]} ended with status {done.returncode} and no figures:\n{(done.stdout + done.stderr)[-2000:]}")
