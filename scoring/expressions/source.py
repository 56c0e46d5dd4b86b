"""An expression's text: made ready for Python's parser, and found again by place.

The text may run over several lines and carry comments. It is parsed within brackets of our own, so brackets are matched
here first: a text cannot close ours.
"""

from __future__ import annotations

import ast
import re
import warnings
from typing import NoReturn

from scoring.expressions.problem import Problem, Problems

LONGEST = 20_000  # characters; keeps Python's parser far from the limits of its stack
DEEPEST = 64  # levels of nesting, also of what is compiled from it

_TOKEN = re.compile(r"""'(?:\\.|[^'\\\n])*' | "(?:\\.|[^"\\\n])*" | \#[^\n]* | ['"] | [()\[\]{}]""", re.VERBOSE)
_CLOSES = {")": "(", "]": "[", "}": "{"}
#: What people write that Python does not: pattern around the place of a syntax error, message, hint.
_HABITS = [
    (re.compile(p), message, hint)
    for p, message, hint in (
        (r"&&", "`&&` is no operator", "write `and`"),
        (r"\|\|", "`||` is no operator", "write `or`"),
        (r"<>", "`<>` is no operator", "write `!=`"),
        (r"===?=", "`===` is no operator", "write `==`"),
        (r"=>|≥", "`{}` is no operator", "write `>=`"),
        (r"=<|≤", "`{}` is no operator", "write `<=`"),
        (r"≠", "`≠` is no operator", "write `!=`"),
        (r"!(?!=)", "`!` is no operator", "write `not`"),
        (r"(?<![=<>!:])=(?!=)", "`=` does not compare", "write `==`"),
        (r"[“”„‘’`´«»]", "`{}` is no quote", "write plain quotes: 'name'"),
        (r"\b(?:AND|OR|NOT|IN|IS|And|Or|Not|In|Is)\b", "`{}` is written in small letters", "write `{lower}`"),
        (r"(?<![\w.])\d[\d.]*(?:h|d|w|m|s|min)\b", "`{}` is no number", "durations are written minutes(30), hours(1), days(7)"),
        (r"%", "`%` is no operator", "write a share as a number: 0.2"),
    )
]


