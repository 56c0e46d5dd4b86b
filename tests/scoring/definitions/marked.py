"""Texts in which «these marks» show where faults are expected."""

from __future__ import annotations

from scoring.segments.faults import Fault, Faults
from scoring.segments.read import read


def unmark(marked: str) -> tuple[str, list[tuple[int, int]]]:
    """The text without marks, and the offsets of what stood between them."""
    places, clean = [], ""
    for part in marked.split("»"):
        before, _, inside = part.partition("«")
        clean += before
        if _:
            places.append((len(clean), len(clean) + len(inside)))
            clean += inside
    return clean, places


def refused(text: str) -> list[Fault]:
    """The faults of a file that must be refused."""
    try:
        read(text)
    except Faults as faults:
        return faults.faults
    raise AssertionError("the file was accepted")


def refused_at_marks(marked: str) -> list[Fault]:
    """The faults of a file, which stand exactly at the marks: line, column, length and source line."""
    text, places = unmark(marked)
    faults = refused(text)
    expected = []
    for start, end in places:
        line = text.count("\n", 0, start) + 1
        column = start - (text.rfind("\n", 0, start) + 1) + 1
        expected.append((line, column, max(1, end - start), text.split("\n")[line - 1]))
    found = [(fault.line, fault.column, fault.length, fault.source_line) for fault in faults]
    assert found == expected, "\n".join(map(str, faults))
    return faults


def segment(when: str, more: str = "") -> str:
    """A file with one segment."""
    return f"[[segment]]\nname = \"one\"\nfamily = \"other\"\nwhen = '''{when}'''\n{more}"
