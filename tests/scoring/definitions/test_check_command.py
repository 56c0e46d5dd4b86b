"""`gedrag check`, run as a user runs it."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.scoring.definitions.marked import segment

_PROGRAM = """
import typer
from streams.cli import check
app = typer.Typer(rich_markup_mode=None)
app.callback()(lambda: None)
check.register(app)
app()
"""
COMMAND = [sys.executable, "-c", _PROGRAM, "check"]
GOOD = segment("cart_items > 0 and cart_idle >= hours(1)", 'hold_for = "10m"\ncooldown = "7d"\n') + (
    '[[tiers]]\nname = "usage"\nfamily = "usage"\n'
    'tiers = [ { name = "heavy", when = "sessions(weeks(4)) >= 12 and in_segment(\'one\')" }, { name = "light" } ]\n'
)


def check(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *map(str, arguments)], capture_output=True, text=True, timeout=60)


@pytest.fixture
def good(tmp_path: Path) -> Path:
    file = tmp_path / "segments.toml"
    file.write_text(GOOD, encoding="utf-8")
    return file


def test_a_right_file_is_listed_as_plain_text_in_a_pipe(good: Path) -> None:
    done = check(good)
    assert done.returncode == 0
    assert done.stderr == f"{good}: 1 segment and 1 group of tiers, no faults\n"
    rows = [re.split(r"\s{2,}", line) for line in done.stdout.splitlines()]
    assert rows == [
        ["Name", "Family", "Kind", "Reads", "Changes with time alone"],
        ["one", "other", "segment", "cart_items, cart_idle", "cart_idle past 1h, held for 10m, cooldown 7d"],
        ["usage", "usage", "tiers: heavy > light", 'sessions(days(28)), in_segment("one")', "as windows pass, with what it refers to"],
    ]


def in_terminal(*arguments: str | Path) -> str:
    """What the command writes to a terminal."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "COLUMNS": "120", "TERM": "xterm-256color"}
    environment.pop("NO_COLOR", None)
    with subprocess.Popen([*COMMAND, *map(str, arguments)], stdout=theirs, stderr=theirs, env=environment) as process:
        os.close(theirs)
        written = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:
                break
            if not part:
                break
            written += part
        process.wait(60)
    os.close(ours)
    return written.decode()


def test_a_right_file_is_a_table_in_a_terminal(good: Path) -> None:
    written = in_terminal(good)
    assert "┃" in written and "sessions(days(28))" in written


def test_faults_are_coloured_in_a_terminal_and_plain_in_a_pipe(tmp_path: Path) -> None:
    file = tmp_path / "segments.toml"
    file.write_text(segment("cart_itms > 0"), encoding="utf-8")
    assert "\x1b[1;31m" in in_terminal(file)
    done = check(file)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"--> {file}:4:11" in done.stderr and "did you mean `cart_items`?" in done.stderr and "\x1b" not in done.stderr


def test_a_file_that_cannot_be_read_is_one_clear_line(tmp_path: Path) -> None:
    latin = tmp_path / "latin.toml"
    latin.write_bytes(b'name = "caf\xe9"\n')
    for file, said in ((tmp_path / "nope.toml", "there is no such file"), (tmp_path, "this is a directory"), (latin, "not UTF-8")):
        done = check(file)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"{file}: ") and said in done.stderr and done.stderr.count("\n") == 1


def test_help_has_an_example() -> None:
    done = check("--help")
    assert done.returncode == 0 and "gedrag check segments.toml" in done.stdout


def test_without_a_file_it_is_wrong_use() -> None:
    assert check().returncode == 2
