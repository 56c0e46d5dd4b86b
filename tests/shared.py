"""Containers that all processes of a run share: whoever needs one first starts it, and ends it when nobody uses it any more."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path


@contextmanager
def shared(folder: Path, what: str, start: Callable[[], AbstractContextManager[str]]) -> Iterator[str]:
    """What `start` gives, the same for all who ask for `what` with this folder. If ours, it ends when all others have done."""
    told = folder / f"{what}.address"
    with (folder / f"{what}.turn").open("w") as turn, (folder / f"{what}.users").open("w") as users, ExitStack() as stack:
        fcntl.flock(turn, fcntl.LOCK_EX)
        mine = not told.exists()
        if mine:
            told.write_text(stack.enter_context(start()))
        found = told.read_text()
        fcntl.flock(users, fcntl.LOCK_SH)
        fcntl.flock(turn, fcntl.LOCK_UN)
        yield found
        if mine:
            fcntl.flock(turn, fcntl.LOCK_EX)
            told.unlink()  # the next who needs one starts it
            fcntl.flock(turn, fcntl.LOCK_UN)
            fcntl.flock(users, fcntl.LOCK_EX)
