"""What calls become. Times are those of the specification's own example of a client's clock."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

import streams.defaults
from scoring.events.decode import Invalid, decoders
from scoring.events.schema import CART_EVENTS, EMAIL_EVENTS, FEEDBACK, IDENTITIES, PAGE_VIEWS, PROFILES, PURCHASES, TOPICS
from scoring.tracking import calls
from scoring.tracking.calls import Envelope
from scoring.tracking.mapping import TYPES, Mapper, Unknown
from scoring.tracking.read import read

RECEIVED = 1_449_720_511_909  # 2015-12-10T04:08:31.909Z
SHIPPED = read((Path(streams.defaults.__path__[0]) / "collector.toml").read_text())
DECODERS = decoders("EUR")

Records = list[tuple[int, dict[str, Any]]]


def become(call: dict[str, Any], table: str = "", around: Envelope | None = None) -> Records:
    """(rank, value) of each record, without the head all have; numbers as they were written."""
    mapper = Mapper(read(table).over(SHIPPED), DECODERS)
    found = mapper.records(calls.read(json.dumps(call).encode(), around or Envelope()), RECEIVED)
    assert all(record.key.decode() == json.loads(record.value)["customer_id"] for record in found)
    return [
        (
            record.rank,
            {
                name: value
                for name, value in json.loads(record.value, parse_float=str, parse_int=str).items()
                if name not in ("customer_id", "ts", "event_id")
            },
        )
        for record in found
    ]


def track(event: str, table: str = "", **properties: Any) -> Records:
    return become({"type": "track", "userId": "c1", "event": event, "properties": properties}, table)


def identify(traits: dict[str, Any], table: str = "", **context: Any) -> dict[str, Any]:
    ((rank, profile),) = become({"type": "identify", "userId": "c1", "traits": traits, "context": context}, table)
    assert rank == PROFILES
    return profile


def head(call: dict[str, Any]) -> dict[str, Any]:
    mapper = Mapper(SHIPPED, DECODERS)
    (record,) = mapper.records(calls.read(json.dumps({"type": "page"} | call).encode(), Envelope()), RECEIVED)
    return {name: value for name, value in json.loads(record.value).items() if name in ("customer_id", "ts", "event_id")}


def refusal(call: dict[str, Any]) -> Invalid:
    with pytest.raises(Invalid) as found:
        become(call)
    return found.value


@pytest.mark.parametrize("name", ["Product Added", "product_added", "productAdded", "PRODUCT ADDED", "Added Product"])
def test_names_count_without_case_and_blanks(name: str) -> None:
    assert track(name, product_id="p1") == [(CART_EVENTS, {"action": "add", "product_id": "p1"})]


@pytest.mark.parametrize(
    ("event", "rank", "word"),
    [
        ("Product Removed", CART_EVENTS, {"action": "remove"}), ("Wishlist Product Added to Cart", CART_EVENTS, {"action": "add"}),
        ("Product Added to Wishlist", CART_EVENTS, {"action": "wishlist_add"}),
        ("Checkout Started", CART_EVENTS, {"action": "checkout_started"}),
        ("Order Completed", PURCHASES, {"status": "placed"}), ("Order Refunded", PURCHASES, {"status": "refunded"}),
        ("Order Cancelled", PURCHASES, {"status": "refunded"}), ("Email Delivered", EMAIL_EVENTS, {"type": "delivered"}),
        ("Email Link Clicked", EMAIL_EVENTS, {"type": "clicked"}), ("Email Bounced", EMAIL_EVENTS, {"type": "bounced"}),
        ("Email Marked as Spam", EMAIL_EVENTS, {"type": "complained"}), ("Unsubscribed", EMAIL_EVENTS, {"type": "unsubscribed"}),
        ("Product Reviewed", FEEDBACK, {"kind": "review"}), ("Products Searched", PAGE_VIEWS, {"page_type": "search"}),
        ("Product List Filtered", PAGE_VIEWS, {"page_type": "category"}), ("Checkout Step Viewed", PAGE_VIEWS, {"page_type": "checkout"}),
    ],
)  # fmt: skip
def test_names_of_the_specification_stand_for_events(event: str, rank: int, word: dict[str, str]) -> None:
    ((found, value),) = track(event, product_id="p1", order_id="o1", email_id="e1")

    assert found == rank
    assert word.items() <= value.items()


@pytest.mark.parametrize(
    "event", ["Product Clicked", "Order Updated", "Coupon Applied", "Promotion Viewed", "Product Removed from Wishlist"]
)
def test_names_of_the_specification_that_say_nothing_new_become_nothing(event: str) -> None:
    assert track(event, product_id="p1", order_id="o1") == []


def test_a_name_that_nobody_knows_is_told() -> None:
    with pytest.raises(Unknown, match="Video Watched"):
        track("Video Watched")


def test_money_keeps_its_decimals_and_may_be_text() -> None:
    body = b'{"type":"track","userId":"c1","event":"Product Added","properties":{"product_id":"p1","price":19.90,"quantity":"2"}}'
    (record,) = Mapper(SHIPPED, DECODERS).records(calls.read(body, Envelope()), RECEIVED)

    assert b'"price":19.90' in record.value and b'"quantity":2' in record.value
    assert DECODERS[CART_EVENTS](record.value, record.key, RECEIVED).price == 1990  # type: ignore[union-attr]
    assert (
        refusal({"type": "track", "userId": "c", "event": "Product Added", "properties": {"product_id": "p", "price": "19,90"}}).error
        == "wrong_type"
    )


def test_an_order_counts_its_total_then_its_revenue_then_its_lines() -> None:
    lines = [{"sku": "b", "price": 3, "quantity": 2}]

    def amount(**properties: Any) -> dict[str, Any]:
        return track("Order Completed", order_id="o1", products=lines, **properties)[0][1]

    assert amount(total=27.5, revenue=25)["total"] == "27.5"
    assert amount(revenue=25)["total"] == "25"
    assert "total" not in amount()
    assert amount()["lines"] == [{"product_id": "b", "quantity": "2", "price": "3"}]


def test_a_product_is_known_by_its_id_before_its_sku() -> None:
    assert track("Product Viewed", product_id=507, sku="G-32")[0][1]["product_id"] == "507"
    assert track("Product Viewed", productId=None, sku="G-32")[0][1]["product_id"] == "G-32"


def test_a_currency_counts_in_capitals() -> None:
    assert track("Product Viewed", currency="eur")[0][1]["currency"] == "EUR"
    assert refusal({"type": "track", "userId": "c", "event": "Product Viewed", "properties": {"currency": "usd"}}).error == "currency"


def test_an_unsubscription_without_the_mails_id_still_counts() -> None:
    call = {"type": "track", "userId": "c1", "event": "Unsubscribed", "messageId": "m1"}

    assert become(call) == [(EMAIL_EVENTS, {"type": "unsubscribed", "message_id": "m1"})]


@pytest.mark.parametrize(
    ("call", "page_type"),
    [
        ({"name": "Home"}, "home"), ({"category": "Retail Page", "name": "Home"}, "home"), ({"category": "Help", "name": "Home"}, "help"),
        ({"name": "About us"}, None), ({}, None), ({"name": "Home", "properties": {"page_type": "sale"}}, "sale"),
    ],
)  # fmt: skip
def test_a_page_is_what_its_category_says_or_its_name(call: dict[str, Any], page_type: str | None) -> None:
    for type_ in ("page", "screen"):
        ((rank, value),) = become({"type": type_, "userId": "c1"} | call)
        assert (rank, value.get("page_type")) == (PAGE_VIEWS, page_type)


def test_the_category_of_a_page_is_no_category_of_products() -> None:
    """analytics.js puts it among the properties too."""
    properties = {"category": "Product", "name": "Uno", "category_id": "games"}

    assert become({"type": "page", "userId": "c1", "category": "Product", "name": "Uno", "properties": properties}) == [
        (PAGE_VIEWS, {"page_type": "product", "category_id": "games"})
    ]


def test_traits_become_a_profile_and_what_has_no_field_stays_a_trait() -> None:
    profile = identify(
        {
            "email": "p@shop.example", "first_name": "Peter", "lastName": "Gibbons", "birthday": "1971-02-19T00:00:00.000Z",
            "address": {"city": "Utrecht", "postalCode": 3511, "country": "NL", "street": "Domplein 1"}, "gender": "male",
            "emailConsent": "true", "consent": {"profiling": False}, "company": {"name": "Initech"}, "Favourite Colour": "red",
        },
        timezone="Europe/Amsterdam", locale="en-US",
    )  # fmt: skip

    assert profile == {
        "email": "p@shop.example", "first_name": "Peter", "birth_date": "1971-02-19", "city": "Utrecht", "postal_code": "3511",
        "country": "NL", "gender": "male", "consent": {"email": True, "profiling": False}, "time_zone": "Europe/Amsterdam",
        "traits": {"lastName": "Gibbons", "company": {"name": "Initech"}, "Favourite Colour": "red"},
    }  # fmt: skip


def test_null_takes_a_field_of_the_profile_away() -> None:
    assert identify({"email": None, "phone": None, "consent": {"email": None}}) == {
        "email": None, "consent": {"email": None}, "traits": {"phone": None},
    }  # fmt: skip


def test_who_identifies_himself_is_joined_to_who_he_was() -> None:
    call = {"type": "identify", "userId": "c1", "anonymousId": "a1", "traits": {}, "messageId": "m1"}

    assert become(call) == [(PROFILES, {}), (IDENTITIES, {"anonymous_id": "a1"})]
    assert become(call | {"userId": None}) == [(PROFILES, {})]
    assert become(call | {"anonymousId": "c1"}) == [(PROFILES, {})]
    assert become({"type": "alias", "userId": "c1", "previousId": "a0"}) == [(IDENTITIES, {"anonymous_id": "a0"})]
    assert become({"type": "alias", "userId": "c1", "previousId": "c1"}) == []


def test_two_events_of_one_call_have_ids_of_their_own() -> None:
    """Else the worker would take the second for a repeat of the first."""
    body = {"type": "identify", "userId": "c1", "anonymousId": "a1", "messageId": "m1"}
    found = Mapper(SHIPPED, DECODERS).records(calls.read(json.dumps(body).encode(), Envelope()), RECEIVED)

    assert [json.loads(record.value)["event_id"] for record in found] == ["m1", "m1#identity"]


def test_a_customer_is_the_user_else_the_visitor() -> None:
    assert head({"userId": "u", "anonymousId": "a"})["customer_id"] == "u"
    assert head({"userId": "", "anonymousId": "a"})["customer_id"] == "a"
    assert head({"userId": None, "anonymousId": 17})["customer_id"] == "17"
    assert refusal({"type": "page"}).error == "missing_field"


@pytest.mark.parametrize(
    ("times", "ts"),
    [
        ({}, "2015-12-10T04:08:31.909Z"),
        ({"timestamp": "2015-12-10T04:00:00Z"}, "2015-12-10T04:00:00.000Z"),
        ({"timestamp": "2015-12-10T05:00:00+01:00"}, "2015-12-10T04:00:00.000Z"),
        ({"timestamp": "2015-12-10T04:00:00.1239"}, "2015-12-10T04:00:00.123Z"),
        ({"timestamp": "2015-12-10"}, "2015-12-10T00:00:00.000Z"),
        ({"timestamp": 1_449_720_000_000}, "2015-12-10T04:00:00.000Z"),
        ({"timestamp": "2015-12-10T04:08:30.581Z", "sentAt": "2015-12-10T04:08:31.581Z"}, "2015-12-10T04:08:30.909Z"),
        ({"timestamp": "1970-01-01T00:00:07Z", "sentAt": "1970-01-01T00:00:10Z"}, "2015-12-10T04:08:28.909Z"),
        ({"timestamp": "2030-01-01T00:00:00Z", "sentAt": "2030-01-01T00:00:00Z"}, "2015-12-10T04:08:31.909Z"),
        ({"sentAt": "2030-01-01T00:00:00Z"}, "2015-12-10T04:08:31.909Z"),
    ],
)
def test_when_it_was(times: dict[str, Any], ts: str) -> None:
    assert head({"userId": "u"} | times)["ts"] == ts


@pytest.mark.parametrize(
    ("times", "error"),
    [
        ({"timestamp": "2015-2-02T00:30:12.984Z"}, "bad_ts"), ({"timestamp": ""}, "bad_ts"), ({"timestamp": 1e300}, "bad_ts"),
        ({"timestamp": True}, "wrong_type"), ({"timestamp": "2015-12-10T05:00:00Z"}, "future_ts"),
        ({"timestamp": "2015-12-10T04:00:00Z", "sentAt": "soon"}, "bad_ts"),
        ({"timestamp": "9999-12-31T23:59:59Z", "sentAt": "0001-01-01T00:00:00Z"}, "bad_ts"),
    ],
)  # fmt: skip
def test_a_time_that_is_none_is_refused(times: dict[str, Any], error: str) -> None:
    assert refusal({"type": "page", "userId": "u"} | times).error in (error, "bad_ts")


def test_what_comes_around_a_call_goes_for_it() -> None:
    around = Envelope("page", "2015-12-10T04:08:30.909Z", {"locale": msgspec.Raw(b'"nl-NL"')})
    call = {"userId": "u", "timestamp": "2015-12-10T04:08:29.909Z", "type": "track"}

    assert become(call, around=around) == [(PAGE_VIEWS, {"language": "nl-NL"})]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(["product_id", "price", "quantity", "products", "order_id", "total", "consent", "address", "email", "rating"])
OBJECTS = st.dictionaries(NAMES | st.text(max_size=8), JSON, max_size=6)
EVENTS = st.sampled_from(["Product Added", "Order Completed", "Order Refunded", "Product Viewed", "Product Reviewed", "Email Opened"])


@given(
    st.fixed_dictionaries(
        {"type": st.sampled_from(TYPES) | JSON},
        optional={
            "userId": st.text(max_size=8) | JSON, "anonymousId": JSON, "previousId": st.text(max_size=4),
            "event": EVENTS | st.text(max_size=4),
            "properties": OBJECTS | JSON, "traits": OBJECTS | JSON, "context": OBJECTS | JSON, "timestamp": JSON, "sentAt": JSON,
            "messageId": JSON, "name": JSON, "category": JSON,
        },
    )
)  # fmt: skip
def test_whatever_comes_becomes_events_or_a_reason(call: dict[str, Any]) -> None:
    try:
        found = Mapper(SHIPPED, DECODERS).records(calls.read(json.dumps(call).encode(), Envelope()), RECEIVED)
    except (Invalid, Unknown):
        return
    for record in found:
        assert DECODERS[record.rank](record.value, record.key, RECEIVED).rank == record.rank < len(TOPICS)
