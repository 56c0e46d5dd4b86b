"""Tables of figures as commands print them: as wide as the terminal, or as a file can take."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

_PIPED_WIDTH = 120  # columns where no terminal says how many there are
#: Fewer columns of a terminal, and long words above figures are parted.
NARROW = 110


class _Console(Console):
    """One whose reader may go away as any other output's (streams/cli/output.py); Rich's own ends the program by itself, with 1."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def console_of(stderr: bool = False) -> Console:
    """Standard output or standard error, for tables: colours in a terminal, plain text elsewhere."""
    console = _Console(stderr=stderr, highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, _PIPED_WIDTH)
    return console


def table(first: str, others: Iterable[str], left: int = 0) -> Table:
    """`left`: how many of the other columns hold words."""
    made = Table()
    made.add_column(first, no_wrap=True)
    for place, each in enumerate(others):
        made.add_column(each, justify="left" if place < left else "right")
    return made
