"""What is wrong in an expression, by place in its text, and the nearest valid name."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """A fault of an expression: characters `start` to `end` of its text, what is wrong, and what would be right."""

    start: int
    end: int
    message: str
    hint: str = ""


class Problems(ValueError):
    """An expression that is not accepted: every fault found in it, in order of place."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: (problem.start, problem.end))
        super().__init__("; ".join(problem.message for problem in self.problems))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that looks most like `name`, or None where none does."""
    names = sorted(known)
    close = difflib.get_close_matches(name[:64].lower(), names, n=1, cutoff=0.5)
    return close[0] if close else None


def suggest(name: str, known: Iterable[str], what: str = "known") -> str:
    """A hint for an unknown name: the nearest one, else all of them."""
    names = sorted(known)
    close = nearest(name, names)
    if close is not None:
        return f"did you mean `{close}`?"
    return f"{what}: {', '.join(names)}" if names else f"there is no {what}"
