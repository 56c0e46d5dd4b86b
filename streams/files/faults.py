"""What can be wrong with a file: one line of it, or the whole."""

from __future__ import annotations

from typing import NamedTuple


class Rejected(NamedTuple):
    """A line that is no valid event: where it is and why, in the words of `scoring.events.invalid.Invalid`."""

    file: str
    line: int
    error: str
    detail: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.error}: {self.detail}"


class Unreadable(Exception):
    """A file that can't be read at all, or not to its end; the message names it and says what is wrong."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.file = file
        self.reason = reason
