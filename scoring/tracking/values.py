"""Properties and traits as they stand in a call's JSON: found by path, and read as what a field wants.

A value is its JSON text (`Raw`) until it is needed, so that money keeps its decimals. Names count without case, `_`, `-` and blanks:
`postalCode` and `postal_code` are one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

import msgspec
from msgspec import Raw

from scoring.events.invalid import Invalid, shown

#: A JSON object's values by plain name, each with the name it was given.
Properties = dict[str, tuple[str, bytes]]

NULL = b"null"
_OBJECT = msgspec.json.Decoder(dict[str, Raw])
_LIST = msgspec.json.Decoder(list[Raw])
_TEXT = msgspec.json.Decoder(str)
_encode = msgspec.json.Encoder().encode
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WHOLE = re.compile(rb"-?(?:0|[1-9][0-9]{0,30})")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?=T)")
_NOT_IN_NAMES = re.compile(r"[\W_]+")


@lru_cache(maxsize=8_192)
def plain(name: str) -> str:
    """A name as it is compared: `Product Added`, `product_added` and `productAdded` are one."""
    return _NOT_IN_NAMES.sub("", name).casefold()


def properties(found: Mapping[str, Raw] | None) -> Properties:
    """By plain name; of two that are one the first counts."""
    by_name: Properties = {}
    for name, value in (found or {}).items():
        by_name.setdefault(plain(name), (name, bytes(value)))
    return by_name


def look(among: Properties, path: Iterable[str]) -> bytes | None:
    """The JSON text at a path of plain names; None if it isn't there."""
    found = None
    for name in path:
        entry = among.get(name) if found is None else _inner(found).get(name)
        if entry is None:
            return None
        found = entry[1]
    return found


def _inner(value: bytes) -> Properties:
    return properties(_OBJECT.decode(value)) if value[:1] == b"{" else {}


def items(value: bytes, field: str) -> list[Properties]:
    """The objects of a list. Raises Invalid."""
    if value[:1] != b"[":
        raise Invalid("wrong_type", f"{field}: expected a list")
    found = [bytes(each) for each in _LIST.decode(value)]
    if any(each[:1] != b"{" for each in found):
        raise Invalid("wrong_type", f"{field}: expected a list of objects")
    return [_inner(each) for each in found]


def text(value: bytes) -> str | None:
    """A string, or a whole number as one; None if it is neither."""
    if value[:1] == b'"':
        try:
            return _TEXT.decode(value)
        except (msgspec.DecodeError, ValueError) as failure:  # half of a surrogate pair
            raise Invalid("not_json", f"a text in the call is no Unicode: {failure}") from None
    return value.decode() if _WHOLE.fullmatch(value) else None


# What a field wants. Each: (JSON text that is not null, field) -> JSON text for the event; None leaves the field out. Raises Invalid.
Reader = Callable[[bytes, str], bytes | None]


def identifier(value: bytes, field: str) -> bytes | None:
    """A string; a whole number is one too."""
    found = text(value)
    if found is None:
        raise Invalid("wrong_type", f"{field} {_shown(value)}: expected a string or a whole number")
    return _encode(found)


def words(value: bytes, field: str) -> bytes | None:
    """Text that only describes: anything else is left out."""
    return value if value[:1] == b'"' else None


def number(value: bytes, field: str) -> bytes | None:
    """A number's own decimal text, also of one written as a string."""
    if value[:1] == b'"':
        value = (text(value) or "").strip().encode()
        if not value:
            return None
    if not _NUMBER.fullmatch(value):
        raise Invalid("wrong_type", f"{field} {_shown(value)}: expected a number with a decimal point")
    return value


def flag(value: bytes, field: str) -> bytes | None:
    if value in (b"true", b"false"):
        return value
    said = text(value) if value[:1] == b'"' else None
    if said is None or said.strip().lower() not in ("true", "false"):
        raise Invalid("wrong_type", f"{field} {_shown(value)}: expected true or false")
    return said.strip().lower().encode()


def currency(value: bytes, field: str) -> bytes | None:
    """In capitals: Segment's own examples write both."""
    return _encode((text(value) or "").strip().upper()) if value[:1] == b'"' else identifier(value, field)


def day(value: bytes, field: str) -> bytes | None:
    """A date, also of an instant."""
    found = text(value)
    match = _DATE.match(found or "")
    return _encode(match[0]) if match else identifier(value, field)


def _shown(value: bytes) -> str:
    return shown(text(value) if value[:1] == b'"' else value.decode("utf-8", "replace"))
