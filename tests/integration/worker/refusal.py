"""What a worker said when it ended by itself."""

from __future__ import annotations

import json

from tests.integration.worker.running import Process


def refusal(process: Process) -> tuple[int, str]:
    """Exit status and the line that says why."""
    code = process.wait(20)
    errors = [line["event"] for line in map(json.loads, process.text().splitlines()) if line["level"] == "error"]
    assert len(errors) == 1, process.text()
    return code, errors[0]
