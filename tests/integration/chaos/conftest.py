"""The setup and workers of the worker's tests, and surroundings that may be taken away."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.chaos.containers import Surroundings, surroundings
from tests.integration.worker.conftest import setup, worker

__all__ = ["around", "setup", "worker"]


@pytest.fixture(scope="package")
def around() -> Iterator[Surroundings]:
    with surroundings() as found:
        yield found
