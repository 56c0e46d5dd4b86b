"""Workers as processes of their own, as a shop runs them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scoring.engine import Engine
from scoring.segments.read import read
from streams.customers.faults import BATCH_VARIABLE, VARIABLE
from streams.kafka.names import Names

HERE = Path(__file__).parent
DEFINITIONS = HERE / "definitions.toml"
#: ms; longer than a test's events take to reach the broker, on a machine that has other things to do as well.
GRACE = 1_500


def engine(definitions: Path = DEFINITIONS, lateness: int = 86_400_000) -> Engine:
    return Engine(read(definitions.read_text()), lateness=lateness)


@dataclass
class Setup:
    """A shop's settings on a broker: names of its own, and where its workers log to."""

    address: str
    prefix: str
    folder: Path
    partitions: int = 4

    @property
    def names(self) -> Names:
        return Names(self.prefix + "gedrag", self.prefix)

    def settings(self, **overrides: str) -> dict[str, str]:
        campaigns = self.folder / "campaigns.toml"
        campaigns.touch()
        return {
            "broker": self.address,
            "app_id": self.names.app_id,
            "topic_prefix": self.prefix,
            "partitions": str(self.partitions),
            "grace": f"{GRACE / 1000}s",
            "session_timeout": "6s",
            "segments": str(DEFINITIONS),
            "campaigns": str(campaigns),
            "log": "json",
            "web": "off",
        } | overrides


class Process:
    """A running `gedrag worker --role customers`. Its log is in `log`."""

    def __init__(
        self,
        setup: Setup,
        name: str = "w1",
        kill_at: str = "",
        options: tuple[str, ...] = ("--role", "customers"),
        batch_bytes: int = 0,
        **overrides: str,
    ) -> None:
        self.log = setup.folder / f"{name}.log"
        self._seen = self.log.stat().st_size if self.log.exists() else 0
        # A name over restarts takes a killed worker's place at once instead of after its session.
        settings = setup.settings(**({"group_instance_id": name} | overrides))
        command = [sys.executable, "-c", "from streams.cli.main import main; main()", "worker", *options]
        for key, value in settings.items():
            command += ["--set", f"{key}={value}"]
        environment = os.environ | {VARIABLE: kill_at, "PYTHONPATH": str(HERE.parents[2])}
        if batch_bytes:
            environment[BATCH_VARIABLE] = str(batch_bytes)
        with self.log.open("ab") as log:
            # A session of its own: a stopped process group would be sent SIGHUP.
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True, cwd=setup.folder)

    def text(self) -> str:
        """What this process logged so far."""
        return self.log.read_bytes()[self._seen :].decode()

    def wait_for(self, words: str, count: int = 1, timeout: float = 60.0) -> None:
        end = time.monotonic() + timeout
        while self.text().count(words) < count:
            assert self.process.poll() is None, f"the worker ended with {self.process.returncode}:\n{self.text()}"
            assert time.monotonic() < end, f"no {words!r} within {timeout:g} s:\n{self.text()}"
            time.sleep(0.05)

    def ready(self, partitions: int = 4) -> Process:
        self.wait_for("partition taken over", partitions)
        return self

    def wait(self, timeout: float = 60.0) -> int:
        """The exit status."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"the worker still runs after {timeout:g} s:\n{self.text()}") from None

    def signal(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def stop(self) -> None:
        """SIGTERM; it must end well."""
        self.signal(signal.SIGTERM)
        code = self.wait()
        assert code == 0, f"exit status {code}:\n{self.text()}"

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@contextmanager
def workers(setup: Setup) -> Iterator[type[Process]]:
    """Processes made here do not outlive the test."""
    made: list[Process] = []

    class Kept(Process):
        def __init__(self, *arguments: object, **options: object) -> None:
            super().__init__(setup, *arguments, **options)  # type: ignore[arg-type]
            made.append(self)

    try:
        yield Kept
    finally:
        for process in made:
            process.kill()
