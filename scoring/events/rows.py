"""Rows of files: NDJSON objects and CSV cells with an `event_type`, contract section 1 "Files".

Both become the JSON value the row would have on Kafka and are judged by the same rules; only here `event_type` and `ts` are required,
an order may lack its `order_id`, and nothing is compared with a broker's clock.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from scoring.events import instants
from scoring.events.build import BUILDS, TYPES, building
from scoring.events.decode import parser
from scoring.events.invalid import Invalid, shown
from scoring.events.products import row_decoder
from scoring.events.refusals import refusal
from scoring.events.schema import CART_EVENTS, CATALOG, EMAIL_EVENTS, PRODUCT_NEWS, PURCHASES, Event, Identity, Product, Purchase
from scoring.events.wire import CONSENTS, HEAD

#: event_type -> rank.
RANKS: dict[str, int] = {event_type: rank for rank, types in enumerate(TYPES) for event_type in types} | {CATALOG: PRODUCT_NEWS}

#: JSON object of a file's line -> event, or what the catalogue says of a product; raises Invalid.
FromLine = Callable[[bytes], Event | Product]

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_TOPIC_FIELDS = {CART_EVENTS: "action", PURCHASES: "status", EMAIL_EVENTS: "type"}
_encode = msgspec.json.Encoder(decimal_format="number").encode


@functools.cache
def line_decoder(currency: str = "EUR", whole: frozenset[int] = frozenset()) -> FromLine:
    """The decoder of NDJSON lines, for a shop's currency. Events of the topics in `whole` have the whole record with them."""
    parsers = tuple(parser(rank, currency) for rank in range(len(BUILDS)))
    builds = tuple(building(rank, rank in whole) for rank in range(len(BUILDS)))
    product = row_decoder(currency)

    def decode(line: bytes) -> Event | Product:
        try:
            event_type = HEAD.decode(line).event_type
        except (msgspec.DecodeError, ValueError, RecursionError) as failure:
            raise refusal(failure) from None
        if event_type is None:
            raise Invalid("missing_field", f"event_type: required, one of {', '.join(RANKS)}")
        rank = RANKS.get(event_type)
        if rank is None:
            raise Invalid("unknown_type", f"event_type {shown(event_type)}: expected one of {', '.join(RANKS)}")
        if rank == PRODUCT_NEWS:
            return product(line)
        value = parsers[rank](line)
        ts = value.ts
        if ts is None:
            raise Invalid("missing_field", "ts: required in files")
        ts = instants.epoch_ms(ts) if isinstance(ts, str) else instants.checked(ts)
        if rank == PURCHASES and not value.order_id:
            value.order_id = default_order_id(value.customer_id, ts)
        return builds[rank](value, ts)

    return decode


def default_order_id(customer_id: str, ts: int) -> str:
    """The id of an order that a file gives none."""
    return f"{customer_id}@{ts}"


def kafka_value(line: bytes, event: Event | Product, shift: int = 0) -> bytes:
    """The value that event has on its topic, from the accepted line it was read of: `action`, `status`, `type`, `forget` and `order_id`
    filled in, `event_type` gone, and with a `shift` its `ts` moved by so many ms. Everything else stays as it was written."""
    fields = _fields(line)
    event_type = fields.pop("event_type", None)
    name = _TOPIC_FIELDS.get(event.rank)
    if name is not None and event_type is not None:
        fields[name] = msgspec.Raw(_encode(TYPES[event.rank][event.event_type]))
    if isinstance(event, Identity) and event.forget:
        fields["forget"] = msgspec.Raw(b"true")
    if isinstance(event, Purchase):
        fields["order_id"] = msgspec.Raw(_encode(event.order_id))
    if shift:
        fields["ts"] = msgspec.Raw(_encode(event.ts + shift))
    return _encode(fields)


def from_row(row: Mapping[str, object], currency: str = "EUR", *, cells: bool = False, whole: frozenset[int] = frozenset()) -> Any:
    """One event of a row as a dict: of JSON values, or with `cells` of CSV text. Raises Invalid.

    Numbers may be int, Decimal, or float (its shortest decimal text counts).
    """
    if cells:
        row = from_cells({name: cell for name, cell in row.items() if isinstance(cell, str)})
    try:
        line = _encode(row)
    except (TypeError, ValueError, RecursionError) as failure:
        raise Invalid("not_json", f"the row cannot be written as JSON: {failure}") from None
    return line_decoder(currency, whole)(line)


def from_cells(cells: Mapping[str, str]) -> dict[str, Any]:
    """The JSON object of one CSV row: column -> text. An empty cell is an absent field. Raises Invalid.

    `consent.email` and `traits.size` are columns of their own. The product, quantity and price of a purchase or refund are one line of
    its order.
    """
    row: dict[str, Any] = {}
    for name, cell in cells.items():
        if not cell:
            continue
        read = _COLUMNS.get(name)
        if read is not None:
            row[name] = read(name, cell)
        elif name.startswith("traits."):
            row.setdefault("traits", {})[name[7:]] = cell
        elif name.startswith("consent."):
            row.setdefault("consent", {})[name[8:]] = _flag(name, cell) if name[8:] in CONSENTS else cell
        else:
            row[name] = cell
    if row.get("event_type") in TYPES[PURCHASES]:
        line = {name: row.pop(name) for name in _LINE_COLUMNS if name in row}
        if line:
            row["lines"] = [line]
    return row


_LINE_COLUMNS = ("product_id", "quantity", "price", "category_id")
_JSON_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_LOOSE_NUMBER = re.compile(r"\s*([+-]?)([0-9]*)(?:\.([0-9]*))?([eE][+-]?[0-9]+)?\s*", re.ASCII)
_WHOLE = re.compile(r"\s*(-?[0-9]{1,20})\s*", re.ASCII)
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def _number(name: str, cell: str) -> msgspec.Raw:
    """The number's own decimal text; besides JSON's grammar also +1, 007, .5 and 5."""
    if _JSON_NUMBER.fullmatch(cell) is None:
        found = _LOOSE_NUMBER.fullmatch(cell)
        if found is None or not (found[2] or found[3]):
            raise Invalid("wrong_type", f"{name} {shown(cell)}: expected a number with a decimal point")
        cell = f"{'-' if found[1] == '-' else ''}{found[2].lstrip('0') or '0'}.{found[3] or '0'}{found[4] or ''}"
    return msgspec.Raw(cell.encode())


def _flag(name: str, cell: str) -> bool:
    flag = _FLAGS.get(cell.strip().lower())
    if flag is None:
        raise Invalid("wrong_type", f"{name} {shown(cell)}: expected true or false")
    return flag


def _instant(name: str, cell: str) -> int | str:
    whole = _WHOLE.fullmatch(cell)
    return int(whole[1]) if whole else cell.strip()


def _object(name: str, cell: str) -> str:
    hint = "a row is one line of an order" if name == "lines" else f"give {name}.<name> columns"
    raise Invalid("wrong_type", f"{name} {shown(cell)}: not a column of CSV files; {hint}")


_COLUMNS: dict[str, Callable[[str, str], Any]] = {
    "ts": _instant,
    **dict.fromkeys(("price", "quantity", "total", "discount", "score", "max_score", "household_size"), _number),
    **dict.fromkeys(("machine", "soft", "gift", "forget", "in_stock"), _flag),
    **dict.fromkeys(("lines", "consent", "traits"), _object),
}
