"""What all events have in common: JSON, key, customer, ts, ids and currency."""

from __future__ import annotations

import json

import pytest

from scoring.events.decode import FUTURE, Invalid, decoders
from scoring.events.schema import CART_EVENTS, EMAIL_EVENTS, FEEDBACK, PAGE_VIEWS, PROFILES, PURCHASES, PageView
from tests.scoring.events.shop import DECODERS, LEAST, NOON, RANKS, error_of, number, raw, send


@pytest.mark.parametrize("rank", RANKS)
def test_the_least_event_takes_the_records_own_time(rank: int) -> None:
    event = send(rank)
    assert (event.rank, event.customer_id, event.ts, event.event_id) == (rank, "c1", NOON, None)


@pytest.mark.parametrize("rank", RANKS)
@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("", "not_json"), ("x", "not_json"), ('{"customer_id":"c1"', "not_json"), ('{"customer_id":"c1"} x', "not_json"),
        ('{"customer_id":"c1",}', "not_json"), ("{'customer_id':'c1'}", "not_json"), ('{"customer_id":"c1","z":NaN}', "not_json"),
        ('{"customer_id":"c1","z":01}', "not_json"), ('\ufeff{"customer_id":"c1"}', "not_json"),
        (b'{"customer_id":"c1","z":"\xff"}', "not_json"),
        (b'{"customer_id":"c1","\xff":1}', "not_json"), (b'{"customer_id":"\xed\xa0\x80"}', "not_json"),
        ('{"customer_id":"\\ud800"}', "not_json"),
        ('{"customer_id":"c1","z":"\\ud800"}', "not_json"), ('{"customer_id":"c1","z":' + "[" * 100_000 + "]" * 100_000 + "}", "not_json"),
        ('{"customer_id":"c1"}'.encode("utf-16"), "not_json"), (b"\x00", "not_json"),
        ("[]", "not_an_object"), ("null", "not_an_object"), ("12", "not_an_object"), ('"c1"', "not_an_object"), ("true", "not_an_object"),
        ("{}", "missing_field"), ('{"customer_id":null}', "missing_field"), ('{"customer_id":""}', "missing_field"),
        ('{"customer_id":1}', "wrong_type"), ('{"customer_id":["c1"]}', "wrong_type"), ('{"customer_id":true}', "wrong_type"),
    ],
)  # fmt: skip
def test_what_is_no_event(rank: int, text: str | bytes, error: str) -> None:
    assert error_of(rank, text) == error


@pytest.mark.parametrize("rank", RANKS)
def test_a_tombstone_is_refused(rank: int) -> None:
    with pytest.raises(Invalid, match="no_value"):
        DECODERS[rank](None, b"c1", NOON)


@pytest.mark.parametrize("key", [None, b"", b"c2", b"C1", b"c1 ", b'"c1"', b"\xff"])
def test_the_key_is_the_customer(key: bytes | None) -> None:
    assert error_of(PAGE_VIEWS, '{"customer_id":"c1"}', NOON, key) == "key_mismatch"


def test_the_key_is_utf8() -> None:
    assert raw(PAGE_VIEWS, '{"customer_id":"zoë"}', key="zoë".encode()).customer_id == "zoë"
    assert error_of(PAGE_VIEWS, '{"customer_id":"zoë"}', NOON, "zoë".encode("latin-1")) == "key_mismatch"


@pytest.mark.parametrize("customer_id", ["x", "x" * 128, "é" * 128, "😀" * 128, " ", "\u0000", "a\nb", "\x7f", "a/b:c"])
def test_customer_ids_are_1_to_128_characters_of_any_kind(customer_id: str) -> None:
    assert raw(PAGE_VIEWS, json.dumps({"customer_id": customer_id}), key=customer_id.encode()).customer_id == customer_id


def test_a_longer_customer_id_is_refused() -> None:
    assert error_of(PAGE_VIEWS, json.dumps({"customer_id": "é" * 129}), NOON, "é".encode() * 129) == "too_long"


def test_unknown_fields_are_ignored_and_of_two_the_last_counts() -> None:
    assert raw(PAGE_VIEWS, '{"x":{"y":[1,{"z":"é"}]},"customer_id":"c0","customer_id":"c1"}') == PageView("c1", NOON)


@pytest.mark.parametrize("rank", RANKS)
def test_null_is_absent(rank: int) -> None:
    optional = {
        PAGE_VIEWS: ("url", "page_type", "product_id", "category_id", "price", "query", "referrer", "user_agent", "country", "language",
                     "feature", "benefit", "currency"),
        CART_EVENTS: ("quantity", "price", "category_id", "currency"),
        PURCHASES: ("status", "lines", "total", "discount", "coupon", "gift", "currency"),
        EMAIL_EVENTS: ("machine",),
        FEEDBACK: ("score", "max_score", "text", "product_id", "answers"),
        PROFILES: (),
    }[rank]  # fmt: skip
    nulls = dict.fromkeys(("ts", "event_id", "session_id", "event_type", *optional))
    assert send(rank, **nulls) == send(rank)


