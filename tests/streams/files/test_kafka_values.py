"""What is read of a file and sent to Kafka is the same event there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scoring.events.decode import decoders
from scoring.events.rows import kafka_value
from tests.streams.files.writing import records, write

LINES = (
    '{"event_type":"page_view","customer_id":"c1","ts":"1970-01-01T00:00:01.0009Z","price":12.50,"url":"/é"}',
    '{"event_type":"cart_add","customer_id":"c1","ts":1000,"product_id":"p","price":0.10000000000000000001}',
    '{"event_type":"checkout_started","action":null,"customer_id":"c1","ts":1000}',
    '{"event_type":"wishlist_add","action":"wishlist_add","customer_id":"c1","ts":1000,"product_id":"p"}',
    '{"event_type":"purchase","customer_id":"zoë","ts":1000,"lines":[{"price":1.005}]}',
    '{"event_type":"refund","customer_id":"c1","ts":1000,"total":-1,"order_id":""}',
    '{"event_type":"email_clicked","customer_id":"c1","ts":1000,"message_id":"m"}',
    '{"event_type":"feedback","customer_id":"c1","ts":1000,"kind":"ces","score":1}',
    '{"event_type":"profile","customer_id":"c1","ts":1000,"email":null,"traits":{"a":1.10}}',
)


@pytest.mark.parametrize("line", LINES)
@pytest.mark.parametrize("shift", [0, 86_400_000])
def test_same_event(tmp_path: Path, line: str, shift: int) -> None:
    (record,) = records(write(tmp_path / "a.ndjson", line))
    assert record.value is not None
    value = kafka_value(record.value, record.event, shift)
    again = decoders()[record.event.rank](value, record.event.customer_id.encode(), record.event.ts + shift)
    assert again.ts == record.event.ts + shift
    again.ts = record.event.ts
    assert again == record.event


def test_numbers_keep_their_text_and_event_type_goes(tmp_path: Path) -> None:
    (record,) = records(write(tmp_path / "a.ndjson", LINES[1]))
    assert record.value is not None
    value = kafka_value(record.value, record.event)
    assert b'"price":0.10000000000000000001' in value
    assert json.loads(value).keys() == {"customer_id", "ts", "product_id", "price", "action"}
