"""From msgspec's exceptions to `Invalid`: which field, what was expected."""

from __future__ import annotations

import re

import msgspec

from scoring.events.invalid import Invalid
from scoring.events.wire import CUSTOMER_ID_LENGTH, ID_LENGTH

_PLACE = re.compile(r"(?s)(.*) - at `(?:key in )?\$\.?(.*)`")
_MISSING = re.compile(r"Object missing required field `(.*?)`")
_MISTYPED = re.compile(r"Expected `(.*)`, got `(.*)`")
_WORDS = {
    "str": "a string", "int": "an integer", "float": "a number", "bool": "true or false", "object": "an object", "array": "an array",
    "null": "null", "int | float": "a number", "int | str": "RFC 3339 text or integer epoch milliseconds",
}  # fmt: skip


def refusal(failure: Exception) -> Invalid:
    """The Invalid that says what decoding failed at."""
    if isinstance(failure, msgspec.ValidationError):
        return _invalid_field(str(failure))
    if isinstance(failure, UnicodeDecodeError):
        return Invalid("not_json", f"the value is not UTF-8 text (byte {failure.start})")
    if isinstance(failure, RecursionError):
        return Invalid("not_json", "the value is nested too deeply")
    return Invalid("not_json", f"the value is not a JSON object: {failure}")


def _invalid_field(message: str) -> Invalid:
    found = _PLACE.fullmatch(message)
    text, field = found.groups() if found else (message, "")
    missing = _MISSING.match(text)
    if missing:
        return Invalid("missing_field", f"{missing[1]}: required")
    mistyped = _MISTYPED.fullmatch(text)
    if mistyped:
        expected, got = mistyped[1].removesuffix(" | null"), mistyped[2]
        if not field:
            return Invalid("not_an_object", f"expected a JSON object, got {_WORDS.get(got, got)}")
        if field == "customer_id" and got == "null":
            return Invalid("missing_field", "customer_id: required")
        error = "bad_ts" if field == "ts" else "wrong_type"
        return Invalid(error, f"{field}: expected {_WORDS.get(expected, expected)}, got {_WORDS.get(got, got)}")
    if field == "customer_id":
        return Invalid("too_long" if "<=" in text else "missing_field", f"customer_id: expected 1 to {CUSTOMER_ID_LENGTH} characters")
    if field == "anonymous_id" and "length <=" in text:
        return Invalid("too_long", f"anonymous_id: expected 1 to {CUSTOMER_ID_LENGTH} characters")
    if "length <=" in text:
        return Invalid("too_long", f"{field}: expected at most {ID_LENGTH} characters")
    return Invalid("bad_ts" if field == "ts" else "out_of_range", f"{field}: {text[0].lower()}{text[1:]}")
