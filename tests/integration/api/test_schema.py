"""The API does what its own description says, whatever it is asked: schemathesis against a running server."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.integration.api.stage import Stage

#: Seconds of fuzzing.
FUZZED = 5


def test_the_description_is_open_to_all_and_whole(stage: Stage) -> None:
    answer = stage.get("/openapi.json", token="")
    assert (answer.status, answer.body["openapi"]) == (200, "3.1.0")
    assert set(answer.body["paths"]) == {
        "/v1/customers/{id}", "/v1/customers/{id}/explain", "/v1/customers/{id}/messages", "/v1/segments", "/v1/segments/{name}/members",
        "/v1/changes", "/v1/sending", "/v1/sending/pause", "/v1/sending/resume",
    }  # fmt: skip


def test_fuzzed_by_its_own_description(stage: Stage, tmp_path: Path) -> None:
    """Every answer fits its schema, headers and status as described, none is a 500, and none is had without a token."""
    cursor = stage.get("/v1/segments/cart_abandoned/members", limit=1).body["next"]  # what text is one, no schema can say
    (tmp_path / "schemathesis.toml").write_text(f'[parameters]\n"query.cursor" = "{cursor}"\n')
    command = [
        str(Path(sys.executable).parent / "schemathesis"), "run", stage.servers[0] + "/openapi.json",
        "--header", f"Authorization: Bearer {stage.token}", "--exclude-path", "/v1/changes", "--max-time", str(FUZZED),
        "--phases", "examples,coverage,fuzzing", "--checks", "all", "--no-color", "--seed", "1",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, timeout=100, env=os.environ | {"COLUMNS": "160"})
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "failures" not in done.stdout
