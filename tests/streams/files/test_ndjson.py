"""NDJSON: the Kafka value plus `event_type`, a line each; a bad line is refused by itself."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scoring.events.schema import CartEvent, EmailEvent, PageView, Profile, Purchase
from streams.files.lines import LIMIT
from tests.streams.files.writing import ndjson, read, write

VIEW = '{"event_type":"page_view","customer_id":"c1","ts":1000}'


def test_every_event_type(tmp_path: Path) -> None:
    types = {
        "page_view": {}, "cart_add": {"product_id": "p"}, "cart_remove": {"product_id": "p"}, "cart_update": {"product_id": "p"},
        "cart_clear": {}, "checkout_started": {}, "wishlist_add": {"product_id": "p"}, "purchase": {"order_id": "o"},
        "refund": {"order_id": "o"},
        "email_delivered": {"message_id": "m"}, "email_opened": {"message_id": "m"}, "email_clicked": {"message_id": "m"},
        "email_bounced": {"message_id": "m"}, "email_complained": {"message_id": "m"}, "email_unsubscribed": {"message_id": "m"},
        "feedback": {"kind": "nps"}, "profile": {},
    }  # fmt: skip
    rows = [json.dumps({"event_type": name, "customer_id": "c1", "ts": "1970-01-01T00:00:01Z", **fields}) for name, fields in types.items()]
    found = ndjson(tmp_path, *rows)
    assert [event.event_type for event in found.events] == list(types)
    assert found.lines == list(range(1, len(types) + 1))
    assert found.rejected == []


def test_the_kafka_value_with_its_event_type(tmp_path: Path) -> None:
    found = ndjson(
        tmp_path,
        '{"event_type":"cart_remove","action":"remove","customer_id":"c1","ts":1000,"product_id":"p","quantity":0.5,"price":1.005}',
        '{"event_type":"refund","status":"refunded","customer_id":"c1","ts":1000,"order_id":"o","total":-2.675}',
        '{"event_type":"email_opened","type":"opened","customer_id":"c1","ts":1000,"message_id":"m","machine":true}',
        '{"event_type":"profile","customer_id":"c1","ts":1000,"consent":{"email":true},"traits":{"size":"M"},"city":null}',
    )
    assert found.events == [
        CartEvent("c1", 1000, "remove", product_id="p", quantity=500, price="1.005"),
        Purchase("c1", 1000, "o", refunded=True, amount=268),
        EmailEvent("c1", 1000, "opened", "m", True),
        Profile("c1", 1000, {"city": None, "consent.email": True, "traits.size": "M"}),
    ]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("nonsense", "not_json"), ('{"event_type":"page_view"', "not_json"), (b'{"event_type":"page_view","x":"\xff"}', "not_json"),
        (b'{"event_type":"page_view","customer_id":"c1","ts":1000,"x":"\xff"}', "not_json"), ("\x00", "not_json"),
        (VIEW + VIEW, "not_json"),
        (VIEW[:-1] + ',"x":"\x00"}', "not_json"), ('{"a":' * 100_000, "not_json"), ("[" + VIEW + "]", "not_an_object"),
        ("7", "not_an_object"),
        ('{"customer_id":"c1","ts":1000}', "missing_field"), ('{"event_type":null,"customer_id":"c1","ts":1000}', "missing_field"),
        ('{"event_type":"page_view","ts":1000}', "missing_field"), ('{"event_type":"page_view","customer_id":"c1"}', "missing_field"),
        ('{"event_type":"page_view","customer_id":"c1","ts":null}', "missing_field"),
        ('{"event_type":"feedback","customer_id":"c1","ts":1000}', "missing_field"),
        ('{"event_type":"view","customer_id":"c1","ts":1000}', "unknown_type"),
        ('{"event_type":"page-views","customer_id":"c1","ts":1}', "unknown_type"),
        ('{"event_type":5,"customer_id":"c1","ts":1000}', "wrong_type"),
        ('{"event_type":"page_view","customer_id":"c1","ts":"1000"}', "bad_ts"),
        ('{"event_type":"page_view","customer_id":"c1","ts":"2026-03-01T11:00:00"}', "bad_ts"),
        ('{"event_type":"page_view","customer_id":"c1","ts":"1000","price":"3"}', "bad_ts"),
        ('{"event_type":"cart_add","customer_id":"c1","ts":1000,"product_id":"p","price":"3"}', "wrong_type"),
        ('{"event_type":"cart_add","action":"remove","customer_id":"c1","ts":1000,"product_id":"p"}', "contradiction"),
        ('{"event_type":"purchase","status":"refunded","customer_id":"c1","ts":1000}', "contradiction"),
        ('{"event_type":"purchase","customer_id":"c1","ts":1000,"currency":"USD"}', "currency"),
    ],
)  # fmt: skip
def test_a_bad_line_is_refused_by_itself(tmp_path: Path, line: str | bytes, error: str) -> None:
    found = ndjson(tmp_path, VIEW, line, VIEW)
    assert found.errors == [(2, error)]
    assert found.lines == [1, 3]
    rejected = found.rejected[0]
    assert str(rejected).startswith(f"{tmp_path}/shop.ndjson:2: {error}: ")
    assert str(rejected).isprintable()


def test_time_in_files_is_compared_with_no_clock(tmp_path: Path) -> None:
    assert ndjson(tmp_path, '{"event_type":"page_view","customer_id":"c1","ts":"9000-01-01T00:00:00Z"}').rejected == []


def test_an_order_without_id_is_named_by_customer_and_time(tmp_path: Path) -> None:
    found = ndjson(tmp_path, '{"event_type":"purchase","customer_id":"zoë","ts":"1970-01-01T00:00:01.5Z","order_id":null,"total":1}')
    assert found.events == [Purchase("zoë", 1500, "zoë@1500", amount=100)]


def test_orders_of_ndjson_are_not_gathered(tmp_path: Path) -> None:
    order = '{"event_type":"purchase","customer_id":"c1","ts":1000,"order_id":"o","lines":[{"price":1}]}'
    assert [event.amount for event in ndjson(tmp_path, order, order).events] == [100, 100]  # type: ignore[union-attr]


def test_line_ends_blank_lines_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ndjson", b"\xef\xbb\xbf" + VIEW.encode() + b"\r\n\r\n  \n" + VIEW.encode())
    found = read(path)
    assert found.lines == [1, 4]
    assert found.rejected == []


def test_a_line_over_the_limit_is_refused_and_the_next_one_read(tmp_path: Path) -> None:
    exactly = VIEW[:-1] + ',"x":"' + "y" * (LIMIT - len(VIEW) - 7) + '"}'
    assert len(exactly) == LIMIT
    found = ndjson(tmp_path, exactly, exactly + " ", "[" * (3 * LIMIT), VIEW)
    assert found.lines == [1, 4]
    assert found.errors == [(2, "too_long"), (3, "too_long")]


def test_gzipped_and_not_give_the_same(tmp_path: Path) -> None:
    content = VIEW + "\nbad\n" + VIEW
    plain = read(write(tmp_path / "a.ndjson", content))
    zipped = read(write(tmp_path / "a.ndjson.gz", content))
    assert plain.events == zipped.events == [PageView("c1", 1000)] * 2
    assert plain.errors == zipped.errors == [(2, "not_json")]


def test_an_empty_file_has_no_events(tmp_path: Path) -> None:
    assert read(write(tmp_path / "a.ndjson", "")) == ([], [], [])
