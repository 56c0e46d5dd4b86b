"""The message record: what other systems read, the same in every re-run, whatever customers put into it."""

from __future__ import annotations

import json
from uuid import UUID

import msgspec

from scoring.campaigns.cart import LONGEST_PRODUCT_ID, MOST_LINES
from tests.scoring.campaigns.shop import CART, DAY, HOUR, MINUTE, Shop, T, add, buy, clear, profile, reachable


def first(*events: object) -> dict[str, object]:
    return Shop().send(*events).until(T + DAY).messages[0]  # type: ignore[arg-type]


def test_a_whole_record() -> None:
    shop = (
        Shop()
        .send(reachable(), add(0, "p1", 2000, 1999), add(MINUTE, "p2", 1500, "0.005"), add(2 * MINUTE, "p3", 1000, None))
        .until(T + DAY)
    )
    (entered,) = [c for c in shop.changes if c["kind"] == "entered"]
    record = shop.messages[0]
    assert UUID(record.pop("message_id")).version == 5
    assert record == {
        "customer_id": "c1", "campaign": "abandoned_cart", "step": 1, "variant": None, "template": "abandoned_cart_1",
        "decision": "send", "reason": "", "at": "2026-03-01T11:02:00.000Z", "change_id": entered["change_id"],
        "to": "kim@example.org", "language": "nl",
        "context": {
            "segment": "cart_abandoned", "from": None, "to": None, "since": "2026-03-01T11:02:00.000Z", "attributes": entered["attributes"],
            "first_name": "Kim", "transactional": False,
            "cart": [
                {"product_id": "p1", "quantity": 2, "price": 19.99, "value": 39.98},
                {"product_id": "p2", "quantity": 1.5, "price": 0.005, "value": 0.01},
                {"product_id": "p3", "quantity": 1, "price": None, "value": 0},
            ],
            "cart_lines_left_out": 0, "cart_items": 4.5, "cart_value": 39.99,
                "valid_until": "2026-03-02T11:02:00.000Z", "quiet": None,
        },
    }  # fmt: skip


def test_the_cart_is_that_of_the_instant_of_decision() -> None:
    shop = Shop().send(reachable(), add(0)).until(T + HOUR).send(add(2 * HOUR, "p2", price=500)).until(T + 2 * DAY)
    assert [[line["product_id"] for line in m["context"]["cart"]] for m in shop.messages] == [["p1"], ["p1", "p2"]]
    assert [m["context"]["cart_value"] for m in shop.messages] == [19.99, 24.99]
    assert shop.messages[1]["context"]["attributes"] == shop.messages[0]["context"]["attributes"], "those of the trigger"


def test_ids_are_the_same_in_a_rerun_and_differ_by_episode_step_campaign_and_customer() -> None:
    def ids(campaigns: str = CART, customer: str = "c1") -> list[str]:
        shop = (
            Shop(campaigns, customer=customer)
            .send(reachable(), add(0))
            .until(T + 5 * DAY)
            .send(clear(6 * DAY), add(6 * DAY + 1))
            .until(T + 20 * DAY)
        )
        return [m["message_id"] for m in shop.messages]

    assert ids() == ids()
    everything = ids() + ids(customer="c2") + ids(CART.replace('"abandoned_cart"', '"other"'))
    assert len(everything) == 18 == len(set(everything))


def test_headers_are_cloud_events() -> None:
    shop = Shop().send(reachable(), add(0))
    out: list[list[object]] = []
    assert shop.state is not None
    shop.engine.until(shop.state, T + HOUR, out)
    (message,) = [entry for entry in out if entry[0] == 1]
    topic, value, headers = shop.engine.render(message, "c1", T)
    assert topic == "messages"
    record = json.loads(value)
    assert record["detected_at"] == "2026-03-01T10:00:00.000Z"
    named = dict(headers)
    assert (
        named["ce_type"] == b"gedrag.message.send" and named["ce_id"] == record["message_id"].encode() and named["ce_specversion"] == b"1.0"
    )
    assert named["ce_time"] == record["at"].encode() and named["ce_subject"] == b"c1" and named["content-type"] == b"application/json"


def test_an_entry_survives_msgpack_and_what_the_driver_appends() -> None:
    shop = Shop().send(reachable(), add(0))
    out: list[list[object]] = []
    assert shop.state is not None
    shop.engine.until(shop.state, T + HOUR, out)
    entry = out[-1]
    stored = msgspec.msgpack.decode(msgspec.msgpack.encode([*entry, ["cart_add", T, "cart-events", 0, 1]]))
    assert shop.engine.render(stored, "c1", None) == shop.engine.render(entry, "c1", None)


def test_records_that_send_nothing_hold_no_address_and_no_cart() -> None:
    shop = Shop().send(profile(-DAY, email="kim@example.org"), add(0)).until(T + HOUR).send(buy(2 * HOUR))
    assert [(m["decision"], m["to"], m["language"], m["context"]) for m in shop.messages] == [
        ("suppressed", None, None, {}),
        ("cancelled", None, None, {}),
    ]


def test_language_of_the_profile_else_of_the_policy() -> None:
    def language(value: object, campaigns: str = CART) -> object:
        return Shop(campaigns).send(reachable(), profile(-HOUR, language=value), add(0)).until(T + HOUR).messages[0]["language"]

    assert [language(value) for value in ("nl", "NL-be", "de_AT", "fil")] == ["nl", "nl", "de", "fil"]
    assert [language(value) for value in (None, "", "../../etc", "x", "klingon", "nl\n")] == ["en"] * 6
    assert language(None, CART.replace('"en"', '"nl"')) == "nl"


def test_a_giant_cart_makes_a_small_record() -> None:
    shop = Shop().send(reachable())
    for n in range(300):
        shop.send(add(n, f"{n}-" + "x" * 5000))
    record = shop.until(T + DAY).messages[0]
    context = record["context"]
    assert len(context["cart"]) == MOST_LINES and context["cart_lines_left_out"] == 300 - MOST_LINES
    assert context["cart_items"] == 300 and context["cart_value"] == 5997
    assert max(len(line["product_id"]) for line in context["cart"]) == LONGEST_PRODUCT_ID
    assert len(json.dumps(record)) < 20_000


def test_what_customers_write_stays_text() -> None:
    hostile = 'x\r\nBcc: all@example.org {{ 7 * 7 }} <b> " \\ \u2028 \0'
    record = first(reachable(), profile(-HOUR, first_name=hostile), add(0, hostile))
    context = record["context"]
    assert isinstance(context, dict)
    assert context["first_name"] == hostile and context["cart"][0]["product_id"] == hostile
    assert first(reachable(), profile(-HOUR, first_name="é" * 500), add(0))["context"]["first_name"] == "é" * 100  # type: ignore[index]