@pytest.mark.parametrize("rank", RANKS)
def test_ids_that_are_no_text_are_mistyped_and_empty_ones_absent(rank: int) -> None:
    assert error_of(rank, event_id=7) == "wrong_type"
    assert error_of(rank, session_id=7) == "wrong_type"
    assert send(rank, event_id="e1").event_id == "e1"
    assert send(rank, event_id="", session_id="") == send(rank)


class TestTs:
    @pytest.mark.parametrize("ts", [NOON - 1000, "2026-03-01T10:59:59Z", "2026-03-01T11:59:59.0004+01:00"])
    def test_is_text_or_epoch_milliseconds(self, ts: int | str) -> None:
        assert send(PAGE_VIEWS, ts=ts).ts == NOON - 1000

    @pytest.mark.parametrize(
        "text", ["1772362799000.0", "1.772e12", "1772362799.5", "true", '"1772362799000"', '"2026-03-01T11:00:00"', "[]", '""']
    )
    def test_is_nothing_else(self, text: str) -> None:
        assert error_of(PAGE_VIEWS, f'{{"customer_id":"c1","ts":{text}}}') == "bad_ts"

    @pytest.mark.parametrize("text", ["1e400", "9" * 30, "9" * 5000, "-" + "9" * 30, "253402300800000", "-62135596800001"])
    def test_has_a_year_of_four_digits(self, text: str) -> None:
        assert error_of(PAGE_VIEWS, f'{{"customer_id":"c1","ts":{text}}}') == "bad_ts"

    @pytest.mark.parametrize("rank", RANKS)
    def test_is_at_most_five_minutes_after_the_record(self, rank: int) -> None:
        assert send(rank, ts=NOON + FUTURE).ts == NOON + 300_000
        assert error_of(rank, ts=NOON + FUTURE + 1) == "future_ts"
        assert error_of(rank, ts="2026-03-01T11:05:00.001Z") == "future_ts"

    def test_may_be_of_long_ago(self) -> None:
        assert send(PAGE_VIEWS, ts=0).ts == 0
        assert send(PAGE_VIEWS, ts="1812-06-24T00:00:00Z").ts < 0

    def test_absent_needs_a_record_with_a_timestamp(self) -> None:
        assert error_of(PAGE_VIEWS, '{"customer_id":"c1"}', -1) == "bad_ts"
        assert error_of(PAGE_VIEWS, '{"customer_id":"c1"}', 1 << 62) == "bad_ts"


class TestCurrency:
    @pytest.mark.parametrize("rank", [PAGE_VIEWS, CART_EVENTS, PURCHASES])
    def test_must_be_the_shops(self, rank: int) -> None:
        assert send(rank, currency="EUR") == send(rank)
        assert error_of(rank, currency="USD") == "currency"
        assert error_of(rank, currency="eur") == "currency"
        assert error_of(rank, currency=978) == "wrong_type"

    def test_is_a_setting(self) -> None:
        value = b'{"customer_id":"c1","currency":"JPY"}'
        assert decoders("JPY")[PAGE_VIEWS](value, b"c1", NOON) == send(PAGE_VIEWS)

    @pytest.mark.parametrize("rank", [EMAIL_EVENTS, FEEDBACK, PROFILES])
    def test_is_no_field_where_there_is_no_money(self, rank: int) -> None:
        assert send(rank, currency="USD") == send(rank)


@pytest.mark.parametrize("rank", RANKS)
def test_event_type_must_not_contradict_the_topic(rank: int) -> None:
    own = ("page_view", "cart_add", "purchase", "email_opened", "feedback", "profile")
    assert send(rank, event_type=own[rank]) == send(rank)
    for other in (*own[:rank], *own[rank + 1 :], "nonsense", ""):
        assert error_of(rank, event_type=other) == "contradiction"
    assert error_of(rank, event_type=1) == "wrong_type"


def test_the_detail_names_the_field_and_stays_short() -> None:
    with pytest.raises(Invalid) as refused:
        number(CART_EVENTS, "price", '"' + "x\\n" * 5000 + '"')
    assert refused.value.detail.startswith("price ")
    assert len(refused.value.detail) < 200
    assert refused.value.detail.isprintable()


def test_every_rank_has_its_decoder() -> None:
    assert [type(send(rank)).__name__ for rank in LEAST] == ["PageView", "CartEvent", "Purchase", "EmailEvent", "Feedback", "Profile"]
