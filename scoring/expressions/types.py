"""Kinds of value and how they calculate: numbers and durations, as doubles, folded where all is constant."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Literal

from scoring.expressions.tree import Attr, Calc, Const, Kind, Neg, Number, Since, TierOf

Sign = Literal["+", "-", "*", "/"]

UNITS: dict[str, int] = {"seconds": 1_000, "minutes": 60_000, "hours": 3_600_000, "days": 86_400_000, "weeks": 604_800_000}
LONGEST_WINDOW = 400 * UNITS["days"]
_WHOLE = 1 << 53  # beyond it a double no longer holds every whole number

A_KIND: dict[Kind, str] = {"number": "a number", "duration": "a duration", "string": "a text", "boolean": "true or false"}


class Unfit(Exception):
    """Two kinds that do not go together, or a result that is no number: what is wrong, and a hint."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


def tidy(value: float) -> int | float:
    """A constant as a double would hold it. Raises Unfit for what no double holds."""
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise Unfit("a number is too large", "at most about 1.8e308")
    return value if isinstance(value, int) and abs(value) <= _WHOLE else number


def milliseconds(amount: float, unit: str) -> int | float:
    """`hours(1.1)` is 66 minutes: decimals are meant exactly; a fraction such as 1/3 is the nearest double."""
    size = UNITS[unit]
    exact = Fraction(repr(amount)) * size
    if exact.denominator == 1:
        return tidy(int(exact))
    value = tidy(amount * size)
    return int(value) if float(value).is_integer() and abs(value) <= _WHOLE else value


def kind_of(sign: Sign, left: Number, right: Number) -> Kind:
    """The kind of a calculation's result. Raises Unfit where the two do not go together."""
    kinds = (left.kind, right.kind)
    for kind in kinds:
        if kind not in ("number", "duration"):
            raise Unfit(f"{A_KIND[kind]} cannot be calculated with")
    if sign in "+-":
        if left.kind == right.kind:
            return left.kind
        first, second = A_KIND[left.kind], A_KIND[right.kind]
        message = f"{first} and {second} cannot be added" if sign == "+" else f"{second} cannot be taken from {first}"
        raise Unfit(message, "a duration is written hours(1), days(7) and so on")
    if sign == "*":
        if kinds == ("duration", "duration"):
            raise Unfit("a duration cannot be multiplied by a duration", "multiply it by a number")
        return "duration" if "duration" in kinds else "number"
    if kinds == ("number", "duration"):
        raise Unfit("a number cannot be divided by a duration", "divide a duration by a number or by another duration")
    return "duration" if kinds == ("duration", "number") else "number"


def calculate(sign: Sign, left: Number, right: Number, text: str) -> Number:
    """A calculation, folded to a constant where both sides are. Raises Unfit."""
    kind = kind_of(sign, left, right)
    if sign == "/" and isinstance(right, Const) and right.value == 0:
        raise Unfit("division by zero", "its value would always be missing")
    if not (isinstance(left, Const) and isinstance(right, Const)):
        return Calc(sign, left, right, kind, text)
    a, b = left.value, right.value
    assert not isinstance(a, str) and not isinstance(b, str)
    value: int | float
    if sign == "+":
        value = a + b
    elif sign == "-":
        value = a - b
    elif sign == "*":
        value = a * b
    else:
        value = a / b
    return Const(tidy(value), kind, text)


def negate(operand: Number, text: str) -> Number:
    """Minus a value. Raises Unfit for texts and booleans."""
    if operand.kind not in ("number", "duration"):
        raise Unfit(f"{A_KIND[operand.kind]} cannot be calculated with")
    if isinstance(operand, Const):
        assert not isinstance(operand.value, str)
        return Const(-operand.value, operand.kind, text)
    return Neg(operand, operand.kind, text)


def describe(value: Number) -> str:
    """A value for a sentence: `purchases` is a number."""
    return f"{named(value)} is {A_KIND[value.kind]}"


def named(value: Number) -> str:
    """A value's name in a sentence."""
    return f"`{value.text}`" if isinstance(value, Const | Attr | TierOf | Since) and value.text else "this calculation"


def span_text(milliseconds: float) -> str:
    """A duration in the largest unit that measures it whole: `days(90)`, `minutes(30)`."""
    for unit in ("days", "hours", "minutes", "seconds"):
        if milliseconds % UNITS[unit] == 0:
            return f"{unit}({int(milliseconds // UNITS[unit])})"
    return f"seconds({milliseconds / 1_000!r})"
