"""One table of a definition file: its keys taken by name and type, what is wrong noted in the document."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from scoring.expressions.problem import suggest
from scoring.segments import spans
from scoring.segments.document import Document, Path

NAME = re.compile(r"[a-z][a-z0-9_]*")


def kind_word(value: object) -> str:
    """What a TOML value is, for a sentence."""
    if isinstance(value, bool):
        return "true or false"
    words = ((str, "a text"), (int | float, "a number"), (list, "a list"), (dict, "a table"))
    return next((word for kind, word in words if isinstance(value, kind)), "a date or time")


class Table:
    """The table at `path`, called `what` in messages (`segment`)."""

    def __init__(self, document: Document, path: Path, data: dict[str, Any], what: str) -> None:
        self.document = document
        self.path = path
        self.data = data
        self.what = what

    def only(self, allowed: Iterable[str]) -> None:
        """Faults for keys that are not among the allowed."""
        known = sorted(allowed)
        for key in self.data:
            if key not in known:
                self.fault(f"unknown key `{key[:64]}` in a {self.what}", suggest(key, known), at=key, key=True)

    def fault(self, message: str, hint: str = "", *, at: str | None = None, key: bool = False) -> None:
        """A fault at a key's value, at the key itself, or (at None) at the table's header."""
        if at is None:
            self.document.fault(self.path, message, hint, key=True)
        else:
            self.document.fault((*self.path, at), message, hint, key=key)

    def text(self, key: str, *, required: bool = False, example: str = "") -> str | None:
        """A text, or None where it is absent or faulty."""
        if key not in self.data:
            if required:
                self.fault(f"a {self.what} needs `{key}`", f"such as {key} = {example}" if example else "")
            return None
        value = self.data[key]
        if isinstance(value, str):
            return value
        self.fault(f"`{key}` must be a text, not {kind_word(value)}", f"such as {key} = {example}" if example else "", at=key)
        return None

    def name(self, key: str = "name") -> str | None:
        """A name: a small letter, then small letters, digits and _."""
        value = self.text(key, required=True, example='"cart_abandoned"')
        if value is None or NAME.fullmatch(value):
            return value
        fixed = re.sub(r"[^a-z0-9_]+", "_", value[:64].lower()).strip("_")
        hint = f'such as "{fixed}"' if NAME.fullmatch(fixed) else ""
        self.fault(f"`{value[:64]}` is no name: a small letter, then small letters, digits and _", hint, at=key)
        return None

    def one_of(self, key: str, known: Iterable[str], what: str, *, example: str) -> str | None:
        """A text out of a list."""
        value = self.text(key, required=True, example=example)
        if value is None or value in known:
            return value
        self.fault(f"unknown {what} `{value[:64]}`", suggest(value, known), at=key)
        return None

    def span(self, key: str, *, example: str, positive: bool = False) -> Fraction | None:
        """A span of time in milliseconds, exact; None where it is absent or faulty."""
        if key not in self.data:
            return None
        value = self.data[key]
        if not isinstance(value, str):
            self.fault(f"`{key}` must be a span of time as a text, not {kind_word(value)}", f"such as {key} = {example}", at=key)
            return None
        try:
            length = spans.exact(value)
        except ValueError as error:
            fixed = spans.corrected(value)
            fixed = None if fixed == value else fixed
            self.fault(f'"{value[:40]}" is no span of time', f'did you mean "{fixed}"?' if fixed else str(error), at=key)
            return None
        if positive and length <= 0:
            self.fault(f"`{key}` must be longer than 0", f"such as {key} = {example}", at=key)
            return None
        return length
