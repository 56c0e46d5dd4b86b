"""`gedrag sending`: the switch that stops all mails."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from streams.cli.main import build


def run(redis_url: str, app_id: str, *arguments: str) -> str:
    done = CliRunner().invoke(build(), ["sending", *arguments, f"--set=redis={redis_url}", f"--set=app_id={app_id}"])
    assert done.exit_code == 0, done.output
    return done.output.strip()


def test_pausing_says_who_when_and_why_and_a_second_pause_leaves_the_first(redis_url: str, topic_prefix: str) -> None:
    assert run(redis_url, topic_prefix, "status") == "sending is on"
    assert run(redis_url, topic_prefix, "resume") == "sending was not paused"
    said = run(redis_url, topic_prefix, "pause", "--who=kim", "--why=wrong prices")
    assert said.startswith("sending is paused since 2") and said.endswith("by kim: wrong prices")
    assert run(redis_url, topic_prefix, "pause", "--who=jo") == said.replace("is paused", "was paused already")
    status = json.loads(run(redis_url, topic_prefix, "status", "--json"))
    assert (status["paused"], status["who"], status["why"]) == (True, "kim", "wrong prices")
    assert "it was paused since" in run(redis_url, topic_prefix, "resume")
    assert json.loads(run(redis_url, topic_prefix, "status", "--json")) == {"paused": False}


def test_without_redis_it_says_so_and_pauses_nothing() -> None:
    done = CliRunner().invoke(build(), ["sending", "pause", "--set=redis=redis://127.0.0.1:9/0"])
    assert done.exit_code == 2 and "Redis does not answer at 127.0.0.1:9" in done.output and done.output.count("\n") == 1
