"""The lines of a file, gzipped or not, one at a time and none of them without bound."""

from __future__ import annotations

import gzip
import os
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, cast

from streams.files.faults import Unreadable

#: The longest line, in bytes without its end: Kafka's default limit of a message.
LIMIT = 1 << 20
STDIN = "-"
_BOM = b"\xef\xbb\xbf"


class Lines:
    """Iterates over a file's lines without their ends; None stands for a line longer than LIMIT.

    `number` is the last line's, from 1; `position` how many bytes of the file (compressed ones, of a gzipped file) were read.
    Reading blocks on the disk. Raises Unreadable when the file can't be opened or is damaged.
    """

    def __init__(self, path: str | Path) -> None:
        self.name = "<stdin>" if str(path) == STDIN else str(path)
        self.number = 0
        try:
            self._raw: BinaryIO = sys.stdin.buffer if str(path) == STDIN else open(path, "rb")
        except OSError as failure:
            raise Unreadable(self.name, failure.strerror or str(failure)) from None
        self._file = cast(BinaryIO, gzip.open(self._raw)) if self.name.lower().endswith(".gz") else self._raw

    def __enter__(self) -> Lines:
        return self

    def __exit__(self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None) -> None:
        if self._raw is not sys.stdin.buffer:
            self._raw.close()

    @property
    def position(self) -> int:
        return self._raw.tell() if self._raw.seekable() else 0

    def __iter__(self) -> Iterator[bytes | None]:
        while True:
            line = self._read()
            if not line:
                return
            self.number += 1
            if self.number == 1:
                line = line.removeprefix(_BOM)
            text = line[:-1].removesuffix(b"\r") if line.endswith(b"\n") else line
            if len(text) <= LIMIT:
                yield text
                continue
            while line and not line.endswith(b"\n"):
                line = self._read()
            yield None

    def _read(self) -> bytes:
        try:
            return self._file.readline(LIMIT + 2)
        except gzip.BadGzipFile as failure:
            raise Unreadable(self.name, f"not gzip data after line {self.number}: {failure}") from None
        except (EOFError, zlib.error) as failure:
            raise Unreadable(self.name, f"damaged or cut off after line {self.number}: {failure}") from None
        except OSError as failure:
            raise Unreadable(self.name, failure.strerror or str(failure)) from None


def size(path: str | Path) -> int:
    """The file's size in bytes; 0 when nobody knows."""
    try:
        return os.stat(path).st_size if str(path) != STDIN else 0
    except OSError:
        return 0
