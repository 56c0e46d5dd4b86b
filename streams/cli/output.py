"""Where a command's NDJSON goes: standard output, or a file that appears only when it is complete."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

#: What a shell reports of a program ended by Ctrl-C, and of one whose reader went away.
INTERRUPTED = 130
PIPE_CLOSED = 141


@contextlib.contextmanager
def complete_file(path: Path | None) -> Iterator[BinaryIO]:
    """A binary file to write to: `path`, or standard output without one.

    A regular file is written beside its place and moved there at the end; if anything goes wrong before (Ctrl-C too), nothing is left and
    an older file stays as it was. A device or pipe is written to directly. Raises OSError.
    """
    if path is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    if path.exists() and not path.is_file():
        with open(path, "wb") as device:
            yield device
        return
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        with open(part, "wb") as file:
            yield file
        os.replace(part, path)
    except BaseException as failure:
        with contextlib.suppress(OSError):
            part.unlink()
        if isinstance(failure, OSError) and str(failure.filename) == str(part):
            failure.filename = str(path)  # the one that was asked for
        raise


@contextlib.contextmanager
def quiet_ends(at_interrupt: str) -> Iterator[None]:
    """Ctrl-C and a closed pipe end a command with their usual exit codes and at most one line."""
    try:
        yield
    except KeyboardInterrupt:
        with contextlib.suppress(OSError):
            sys.stderr.write(f"interrupted: {at_interrupt}\n")
        raise SystemExit(INTERRUPTED) from None
    except BrokenPipeError:
        # Python flushes standard output once more at exit, which would complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(PIPE_CLOSED) from None
