"""How a mail writes what it was given: text of customers on one line, numbers and money as the language does."""

from __future__ import annotations

import math
import unicodedata

_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥", "CHF": "CHF", "PLN": "zł"}
#: Control characters, line ends, and marks that turn the direction of what follows.
_UNWANTED = ("Cc", "Cs", "Zl", "Zp")
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def plain(text: str) -> str:
    """One line of printable text: nothing in it breaks a line or turns the direction of what follows."""
    kept = "".join(" " if unicodedata.category(each) in _UNWANTED else "" if each in _TURNING else each for each in text)
    return " ".join(kept.split())


def number(value: float, language: str) -> str:
    """`2`, `1.5`, `1,234.5`; with the comma for the point where the language does so."""
    return _localized(f"{value:,.3f}".rstrip("0").rstrip(".") if math.isfinite(value) else "?", language)


def money(value: float, currency: str, language: str) -> str:
    """An amount in the shop's currency, as the language writes it."""
    symbol = _SYMBOLS.get(currency, currency)
    amount = _localized(f"{value:,.2f}" if math.isfinite(value) else "?", language)
    return f"{symbol}{amount}" if language == "en" and len(symbol) == 1 else f"{symbol}\N{NO-BREAK SPACE}{amount}"


def _localized(text: str, language: str) -> str:
    return text if language == "en" else text.translate(str.maketrans(",.", ".,"))
