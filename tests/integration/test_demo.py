"""The demo, headless: a mail arrives, taken ports don't matter, and nothing runs on, however it ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from streams.embedded.mailbox import read
from tests import parts

COMMAND = [sys.executable, "-m", "streams.cli.main", "demo"]


Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a demo with these options and its files in `tmp_path`; one that a failed test leaves behind is killed."""
    # What a shop has set for its own worker must not lead the demo to the shop's parts.
    env = os.environ | {"TMPDIR": str(tmp_path), "GEDRAG_BROKER": "broker.invalid:9092", "GEDRAG_SMTP": "smtp://mail.invalid"}
    with ExitStack() as stack:

        def begin(*options: str) -> subprocess.Popen[str]:
            demo = subprocess.Popen([*COMMAND, *options], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            stack.enter_context(demo)
            stack.callback(demo.kill)
            return demo

        yield begin


def running(tmp: Path) -> list[str]:
    """Command lines of processes that belong to a demo with its files in `tmp`."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words = (folder / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
            cwd = os.readlink(folder / "cwd")
            if folder.name != str(os.getpid()) and (f"{tmp}/gedrag-" in words or cwd.startswith(f"{tmp}/gedrag-")):
                found.append(words)
    return found


@pytest.fixture
def taken_ports() -> Iterator[None]:
    """Whatever port a broker, cache, mail server or worker would take by default is taken."""
    with ExitStack() as stack:
        for port in (9092, 6379, 1025, 1080, 6066):
            listener = stack.enter_context(socket.socket())
            with suppress(OSError):  # somebody else's then, which is as good
                listener.bind(("127.0.0.1", port))
                listener.listen()
        yield


@pytest.mark.timeout(180)
def test_headless_demo_ends_with_a_summary_and_mails(start: Start, tmp_path: Path, taken_ports: None) -> None:
    kept = tmp_path / "kept"
    demo = start("--headless", "--seconds", "12", "--customers", "1000", "--mails", str(kept))
    out, said = demo.communicate(timeout=150)
    assert demo.returncode == 0, said
    summary = json.loads(out.splitlines()[-1])
    assert summary["events"] > 500
    assert summary["dead_letters"] == 0
    assert summary["lag"] < 100
    assert summary["changes"]["entered"]["cart_abandoned"] > 0
    assert summary["changes"]["moved"]["engagement"] > 0
    assert summary["mails"]["abandoned_cart"] > 0
    mails = [read(path) for path in (kept / "new").iterdir()]
    assert len(mails) >= sum(summary["mails"].values())
    assert {str(mail["X-Gedrag-Campaign"]) for mail in mails} >= {"abandoned_cart"}
    assert running(tmp_path) == []
    assert list(tmp_path.glob("gedrag-*")) == []


@pytest.mark.timeout(120)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_runs_on(number: signal.Signals, start: Start, tmp_path: Path) -> None:
    demo = start("--headless", "--seconds", "100", "--customers", "100")
    assert demo.stderr is not None
    said = ""
    while "mails: http" not in said:
        line = demo.stderr.readline()
        assert line, said
        said += line
    assert len(running(tmp_path)) >= 3
    demo.send_signal(number)
    out, _ = demo.communicate(timeout=60)
    if number is not signal.SIGKILL:
        assert json.loads(out.splitlines()[-1])["events"] >= 0
    parts.eventually(lambda: not running(tmp_path), "everything has ended", 20)
    parts.eventually(lambda: not list(tmp_path.glob("gedrag-*")), "its files are gone", 20)


@pytest.mark.timeout(60)
def test_a_part_that_is_gone_ends_it_with_its_name(start: Start, tmp_path: Path) -> None:
    demo = start("--headless", "--seconds", "50", "--customers", "100")
    parts.eventually(lambda: any("worker" in words for words in running(tmp_path)), "the worker runs", 30)
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"{tmp_path}/gedrag-demo" in (folder / "cmdline").read_bytes().decode() and "worker" in (folder / "cmdline").read_text():
                os.kill(int(folder.name), signal.SIGKILL)
    _, said = demo.communicate(timeout=40)
    assert demo.returncode == 1
    assert "gedrag demo: the worker ended with status -9" in said
    assert "Traceback" not in said
    assert running(tmp_path) == []


def test_headless_needs_an_end(start: Start) -> None:
    demo = start("--headless")
    _, said = demo.communicate(timeout=30)
    assert demo.returncode == 2
    assert "--headless needs --seconds" in said
