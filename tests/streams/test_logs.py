"""Logs: one JSON object a line for machines, plain lines for people, and quiet libraries."""

from __future__ import annotations

import json
import subprocess
import sys

SCRIPT = """
import logging, structlog
from streams import logs
logs.configure({log!r}, {level!r})
log = structlog.get_logger("streams.customers")
log.debug("unseen")
log.info("partition taken over", partition=3, topic="käse")
logging.getLogger("aiokafka.consumer").info("joined group")
logging.getLogger("aiokafka.consumer").warning("broker %s is away", 7)
try:
    1 / 0
except ZeroDivisionError:
    log.exception("stopping")
"""


def run(log: str, level: str = "info") -> list[str]:
    done = subprocess.run([sys.executable, "-c", SCRIPT.format(log=log, level=level)], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    return done.stderr.splitlines()


def test_json_is_one_object_a_line() -> None:
    taken, away, stopping = (json.loads(line) for line in run("json"))
    assert (taken["event"], taken["partition"], taken["topic"], taken["level"]) == ("partition taken over", 3, "käse", "info")
    assert taken["logger"] == "streams.customers"
    assert taken["time"].endswith("Z")
    assert (away["event"], away["level"]) == ("broker 7 is away", "warning")
    assert "ZeroDivisionError: division by zero" in stopping["exception"]


def test_not_a_terminal_means_json() -> None:
    assert [json.loads(line)["event"] for line in run("auto", "error")] == ["stopping"]


def test_console_is_for_people() -> None:
    text = "\n".join(run("console"))
    assert "partition taken over" in text
    assert "partition=3" in text
    assert "joined group" not in text
    assert "\x1b[" not in text
