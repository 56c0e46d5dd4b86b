"""Who is who, and who is to be forgotten, as records and in files."""

from __future__ import annotations

import json

import pytest

from scoring.events.decode import Invalid, decoders
from scoring.events.rows import from_cells, from_row, kafka_value, line_decoder
from scoring.events.schema import IDENTITIES, Identity

TS = 1_768_435_200_000
decode = decoders()[IDENTITIES]


def record(**fields: object) -> Identity:
    found = decode(json.dumps({"customer_id": "kim", "ts": TS, **fields}).encode(), b"kim", TS)
    assert isinstance(found, Identity)
    return found


def test_an_id_is_joined_and_a_customer_forgotten() -> None:
    assert record(anonymous_id="anon", event_id="e1") == Identity("kim", TS, "anon", event_id="e1")
    assert record(forget=True) == Identity("kim", TS, forget=True)
    assert record(forget=False, anonymous_id="anon") == Identity("kim", TS, "anon")
    assert record(event_type="forget") == Identity("kim", TS, forget=True)


@pytest.mark.parametrize(
    ("fields", "error", "names"),
    [
        ({}, "missing_field", "anonymous_id"),
        ({"anonymous_id": ""}, "missing_field", "anonymous_id"),
        ({"anonymous_id": 5}, "wrong_type", "anonymous_id"),
        ({"anonymous_id": "x" * 129}, "too_long", "anonymous_id: expected 1 to 128"),
        ({"forget": True, "anonymous_id": "anon"}, "contradiction", "not with forget"),
        ({"forget": "yes"}, "wrong_type", "forget"),
        ({"event_type": "forget", "forget": False}, "contradiction", "forget false"),
        ({"event_type": "page_view", "anonymous_id": "anon"}, "contradiction", "identity, forget"),
    ],
)
def test_what_is_refused(fields: dict[str, object], error: str, names: str) -> None:
    with pytest.raises(Invalid) as refused:
        record(**fields)
    assert refused.value.error == error and names in refused.value.detail


def test_in_files_the_event_type_tells_them_apart_and_on_kafka_a_field() -> None:
    for row, value in (
        ({"event_type": "identity", "anonymous_id": "anon"}, {"anonymous_id": "anon"}),
        ({"event_type": "forget"}, {"forget": True}),
    ):
        line = json.dumps({"customer_id": "kim", "ts": TS} | row).encode()
        event = line_decoder()(line)
        assert json.loads(kafka_value(line, event)) == {"customer_id": "kim", "ts": TS} | value
        assert decode(kafka_value(line, event), b"kim", TS) == event
    cells = {"event_type": "forget", "customer_id": "kim", "ts": str(TS), "forget": "true", "anonymous_id": ""}
    assert from_row(from_cells(cells)) == Identity("kim", TS, forget=True)
