"""One collector for the tests of this folder that leave it alone; each keeps to customers of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import parts
from tests.integration.collector.serving import Collector

NODE = Path(__file__).parent / "node"


@pytest.fixture(scope="module")
def collector(kafka: parts.Kafka, tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Collector]:
    name = request.module.__name__.rpartition(".")[2].replace("_", "-")
    running = Collector(kafka.address, f"{name}-{os.getpid()}.", tmp_path_factory.mktemp("collector"))
    if not kafka.real:
        running.options["idempotence"] = "off"
    try:
        yield running.start()
    finally:
        running.kill()


@pytest.fixture(scope="session")
def node() -> Path:
    """The folder with Segment's library for Node in the versions of its package-lock.json."""
    if not (shutil.which("node") and shutil.which("npm")):
        _missing("node or npm is not on this machine")
    there, lock = NODE / "node_modules" / ".package-lock.json", NODE / "package-lock.json"
    if not there.exists() or there.stat().st_mtime < lock.stat().st_mtime:
        done = subprocess.run(
            ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=NODE, capture_output=True, text=True, timeout=100
        )
        if done.returncode:
            _missing(f"npm ci failed: {done.stderr.strip()[-300:]}")
    return NODE


def _missing(why: str) -> None:
    if parts.REQUIRED:
        pytest.fail(why, pytrace=False)
    pytest.skip(why)
