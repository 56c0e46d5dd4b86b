"""Whatever bytes come in: an event or Invalid, and the event's numbers fit the state."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from scoring.events.decode import Invalid
from scoring.events.rows import from_row, line_decoder
from scoring.events.schema import Event
from tests.properties.profiles import searching
from tests.scoring.events.shop import DECODERS, LEAST, NOON

NAMES = (
    "customer_id", "ts", "event_type", "event_id", "session_id", "action", "product_id", "quantity", "price", "category_id",
    "order_id", "status",
    "lines", "total", "discount", "gift", "currency", "type", "message_id", "machine", "kind", "score", "email", "household_size",
    "consent",
    "traits", "page_type", "benefit", "answers",
)  # fmt: skip
WORDS = (
    "c1",
    "add",
    "clear",
    "placed",
    "refunded",
    "opened",
    "nps",
    "page_view",
    "purchase",
    "refund",
    "EUR",
    "2026-03-01T11:00:00Z",
    "",
    "\ud800",
)

numbers = (
    st.integers()
    | st.integers(-(10**30), 10**30)
    | st.floats(allow_nan=True)
    | st.sampled_from([0, -0.0, 1e308, 5e-324, NOON, NOON + 300_001, 10**20, 0.0005])
)
scalars = st.none() | st.booleans() | numbers | st.text(max_size=8) | st.sampled_from(WORDS)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=4), inner, max_size=4)
)
objects = st.builds(
    lambda least, given: {"customer_id": "c1", **least, **given},
    st.sampled_from(list(LEAST.values())),
    st.dictionaries(st.sampled_from(NAMES), values, max_size=5),
)
keys = st.sampled_from([b"c1", b"", None]) | st.binary(max_size=4)
exponents = st.sampled_from(["1e400", "1E999999999", "-1e-999999999", "9" * 400, "0." + "1" * 300, "1e" + "9" * 90])


def fits(event: Event) -> None:
    packed = msgspec.msgpack.encode(event)
    assert isinstance(packed, bytes)
    for field in event.__struct_fields__:
        value = getattr(event, field)
        assert not isinstance(value, int) or abs(value) < 1 << 53


def check(value: bytes, key: bytes | None) -> None:
    for decode in DECODERS:
        try:
            event = decode(value, key, NOON)
        except Invalid as refused:
            assert refused.error.replace("_", "").isalpha()
            assert refused.detail.isprintable() and len(refused.detail) < 500
        else:
            fits(event)
            assert key == event.customer_id.encode()


@given(st.binary(max_size=60), keys)
@searching(300)
def test_bytes(value: bytes, key: bytes | None) -> None:
    check(value, key)


@given(objects, keys)
@searching(500)
def test_objects(value: dict[str, Any], key: bytes | None) -> None:
    check(json.dumps(value).encode(), key)


@given(objects, st.data())
@searching(300)
def test_damaged_objects(value: dict[str, Any], data: st.DataObject) -> None:
    text = bytearray(json.dumps(value, ensure_ascii=False).encode(errors="surrogatepass"))
    for _ in range(data.draw(st.integers(1, 3))):
        text[data.draw(st.integers(0, len(text) - 1))] = data.draw(st.integers(0, 255))
    check(bytes(text), b"c1")


@given(st.sampled_from(NAMES), exponents)
@searching(100)
def test_absurd_numbers(name: str, number: str) -> None:
    for least in LEAST.values():
        text = json.dumps({"customer_id": "c1", **least, name: 0})
        check(text.replace(f'"{name}": 0', f'"{name}": {number}').encode(), b"c1")


rows = st.builds(
    lambda event_type, row: {"event_type": event_type, "ts": NOON, **row},
    st.sampled_from(["page_view", "cart_add", "purchase", "refund", "email_opened", "feedback", "profile", "nonsense", 5]),
    objects,
)


@given(rows | st.binary(max_size=60))
@searching(300)
def test_lines_of_files(row: dict[str, Any] | bytes) -> None:
    decode = line_decoder()
    try:
        fits(decode(row if isinstance(row, bytes) else json.dumps(row).encode()))
    except Invalid as refused:
        assert refused.detail.isprintable()


cells = st.dictionaries(
    st.sampled_from([*NAMES, "consent.email", "consent.x", "traits.a", "traits.", "consent."]), st.text(max_size=8) | st.sampled_from(WORDS)
)


@given(cells)
@searching(300)
def test_cells(row: dict[str, str]) -> None:
    for complete in (row, {"event_type": "purchase", "customer_id": "c1", "ts": str(NOON), **row}):
        try:
            fits(from_row(complete, cells=True))
        except Invalid as refused:
            assert refused.detail.isprintable()
