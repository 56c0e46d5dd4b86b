"""A child process that never outlives its parent, not even one that was killed.

Beside each child runs a watchdog, `sh` waiting for the end of a pipe whose other end only the parent holds: when the parent is gone,
the kernel closes it and the watchdog kills the child. This works on every POSIX system and from any thread, which
PR_SET_PDEATHSIG does not. Both have a session of their own: Ctrl-C reaches the parent alone, which stops its children in order.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import sleep

from streams import clock

_WATCHDOG = 'cat >/dev/null; kill -TERM "$1" 2>/dev/null; sleep "$2"; kill -KILL "$1" 2>/dev/null; [ -z "$3" ] || rm -rf "$3"'


class EmbeddedError(Exception):
    """An embedded part isn't installed or doesn't start; the message says which and what to do."""


class Child:
    """A running child process. `log` is the file that takes its output."""

    def __init__(
        self, command: Sequence[str], log: Path, env: Mapping[str, str] | None = None, scratch: Path | None = None, mercy: float = 1.0
    ) -> None:
        """Start it. When the parent is gone, `mercy` seconds pass between SIGTERM and SIGKILL and the folder `scratch` is removed.

        Raises OSError when the program can't run.
        """
        self.log = log
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                list(command),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=None if env is None else dict(env),
                cwd=scratch,
                start_new_session=True,
            )
        try:
            self._watchdog = subprocess.Popen(
                ["/bin/sh", "-c", _WATCHDOG, "gedrag-watchdog", str(self._process.pid), f"{mercy:g}", str(scratch or "")],
                stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        except BaseException:
            self._process.kill()
            raise

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    @property
    def returncode(self) -> int | None:
        return self._process.poll()

    def kill(self) -> None:
        """SIGKILL, as a crash."""
        self._process.kill()
        self._process.wait()

    def stop(self, timeout: float = 5.0) -> int:
        """SIGTERM, then SIGKILL after `timeout` seconds. Returns the exit status; blocks until it is gone. May be called again."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
        try:
            self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        # Only now: a watchdog left behind would aim at a number that another process may bear by then.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._watchdog.pid, signal.SIGKILL)
        self._watchdog.wait()
        if self._watchdog.stdin:
            self._watchdog.stdin.close()
        return self._process.returncode

    def tail(self, lines: int = 8) -> str:
        """The last lines it wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:]) if self.log.exists() else ""

    def wait_until(self, ready: Callable[[], bool], what: str, timeout: float) -> None:
        """Block until `ready()`. EmbeddedError, with the last lines of the log, when it ends before or `timeout` seconds pass."""
        end = clock.monotonic() + timeout
        while not ready():
            gone = not self.running
            if gone or clock.monotonic() > end:
                said = self.tail()
                why = f"ended with status {self._process.returncode}" if gone else f"did not answer within {timeout:g} s"
                self.stop(1.0)
                raise EmbeddedError(f"{what} {why}" + (f"; it said:\n{said}" if said else ""))
            sleep(0.02)


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int, hello: bytes = b"", expect: bytes = b"") -> bool:
    """Whether 127.0.0.1:port takes a connection and, if asked, answers `hello` with something that starts with `expect`."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1.0) as peer:
            if not hello:
                return True
            peer.sendall(hello)
            return peer.recv(4096).startswith(expect)
    except OSError:
        return False
