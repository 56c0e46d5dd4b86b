"""The broker tests' setup and workers."""

from __future__ import annotations

from tests.integration.worker.conftest import setup, worker

__all__ = ["setup", "worker"]
