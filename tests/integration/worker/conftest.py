"""A setup of its own for every test, and workers that do not outlive it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import parts
from tests.integration.worker.running import Process, Setup, workers


@pytest.fixture
def setup(kafka: parts.Kafka, topic_prefix: str, tmp_path: Path) -> Setup:
    return Setup(kafka.address, topic_prefix, tmp_path)


@pytest.fixture
def worker(setup: Setup) -> Iterator[type[Process]]:
    with workers(setup) as make:
        yield make