class Source:
    """The text of one expression and its syntax tree. Raises Problems for what Python cannot read."""

    __slots__ = ("_ascii", "_lines", "_starts", "code", "root", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self.code = _blank_comments(text)
        self._ascii = text.isascii()
        self._lines = self.code.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self.root = ast.parse(f"({self.code}\n)", mode="eval").body
        except SyntaxError as error:
            self._explain(error)
        except (RecursionError, MemoryError):
            raise Problems([Problem(0, len(text), "the expression is nested too deeply", f"at most {DEEPEST} levels")]) from None
        except ValueError:
            raise Problems([Problem(0, len(text), "the expression holds characters that are no text")]) from None

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Where a node stands in the text."""
        start = self._offset(getattr(node, "lineno", 1), getattr(node, "col_offset", 0))
        end = self._offset(getattr(node, "end_lineno", 1), getattr(node, "end_col_offset", 0))
        return start, max(end, start)

    def words(self, node: ast.AST) -> str:
        """A node as its author wrote it, on one line, without comments."""
        start, end = self.span(node)
        return " ".join(self.code[start:end].split())

    def _offset(self, line: int, column: int) -> int:
        if line > len(self._lines):
            return len(self.text)
        if line == 1:
            column -= 1  # our opening bracket
        if not self._ascii:
            column = len(self._lines[line - 1].encode()[: max(column, 0)].decode(errors="replace"))
        return min(max(self._starts[line - 1] + column, 0), len(self.text))

    def _explain(self, error: SyntaxError) -> NoReturn:
        """The syntax error in our words, where its cause stands."""
        size = len(self.code.rstrip())
        start = self._place(error.lineno, error.offset)
        end = self._place(error.end_lineno, error.end_offset)
        if end <= start:
            end = start + 1
        first, message, hint = start, f"this is no expression: {error.msg}", ""
        if "Perhaps you forgot a comma" in error.msg:
            found = re.search(r"(?:[\w.]+|\S)\s*$", self.code[start:end])
            if found:
                word = found.group().strip()
                start += found.start()
                message, hint = f"`{word}` is unexpected here", "join conditions with `and` or `or`"
        elif "unicode error" in error.msg or "bytes can only" in error.msg:
            start, end, message, hint = 0, size, "a text holds what Python cannot read", "names are plain letters, digits and _"
        elif error.msg.startswith("invalid syntax"):
            word = self.code[start:end].strip()
            message = f"`{word}` is unexpected here" if word else "the expression ends too early"
        elif "null bytes" in error.msg:
            start, end, message = 0, size, "the expression holds a null character"
        elif "limit" in error.msg:
            digits = re.search(r"[0-9_]{4000,}", self.code)
            start, end = digits.span() if digits else (0, size)
            message = "a number is too large"
        elif "unicode error" in error.msg or "bytes can only" in error.msg:
            start, end, message, hint = 0, size, "a text holds what Python cannot read", "names are plain letters, digits and _"
        elif error.msg.startswith("invalid syntax"):
            word = self.code[start:end].strip()
            message = f"`{word}` is unexpected here" if word else "the expression ends too early"
        elif "null bytes" in error.msg or "limit" in error.msg:
            start, end = 0, size
            message = "the expression holds a null character" if "null" in error.msg else "a number is too large"
        if start >= size:
            start, end, message = size, size, "the expression ends too early"
        for pattern, said, advice in _HABITS:
            for match in pattern.finditer(self.code):
                if match.start() <= end and match.end() >= first and not self._quoted(match.start()):
                    word = match.group()
                    raise Problems([Problem(*match.span(), said.format(word), advice.format(word, lower=word.lower()))]) from None
        raise Problems([Problem(start, end, message, hint)]) from None

    def _place(self, line: int | None, offset: int | None) -> int:
        """Of a syntax error's line and 1-based character."""
        if line is None or offset is None or line > len(self._lines):
            return len(self.text)
        return min(max(self._starts[line - 1] + offset - (2 if line == 1 else 1), 0), len(self.text))

    def _quoted(self, place: int) -> bool:
        return any(match.start() < place < match.end() and match.group()[0] in "'\"" for match in _TOKEN.finditer(self.code))


def _blank_comments(text: str) -> str:
    """The text with comments as spaces, its brackets and quotes matched. Raises Problems."""
    if len(text) > LONGEST:
        raise Problems([Problem(0, 1, f"the expression has {len(text):,} characters", f"at most {LONGEST:,}")])
    code = text.replace("\r", " ")
    open_: list[tuple[str, int]] = []
    problems = []
    comments = []
    for match in _TOKEN.finditer(code):
        token, place = match.group(), match.start()
        if token in ("'", '"'):
            problems.append(Problem(place, place + 1, "this quote is never closed"))
            break
        if token[0] == "#":
            comments.append(match.span())
        elif token in "([{":
            open_.append((token, place))
            if len(open_) > DEEPEST:
                raise Problems([Problem(place, place + 1, "the expression is nested too deeply", f"at most {DEEPEST} levels")])
        elif token in _CLOSES:
            if not open_:
                problems.append(Problem(place, place + 1, f"this `{token}` closes nothing"))
                break
            bracket, _ = open_.pop()
            if bracket != _CLOSES[token]:
                problems.append(Problem(place, place + 1, f"this `{token}` closes a `{bracket}`"))
                open_.clear()
                break
    else:
        problems.extend(Problem(at, at + 1, f"this `{bracket}` is never closed") for bracket, at in open_)
    if problems:
        raise Problems(problems)
    for start, end in reversed(comments):
        code = code[:start] + " " * (end - start) + code[end:]
    if not code.strip():
        raise Problems([Problem(0, len(text), "the expression is empty", 'write a condition, such as "cart_items > 0"')])
    return code
