"""Each topic's own fields: what is accepted, what it becomes, what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from scoring.events.schema import CART_EVENTS, EMAIL_EVENTS, FEEDBACK, PAGE_VIEWS, PROFILES, PURCHASES, CartEvent, PageView
from tests.scoring.events.shop import NOON, error_of, number, raw, send


class TestPageViews:
    def test_what_is_kept(self) -> None:
        event = send(
            PAGE_VIEWS, event_id="e", session_id="s", product_id="p", category_id="k", page_type="search", price=12.5, url="u", query="q",
            referrer="r", user_agent="a", country="NL", language="nl", feature="f", benefit="usp",
        )  # fmt: skip
        assert event == PageView("c1", NOON, "e", "p", "search", "k", "s", cents=1250)

    @pytest.mark.parametrize("word", ["home", "category", "product", "search", "sale", "help", "returns", "shipping", "warranty", "reviews",
                                      "size_guide", "checkout", "account", "article"])  # fmt: skip
    def test_known_page_types(self, word: str) -> None:
        assert send(PAGE_VIEWS, page_type=word).page_type == word

    @pytest.mark.parametrize("word", ["other", "landing", "Home", "", "search "])
    def test_any_other_word_is_other(self, word: str) -> None:
        assert send(PAGE_VIEWS, page_type=word).page_type == "other"

    def test_an_unknown_benefit_is_ignored(self) -> None:
        assert send(PAGE_VIEWS, benefit="glamour") == send(PAGE_VIEWS)

    @pytest.mark.parametrize("field", ["url", "page_type", "product_id", "category_id", "query", "referrer", "user_agent",
    "country", "language",
                                       "feature", "benefit"])  # fmt: skip
    @pytest.mark.parametrize("value", [1, True, [], {}])
    def test_texts_are_texts(self, field: str, value: Any) -> None:
        assert error_of(PAGE_VIEWS, **{field: value}) == "wrong_type"

    def test_a_price_is_a_number(self) -> None:
        assert error_of(PAGE_VIEWS, price="12.5") == "wrong_type"
        assert error_of(PAGE_VIEWS, price=True) == "wrong_type"


class TestCartEvents:
    @pytest.mark.parametrize(
        ("action", "fields", "kept"),
        [
            ("add", {}, ("p", 1000, None)),
            ("add", {"quantity": 2, "price": 12.95}, ("p", 2000, 1295)),
            ("add", {"quantity": 0.001}, ("p", 1, None)),
            ("update", {}, ("p", 1000, None)),
            ("update", {"quantity": 0}, ("p", 0, None)),
            ("remove", {}, ("p", None, None)),
            ("remove", {"quantity": 0}, ("p", 0, None)),
            ("remove", {"quantity": 1.5, "price": 3}, ("p", 1500, 300)),
            ("wishlist_add", {"quantity": 4, "price": 1}, ("p", None, None)),
            ("clear", {}, (None, None, None)),
            ("checkout_started", {"price": 9}, (None, None, None)),
        ],
    )
    def test_what_an_action_keeps(self, action: str, fields: dict[str, Any], kept: tuple[Any, ...]) -> None:
        event = send(CART_EVENTS, action=action, category_id="k", **fields)
        assert isinstance(event, CartEvent)
        assert (event.product_id, event.quantity, event.price) == kept
        assert (event.action, event.category_id) == (action, "k")

    @pytest.mark.parametrize("action", ["add", "remove", "update", "wishlist_add"])
    def test_a_product_is_needed(self, action: str) -> None:
        assert error_of(CART_EVENTS, action=action, product_id=None) == "missing_field"
        assert error_of(CART_EVENTS, action=action, product_id="") == "missing_field"
        assert error_of(CART_EVENTS, action=action, product_id=7) == "wrong_type"

    @pytest.mark.parametrize("action", ["clear", "checkout_started"])
    def test_no_product_is_needed(self, action: str) -> None:
        assert send(CART_EVENTS, action=action, product_id=None) == send(CART_EVENTS, action=action, product_id="p")

    @pytest.mark.parametrize(
        ("action", "text"),
        [("add", "0"), ("add", "-1"), ("add", "0e3"), ("update", "-1"), ("update", "-0.0004"), ("remove", "-0.001"), ("add", "1e9")],
    )
    def test_quantities_out_of_range(self, action: str, text: str) -> None:
        with pytest.raises(ValueError, match="out_of_range"):
            number(CART_EVENTS, "quantity", text, action=action)

    def test_a_quantity_too_small_to_keep_is_more_than_nothing(self) -> None:
        event = number(CART_EVENTS, "quantity", "0.0004", action="add")
        assert isinstance(event, CartEvent) and event.quantity == 0

    @pytest.mark.parametrize("text", ['"1"', "true", "[]"])
    def test_quantities_are_numbers(self, text: str) -> None:
        for action in ("add", "clear"):
            with pytest.raises(ValueError, match="wrong_type"):
                number(CART_EVENTS, "quantity", text, action=action)

    def test_prices_are_not_negative(self) -> None:
        for action in ("add", "update", "remove", "wishlist_add", "clear"):
            assert error_of(CART_EVENTS, action=action, price=-0.01) == "out_of_range"

    def test_a_price_is_its_text_and_no_float(self) -> None:
        event = number(CART_EVENTS, "price", "0.10000000000000000001")
        assert isinstance(event, CartEvent) and event.price == "0.10000000000000000001"
        assert number(CART_EVENTS, "price", "4.35").price == 435  # type: ignore[union-attr]  # as a float 4.35 * 100 is 434.99…

    def test_actions(self) -> None:
        assert error_of(CART_EVENTS, '{"customer_id":"c1","product_id":"p"}') == "missing_field"
        assert error_of(CART_EVENTS, action=None) == "missing_field"
        for action in ("cart_add", "buy", "ADD", ""):
            assert error_of(CART_EVENTS, action=action) == "unknown_action"
        assert error_of(CART_EVENTS, action=1) == "wrong_type"

    @pytest.mark.parametrize("action", ["add", "remove", "update", "clear", "checkout_started", "wishlist_add"])
    def test_event_type_stands_in_for_the_action_and_must_agree_with_it(self, action: str) -> None:
        event = send(CART_EVENTS, action=action)
        assert send(CART_EVENTS, action=None, event_type=event.event_type) == event
        assert send(CART_EVENTS, action=action, event_type=event.event_type) == event
        other = "cart_add" if action != "add" else "cart_clear"
        assert error_of(CART_EVENTS, action=action, event_type=other) == "contradiction"


class TestPurchases:
    @pytest.mark.parametrize(
        ("fields", "amount"),
        [
            ({}, 0),
            ({"lines": []}, 0),
            ({"lines": [{}]}, 0),
            ({"lines": [{"price": 2.5}]}, 250),
            ({"lines": [{"product_id": "p", "quantity": 3, "price": 2.5, "category_id": "k"}, {"quantity": 9}]}, 750),
            ({"lines": [{"quantity": 0, "price": 2.5}]}, 0),
            ({"lines": [{"quantity": None, "price": None}]}, 0),
            ({"total": 10}, 1000),
            ({"total": 0, "lines": [{"price": 2.5}]}, 0),
            ({"total": 10, "lines": [{"price": 2.5}], "discount": 1.5, "coupon": "X", "gift": True}, 1000),
            # Each line by itself is rounded half even: 0.5 -> 0, 1.5 -> 2, 2.5 -> 2 cents.
            ({"lines": [{"quantity": 0.5, "price": 0.01}, {"quantity": 1.5, "price": 0.01}, {"quantity": 2.5, "price": 0.01}]}, 4),
            ({"lines": [{"quantity": 3, "price": 0.005}]}, 2),
            ({"lines": [{"quantity": 0.3335, "price": 1000}]}, 33400),  # the quantity is 0.334
        ],
    )
    def test_the_amount(self, fields: dict[str, Any], amount: int) -> None:
        event = send(PURCHASES, **fields)
        assert (event.amount, event.refunded, event.order_id) == (amount, False, "o")  # type: ignore[union-attr]

    def test_refunds_ignore_signs(self) -> None:
        for fields in (
            {"total": -12.5},
            {"total": 12.5},
            {"lines": [{"quantity": -5, "price": 2.5}]},
            {"lines": [{"quantity": 5, "price": 2.5}]},
        ):
            event = send(PURCHASES, status="refunded", **fields)
            assert (event.amount, event.refunded, event.event_type) == (1250, True, "refund")  # type: ignore[union-attr]
        assert error_of(PURCHASES, status="refunded", lines=[{"quantity": 5, "price": -2.5}]) == "out_of_range"

    def test_a_placed_orders_quantities_and_prices_are_not_negative(self) -> None:
        assert error_of(PURCHASES, lines=[{"quantity": -1, "price": 1}]) == "out_of_range"
        assert error_of(PURCHASES, lines=[{"price": -1}]) == "out_of_range"

    @pytest.mark.parametrize(
        "fields",
        [
            {"lines": {}}, {"lines": [1]}, {"lines": [None]}, {"lines": "x"}, {"lines": [{"product_id": 1}]}, {"lines": [{"price": "1"}]},
            {"lines": [{"quantity": True}]}, {"total": "10"}, {"total": True}, {"discount": "1"}, {"coupon": 1}, {"gift": "yes"},
            {"gift": 1},
            {"order_id": 7}, {"status": 1},
        ],
    )  # fmt: skip
    def test_mistyped(self, fields: dict[str, Any]) -> None:
        assert error_of(PURCHASES, **fields) == "wrong_type"

    @pytest.mark.parametrize("order_id", [None, ""])
    def test_an_order_has_an_id(self, order_id: str | None) -> None:
        assert error_of(PURCHASES, order_id=order_id) == "missing_field"

    def test_absurd_amounts(self) -> None:
        assert error_of(PURCHASES, lines=[{"quantity": 999_999_999, "price": 999_999_999_999}]) == "out_of_range"
        assert error_of(PURCHASES, lines=[{"quantity": 1000, "price": 999_999_999}] * 2) == "out_of_range"
        for total in ("1e400", "1E999999999", "100000000000000000000"):
            with pytest.raises(ValueError, match="out_of_range"):
                number(PURCHASES, "total", total)

    def test_status(self) -> None:
        assert send(PURCHASES, status="placed") == send(PURCHASES)
        assert error_of(PURCHASES, status="pending") == "unknown_status"

    @pytest.mark.parametrize(
        ("event_type", "status", "refunded"),
        [("purchase", None, False), ("purchase", "placed", False), ("refund", None, True), ("refund", "refunded", True)],
    )
    def test_event_type_and_status_that_agree(self, event_type: str, status: str | None, refunded: bool) -> None:
        assert send(PURCHASES, event_type=event_type, status=status).refunded is refunded  # type: ignore[union-attr]

    def test_event_type_and_status_that_contradict_each_other(self) -> None:
        assert error_of(PURCHASES, event_type="purchase", status="refunded") == "contradiction"
        assert error_of(PURCHASES, event_type="refund", status="placed") == "contradiction"


class TestEmailEvents:
    @pytest.mark.parametrize("word", ["delivered", "opened", "clicked", "bounced", "complained", "unsubscribed"])
    def test_types(self, word: str) -> None:
        event = send(EMAIL_EVENTS, type=word, machine=True)
        assert (event.type, event.message_id, event.machine) == (word, "m", True)  # type: ignore[union-attr]
        assert send(EMAIL_EVENTS, type=None, event_type=f"email_{word}", machine=True) == event

    def test_refused(self) -> None:
        assert error_of(EMAIL_EVENTS, type="email_opened") == "unknown_type"
        assert error_of(EMAIL_EVENTS, type=None) == "missing_field"
        assert error_of(EMAIL_EVENTS, message_id=None) == "missing_field"
        assert error_of(EMAIL_EVENTS, message_id=5) == "wrong_type"
        assert error_of(EMAIL_EVENTS, machine="true") == "wrong_type"
        assert error_of(EMAIL_EVENTS, type="opened", event_type="email_clicked") == "contradiction"


class TestFeedback:
    @pytest.mark.parametrize("kind", ["nps", "csat", "ces", "review", "survey", "complaint"])
    def test_kinds(self, kind: str) -> None:
        event = send(FEEDBACK, kind=kind, score=9, max_score=10, text="fine", product_id="p", answers={"q": [1, "two"]})
        assert (event.kind, event.score, event.max_score, event.text, event.product_id) == (kind, 9.0, 10.0, "fine", "p")  # type: ignore[union-attr]

    def test_refused(self) -> None:
        assert error_of(FEEDBACK, kind=None) == "missing_field"
        assert error_of(FEEDBACK, kind="praise") == "unknown_kind"
        for field, value in (("kind", 1), ("score", "9"), ("max_score", True), ("text", 5), ("product_id", 5)):
            assert error_of(FEEDBACK, **{field: value}) == "wrong_type"
        with pytest.raises(ValueError, match="out_of_range"):
            number(FEEDBACK, "score", "1e400")


class TestProfiles:
    def fields(self, **given: Any) -> dict[str, object]:
        return send(PROFILES, **given).fields  # type: ignore[union-attr]

    def test_each_consent_and_trait_is_a_field_of_its_own(self) -> None:
        given = {
            "email": "a@example.com",
            "household_size": 3,
            "consent": {"email": True, "profiling": None},
            "traits": {"size": "M", "n": 2},
        }
        assert self.fields(**given) == {
            "email": "a@example.com",
            "household_size": 3,
            "consent.email": True,
            "consent.profiling": None,
            "traits.size": "M",
            "traits.n": 2,
        }

    def test_absent_is_not_null(self) -> None:
        assert self.fields() == {}
        assert self.fields(email=None, city="") == {"email": None, "city": ""}

    def test_null_for_all_consents_takes_each_away(self) -> None:
        assert self.fields(consent=None) == {"consent.email": None, "consent.profiling": None}
        assert self.fields(consent={}, traits=None) == {}

    def test_unknown_consents_are_ignored(self) -> None:
        assert self.fields(consent={"sms": "maybe"}) == {}

    @pytest.mark.parametrize("field", ["email", "first_name", "language", "time_zone", "country", "region", "city", "postal_code",
    "birth_date",
                                       "gender", "income_band", "education", "occupation", "nationality"])  # fmt: skip
    def test_texts(self, field: str) -> None:
        assert self.fields(**{field: "x"}) == {field: "x"}
        assert error_of(PROFILES, **{field: 5}) == "wrong_type"

    @pytest.mark.parametrize("given", [{"household_size": "3"}, {"household_size": True}, {"consent": True}, {"consent": {"email": 1}},
                                       {"consent": {"email": "true"}}, {"traits": []}, {"traits": "x"}])  # fmt: skip
    def test_mistyped(self, given: dict[str, Any]) -> None:
        assert error_of(PROFILES, **given) == "wrong_type"

    @pytest.mark.parametrize(
        "text", ['{"a":18446744073709551616}', '{"a":[{"b":-9223372036854775809}]}', '{"a":1e999}', '{"a":[[[[[[[[[1]]]]]]]]]}']
    )
    def test_traits_that_no_state_can_hold(self, text: str) -> None:
        assert error_of(PROFILES, f'{{"customer_id":"c1","traits":{text}}}') == "out_of_range"

    def test_traits_of_any_sensible_kind(self) -> None:
        traits = {"a": None, "b": [1, {"c": 2.5}], "d": True, "": "é", "e": (1 << 63) - 1}
        assert self.fields(traits=traits) == {f"traits.{name}": value for name, value in traits.items()}


def test_a_lone_surrogate_in_any_text_is_refused() -> None:
    assert error_of(CART_EVENTS, '{"customer_id":"c1","action":"add","product_id":"\\udc00"}') == "not_json"
    assert raw(CART_EVENTS, '{"customer_id":"c1","action":"add","product_id":"\\ud83d\\ude00"}').product_id == "😀"  # type: ignore[union-attr]
