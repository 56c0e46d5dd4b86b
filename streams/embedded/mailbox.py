"""The embedded mailbox: an SMTP server in a thread of this process that writes each mail to a maildir.

A mail is on disk before the sender hears "250": what was accepted can be read.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import mailbox
import shutil
import socket
import tempfile
import threading
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from streams.embedded.process import EmbeddedError


class Mailbox:
    """A running SMTP server at `url` ("smtp://127.0.0.1:PORT") and its maildir at `folder`."""

    def __init__(self, folder: Path | None = None) -> None:
        """Start it. `folder`: the maildir, made if need be and kept; None: a temporary one that `stop` removes. Raises EmbeddedError."""
        try:
            from aiosmtpd.smtp import SMTP
        except ImportError:
            raise EmbeddedError("the embedded mailbox is not installed: pip install 'gedrag[demo]'") from None
        self._temporary = folder is None
        self.folder = Path(tempfile.mkdtemp(prefix="gedrag-mail-")) / "mail" if folder is None else folder
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self._maildir = mailbox.Maildir(self.folder, create=True)
        self._loop = asyncio.new_event_loop()

        def protocol() -> asyncio.BaseProtocol:
            smtp: asyncio.BaseProtocol = SMTP(self, hostname="localhost", data_size_limit=10_000_000, enable_SMTPUTF8=True, loop=self._loop)
            return smtp

        try:
            # Port 0: the system chooses, and nobody can take the port in between. It listens from here on.
            self._socket = socket.create_server(("127.0.0.1", 0))
        except OSError as error:
            raise EmbeddedError(f"the embedded mailbox can't listen: {error.strerror or error}") from None
        self.port: int = self._socket.getsockname()[1]
        self._protocol = protocol
        self._thread = threading.Thread(target=self._run, name="gedrag-mailbox", daemon=True)
        self._serving = threading.Event()
        self._thread.start()
        self._serving.wait(5.0)

    def _run(self) -> None:
        """The thread: serves until `_end`."""
        asyncio.set_event_loop(self._loop)
        self._server = self._loop.run_until_complete(self._loop.create_server(self._protocol, sock=self._socket))
        self._loop.call_soon(self._serving.set)
        self._loop.run_forever()
        open_ones = asyncio.all_tasks(self._loop)
        for task in open_ones:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*open_ones, return_exceptions=True))
        self._loop.close()

    def _end(self) -> None:
        self._server.close()
        self._loop.stop()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        message = email.message_from_bytes(envelope.content, policy=email.policy.SMTP)
        # A client may send one mail to several; who gets it stands in the envelope alone.
        message["X-Envelope-To"] = ", ".join(envelope.rcpt_tos)
        self._maildir.add(message.as_bytes())
        return "250 OK"

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def paths(self) -> list[Path]:
        """The mails' files, oldest first."""
        return sorted((self.folder / "new").iterdir(), key=lambda path: (path.stat().st_mtime_ns, path.name))

    def mails(self) -> list[EmailMessage]:
        """All mails, oldest first."""
        return [read(path) for path in self.paths()]

    def stop(self) -> None:
        """Stop listening; mails in a folder that was given stay there."""
        self._loop.call_soon_threadsafe(self._end)
        self._thread.join(5.0)
        if self._temporary:
            shutil.rmtree(self.folder.parent, ignore_errors=True)

    def __enter__(self) -> Mailbox:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def read(path: Path) -> EmailMessage:
    """The mail in a file."""
    message = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    return message
