"""CSV: a header row, then one event or one line of an order a row."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator

from streams.files.faults import Rejected, Unreadable
from streams.files.lines import LIMIT, Lines

NEEDED = ("event_type", "customer_id", "ts")


def rows(lines: Lines, on_reject: Callable[[Rejected], None]) -> Iterator[tuple[int, dict[str, str]]]:
    """-> (line number of the row's start, column -> cell), for every row that is well formed; cells may be empty.

    A row with fewer cells than the header has no value in the others. Raises Unreadable without a header that names event_type, customer_id
    and ts.
    """
    text = _Text(lines, on_reject)
    reader = csv.reader(text, strict=True)
    columns = _header(reader, text)
    while True:
        text.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as failure:
            until = f" (the row runs to line {lines.number})" if lines.number > text.start else ""
            on_reject(Rejected(lines.name, text.start, "bad_csv", f"{failure}{until}"))
            continue
        start = text.start
        if not cells:
            continue
        if text.undecoded:
            on_reject(Rejected(lines.name, start, "bad_csv", "the row is not UTF-8 text"))
        elif len(cells) > len(columns):
            on_reject(Rejected(lines.name, start, "bad_csv", f"the row has {len(cells)} cells, the header {len(columns)}"))
        else:
            yield start, dict(zip(columns, cells, strict=False))


class _Text:
    """The lines as text, and of the row in hand: `start`, its first line's number, and `undecoded`, whether a line was not UTF-8."""

    def __init__(self, lines: Lines, on_reject: Callable[[Rejected], None]) -> None:
        self._lines = lines
        self._source = iter(lines)
        self._on_reject = on_reject
        self.name = lines.name
        self.begin()

    def begin(self) -> None:
        """The next line is a row's first."""
        self.start = 0
        self.undecoded = False

    def __iter__(self) -> Iterator[str]:
        for line in self._source:
            if line is None:
                self._on_reject(Rejected(self._lines.name, self._lines.number, "too_long", f"the line is longer than {LIMIT} bytes"))
                continue
            self.start = self.start or self._lines.number
            try:
                yield line.decode() + "\n"
            except UnicodeDecodeError:
                self.undecoded = True
                yield line.decode(errors="replace") + "\n"


def _header(reader: Iterator[list[str]], text: _Text) -> list[str]:
    name = text.name
    expected = f"expected a header row with {', '.join(NEEDED)} and other field names, separated by commas"
    try:
        cells = next(reader)
    except (csv.Error, StopIteration):
        cells = []
    columns = [cell.strip() for cell in cells]
    missing = [needed for needed in NEEDED if needed not in columns]
    if text.undecoded:
        raise Unreadable(name, f"{expected}; the first row is not UTF-8 text")
    if missing:
        raise Unreadable(name, f"{expected}; the first row has no {', '.join(missing)}")
    twice = [column for column in columns if column and columns.count(column) > 1]
    if twice:
        raise Unreadable(name, f"the header names {twice[0]} twice")
    return columns
