"""Everything the demo runs beside itself: broker, cache, mailbox and the worker; started in order, stopped in order."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from streams import clock
from streams.embedded import Broker, Cache, EmbeddedError, Mailbox
from streams.embedded.process import Child, free_port
from streams.settings import Settings, load

#: Seconds of the machine's time that the clock's time runs behind for events still on their way. The traffic sends what is due every
#: 50 ms and a record is at the worker some milliseconds later; the rest is room for a busy machine.
GRACE = 0.3
PARTITIONS = 4

_SETTINGS = """\
app_id = "gedrag"
broker = "{broker}"
redis = "{redis}"
smtp = "{smtp}"
web = "127.0.0.1:{web}"
partitions = {partitions}
session_timeout = "6s"
idempotence = "off"
grace = "{grace:.0f}s"
dead_letter_limit = 0
sender = "Demo Shop <shop@shop.example>"
shop_name = "Demo Shop"
shop_url = "https://shop.example/"
log = "json"
"""


class Stage:
    """A context manager: entered, everything runs. `settings` are those of the worker. Leaving it stops all of it and removes its files."""

    def __init__(self, mails: Path | None = None) -> None:
        """`mails`: a folder (maildir) that keeps the mails; None: they go with the rest."""
        self._mails = mails
        self._exit = ExitStack()

    def __enter__(self) -> Stage:
        """Blocks until all parts answer; the worker is started, and may take seconds more to join its group. Raises EmbeddedError."""
        try:
            self.folder = Path(tempfile.mkdtemp(prefix="gedrag-demo-"))
            self._exit.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self.broker = self._exit.enter_context(Broker())
            self.cache = self._exit.enter_context(Cache())
            self.mailbox = self._exit.enter_context(Mailbox(self._mails or self.folder / "mail"))
            self.settings = self._settings()
            self.worker = self._worker()
        except BaseException:
            self._exit.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._exit.close()

    def _settings(self) -> Settings:
        text = _SETTINGS.format(
            broker=self.broker.address,
            redis=self.cache.url,
            smtp=self.mailbox.url,
            web=free_port(),
            partitions=PARTITIONS,
            grace=max(1, GRACE * clock.speed()),
        )
        # A shop's definitions in this folder are taken, as the worker would; its other settings must not lead the demo to its real parts.
        for name in ("segments", "campaigns"):
            if (own := Path.cwd() / f"{name}.toml").exists():
                text += f'{name} = "{own}"\n'
        self._file = self.folder / "gedrag.toml"
        self._file.write_text(text, encoding="utf-8")
        return load(self._file, environ={})

    def _worker(self) -> Child:
        others = {name: value for name, value in os.environ.items() if not name.startswith("GEDRAG_")} | {"TMPDIR": str(self.folder)}
        command = [sys.executable, "-m", "streams.cli.main", "worker", "--settings", str(self._file)]
        worker = Child(command, self.folder / "worker.log", env=others | clock.environment(), scratch=self.folder, mercy=5.0)
        self._exit.callback(worker.stop, 15.0)
        return worker

    def check(self) -> None:
        """Raises EmbeddedError, with its last words, if a part has ended by itself."""
        for what, child in (("the worker", self.worker), ("the broker", self.broker.child), ("the cache", self.cache.child)):
            if not child.running:
                said = child.tail(12)
                raise EmbeddedError(f"{what} ended with status {child.returncode}" + (f"; it said:\n{said}" if said else ""))
