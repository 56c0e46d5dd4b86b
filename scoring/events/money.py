"""Money and quantities: from the decimal text of a JSON number to whole numbers, never through a float.

A price is whole cents as an `int`, or its plain decimal text as a `str` where it is finer; an amount is whole cents; a quantity is whole
thousandths. Rounding is half even. Magnitudes that no shop has (see the limits) are refused, so that sums stay within 64 bits.
"""

from __future__ import annotations

import re
from typing import TypeVar

from scoring.events.invalid import Invalid, shown

Price = int | str
T = TypeVar("T")

#: A price or an amount is below 10^12 currency units, a quantity below 10^9.
MONEY_DIGITS = 12
QUANTITY_DIGITS = 9
_MOST_CENTS = 10 ** (MONEY_DIGITS + 2)
_LONGEST = 100  # characters of a number, and digits after its point

_NUMBER = re.compile(rb"(-?)([0-9]+)(?:\.([0-9]+))?(?:[eE]([+-]?[0-9]+))?")
_KEPT = 65_536
_ABSENT: dict[bytes, None] = {b"": None, b"null": None}
_prices: dict[bytes, Price | None] = {**_ABSENT}
_amounts: dict[bytes, int | None] = {**_ABSENT}
_quantities: dict[bytes, int | None] = {**_ABSENT}


def price(number: bytes, field: str) -> Price | None:
    """The JSON text of a price (>= 0) -> cents, or decimal text; absent or null -> None. Raises Invalid."""
    try:
        return _prices[number]
    except KeyError:
        pass
    digits, exponent = _parts(number, field, MONEY_DIGITS)
    if digits < 0:
        raise Invalid("out_of_range", f"{field} {shown(number.decode())}: expected a number >= 0")
    cents, exact = _scaled(digits, exponent, 2)
    value: Price = cents if exact else _plain(digits, exponent)
    return _keep(_prices, number, value)


def quantity(number: bytes, field: str) -> int | None:
    """The JSON text of a quantity, of either sign -> thousandths; absent or null -> None. Raises Invalid."""
    try:
        return _quantities[number]
    except KeyError:
        pass
    value, _ = _scaled(*_parts(number, field, QUANTITY_DIGITS), 3)
    return _keep(_quantities, number, value)


def sign(number: bytes) -> int:
    """1, 0 or -1: of the JSON text of a number."""
    digits = number.lower().partition(b"e")[0]
    if not digits.strip(b"-0."):
        return 0
    return -1 if digits[:1] == b"-" else 1


def amount(number: bytes, field: str) -> int | None:
    """The JSON text of an amount, of either sign -> cents; absent or null -> None. Raises Invalid."""
    try:
        return _amounts[number]
    except KeyError:
        pass
    value, _ = _scaled(*_parts(number, field, MONEY_DIGITS), 2)
    return _keep(_amounts, number, value)


def line_cents(thousandths: int, unit: Price | None) -> int:
    """Quantity x price in cents, rounded half even; without a price 0."""
    if unit is None:
        return 0
    if isinstance(unit, int):
        return unit if thousandths == 1000 else half_even(thousandths * unit, 1000)
    whole, _, fraction = unit.partition(".")
    return half_even(thousandths * int(whole + fraction), 10 ** (len(fraction) + 1))


def within(cents: int, field: str) -> int:
    """An amount as given. Raises Invalid (out_of_range) where no shop's order is so large."""
    if not -_MOST_CENTS < cents < _MOST_CENTS:
        raise Invalid("out_of_range", f"{field}: amounts are below 10^{MONEY_DIGITS}")
    return cents


def half_even(number: int, divisor: int) -> int:
    quotient, rest = divmod(number, divisor)
    twice = 2 * rest
    return quotient + (twice > divisor or (twice == divisor and quotient & 1 == 1))


def _keep(read: dict[bytes, T | None], number: bytes, value: T) -> T:
    """Remembers what a number was read as: shops have few prices, and reading one takes ten times as long as looking it up."""
    if len(read) >= _KEPT:
        read.clear()
        read.update(_ABSENT)
    read[number] = value
    return value


def _parts(number: bytes, field: str, most_digits: int) -> tuple[int, int]:
    """-> (digits, exponent): the number is digits x 10^exponent, below 10^most_digits."""
    if number[:1] in b'"tf[{':
        raise Invalid("wrong_type", f"{field} {shown(number.decode())}: expected a number")
    found = _NUMBER.fullmatch(number) if len(number) <= _LONGEST else None
    if found is None:
        raise Invalid("out_of_range", f"{field} {shown(number.decode())}: expected a number of at most {_LONGEST} characters")
    sign, whole, fraction, power = found.groups()
    fraction = fraction or b""
    digits = int(whole + fraction)
    if digits == 0:
        return 0, 0
    exponent = int(power or b"0") - len(fraction)
    if len(str(digits)) + exponent > most_digits:
        raise Invalid("out_of_range", f"{field} {shown(number.decode())}: expected a number below 10^{most_digits}")
    if exponent < -_LONGEST:
        raise Invalid("out_of_range", f"{field} {shown(number.decode())}: expected at most {_LONGEST} decimals")
    return -digits if sign else digits, exponent


def _scaled(digits: int, exponent: int, places: int) -> tuple[int, bool]:
    """-> (the number in units of 10^-places rounded half even, whether that is exact)."""
    shift = exponent + places
    if shift >= 0:
        return digits * 10**shift, True
    divisor = 10**-shift
    return half_even(digits, divisor), digits % divisor == 0


def _plain(digits: int, exponent: int) -> str:
    """Decimal text without an exponent or closing zeros; equal numbers have equal text. The number has a fraction."""
    text = str(digits).rjust(1 - exponent, "0")
    return f"{text[:exponent]}.{text[exponent:].rstrip('0')}"
