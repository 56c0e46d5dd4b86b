"""The checked expression: what the parser promises and the compiler builds on.

Durations and windows are milliseconds (an `int`, or a `float` where the text says so: `seconds(0.0005)`). A chained
comparison is an `And` of its links. Every node carries the text it came from, as the author wrote it, for `reason`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["number", "duration", "string", "boolean"]


@dataclass(frozen=True, slots=True)
class Const:
    value: int | float | str | bool
    kind: Kind
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Attr:
    """An attribute of the catalogue, with its window in milliseconds where it is windowed."""

    name: str
    kind: Kind
    window: int | None = None
    text: str = field(default="", compare=False)  # canonical: `purchases(days(90))`, key of `attributes` in a change
    argument: str | None = None  # interest("shoes")


@dataclass(frozen=True, slots=True)
class TierOf:
    """tier("group"): the name of the customer's tier in that group."""

    group: str
    kind: Kind = "string"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Since:
    """since_entered("name"): how long the customer has been in that segment, or in its present tier of that group."""

    name: str
    kind: Kind = "duration"
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Neg:
    operand: Number
    kind: Kind
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Calc:
    op: Literal["+", "-", "*", "/"]
    left: Number
    right: Number
    kind: Kind
    text: str = field(default="", compare=False)


Number = Const | Attr | TierOf | Since | Neg | Calc
Op = Literal["<", "<=", ">", ">=", "==", "!="]


@dataclass(frozen=True, slots=True)
class Compare:
    """Where one side is growing or decaying, it is the left one and the right is a Const (the parser turns it round)."""

    left: Number
    op: Op
    right: Number
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class In:
    left: Number
    values: tuple[int | float | str | bool, ...]
    negated: bool = False
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class IsNone:
    operand: Number
    negated: bool = False  # `is not None`
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Flag:
    """A boolean attribute (checkout_open, has_email, email_consent) as a condition."""

    name: str
    text: str = field(default="", compare=False)
    window: int | None = None
    argument: str | None = None


@dataclass(frozen=True, slots=True)
class InSegment:
    name: str
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Truth:
    value: bool
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Condition, ...]
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Condition, ...]
    text: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition
    text: str = field(default="", compare=False)


Condition = Compare | In | IsNone | Flag | InSegment | Truth | And | Or | Not
