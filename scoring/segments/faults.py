"""Faults of a file: where, what is wrong, what would be right; shown in the manner of a compiler."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

_RED, _BLUE, _BOLD, _PLAIN = "\x1b[1;31m", "\x1b[1;34m", "\x1b[1m", "\x1b[0m"
_HINT = 110  # columns of a hint's lines
_WIDEST = 160  # columns of a source line that are shown


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `line` and `column` count from 1, in characters; `length` is how many characters the caret marks."""

    file: str
    line: int
    column: int
    message: str
    source_line: str = ""
    hint: str = ""
    length: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}: {self.message}" + (f" ({self.hint})" if self.hint else "")

    def render(self, color: bool = False) -> str:
        """The fault over several lines: message, place, source line with a caret, hint."""
        red, blue, bold, plain = (_RED, _BLUE, _BOLD, _PLAIN) if color else ("", "", "", "")
        gutter = " " * len(str(self.line))
        shown, before, marked = self._crop()
        lines = [
            f"{red}error{plain}{bold}: {_visible(self.message)}{plain}",
            f"{gutter}{blue}-->{plain} {_visible(self.file)}:{self.line}:{self.column}",
            f"{gutter} {blue}|{plain}",
            f"{blue}{self.line} |{plain} {shown}".rstrip(),
            f"{gutter} {blue}|{plain} {' ' * before}{red}{'^' * marked}{plain}",
        ]
        if self.hint:
            hint = textwrap.wrap(_visible(self.hint), _HINT, break_long_words=False, break_on_hyphens=False)
            lines.append(f"{gutter} {blue}={plain} " + f"\n{gutter}   ".join(hint))
        return "\n".join(lines)

    def _crop(self) -> tuple[str, int, int]:
        """The source line as shown, the columns before the caret and its width."""
        start = self.column - 1
        first = max(0, start - _WIDEST // 2) if len(self.source_line) > _WIDEST else 0
        part = self.source_line[first : first + _WIDEST]
        lead = "…" if first else ""
        tail = "…" if first + _WIDEST < len(self.source_line) else ""
        before = _width(lead + part[: start - first])
        marked = _width(part[start - first : start - first + self.length])
        return _visible(lead + part + tail), before, max(1, marked)


class Faults(Exception):
    """A file that is refused: all its faults, in order of place."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults = sorted(dict.fromkeys(faults), key=lambda fault: (fault.file, fault.line, fault.column))
        super().__init__("\n".join(map(str, self.faults)))

    def render(self, color: bool = False) -> str:
        """All faults and their number, ready to print; `color` adds ANSI colours."""
        count = len(self.faults)
        files = sorted({fault.file for fault in self.faults})
        red, plain = (_RED, _PLAIN) if color else ("", "")
        last = f"{red}{', '.join(map(_visible, files))}: {count} {'fault' if count == 1 else 'faults'}{plain}"
        return "\n\n".join([*(fault.render(color) for fault in self.faults), last])


def _visible(text: str) -> str:
    """Tabs as one space, and what would move the cursor or hide itself as a replacement character."""
    return "".join(" " if ch == "\t" else ch if ch.isprintable() else "�" for ch in text)


def _width(text: str) -> int:
    """Columns of a text in a terminal: wide characters take two, combining marks none."""
    return sum(0 if unicodedata.combining(ch) else 2 if unicodedata.east_asian_width(ch) in "WF" else 1 for ch in text)
