"""Hold-out and variants: by a hash, the same in every run, and changed weights move only whom they must."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.campaigns.chance import held_out, variant
from tests.scoring.campaigns.shop import DAY, HOUR, Shop, T, add, buy, clear, profile, reachable

CUSTOMERS = [f"c{n}".encode() for n in range(4000)]
WEIGHTS = st.floats(0.01, 100)


def shares(weights: list[tuple[str, float]], campaign: str = "cart") -> Counter[str | None]:
    return Counter(variant(each, campaign, weights) for each in CUSTOMERS)


def test_the_lots_of_some_customers_are_these_for_ever() -> None:
    """Were they drawn otherwise one day, every experiment under way would be spoilt."""
    weights = [("a", 1.0), ("b", 1.0), ("c", 2.0)]
    assert "".join(str(variant(f"c{n}".encode(), "cart", weights)) for n in range(20)) == "ccccaacacaccbbcbacab"
    assert [n for n in range(40) if held_out(f"c{n}".encode(), "cart", 0.2)] == [6, 12, 15, 18, 29]


@settings(max_examples=20, deadline=None)
@given(st.lists(WEIGHTS, min_size=1, max_size=5))
def test_each_gets_its_share(weights: list[float]) -> None:
    named = [(f"v{n}", weight) for n, weight in enumerate(weights)]
    found = shares(named)
    for name, weight in named:
        expected = weight / sum(weights)
        assert abs(found[name] / len(CUSTOMERS) - expected) < 5 * (expected * (1 - expected) / len(CUSTOMERS)) ** 0.5 + 0.001


@settings(max_examples=20, deadline=None)
@given(st.lists(WEIGHTS, min_size=2, max_size=4), st.data())
def test_a_changed_weight_moves_customers_to_or_from_that_variant_only(weights: list[float], data: st.DataObject) -> None:
    before = [(f"v{n}", weight) for n, weight in enumerate(weights)]
    changed = data.draw(st.integers(0, len(weights) - 1))
    weight = data.draw(st.one_of(WEIGHTS, st.just(0.0)))
    after = [(name, weight if n == changed else old) for n, (name, old) in enumerate(before)]
    name = before[changed][0]
    for customer in CUSTOMERS[:1500]:
        was, now = variant(customer, "cart", before), variant(customer, "cart", after)
        if was != now:
            assert (now if weight > before[changed][1] else was) == name


@settings(max_examples=20, deadline=None)
@given(st.lists(WEIGHTS, min_size=1, max_size=4), WEIGHTS, st.randoms())
def test_a_new_variant_takes_from_all_and_the_order_in_the_file_means_nothing(weights: list[float], more: float, dice: object) -> None:
    before = [(f"v{n}", weight) for n, weight in enumerate(weights)]
    after = [*before, ("new", more)]
    dice.shuffle(after)  # type: ignore[attr-defined]
    for customer in CUSTOMERS[:1500]:
        assert variant(customer, "cart", after) in (variant(customer, "cart", before), "new")


def test_a_larger_hold_out_keeps_those_that_were_held_out() -> None:
    held: set[bytes] = set()
    for share in (0.05, 0.1, 0.5, 0.9):
        now = {each for each in CUSTOMERS if held_out(each, "cart", share)}
        assert held <= now and abs(len(now) / len(CUSTOMERS) - share) < 0.03
        held = now
    assert not any(held_out(each, "cart", 0) for each in CUSTOMERS)


def test_campaigns_draw_apart_and_so_do_hold_out_and_variants() -> None:
    half = {each for each in CUSTOMERS if held_out(each, "cart", 0.5)}
    again = {each for each in CUSTOMERS if held_out(each, "other", 0.5)}
    firsts = {each for each in CUSTOMERS if variant(each, "cart", [("a", 1), ("b", 1)]) == "a"}
    for one, other in ((half, again), (half, firsts)):
        assert abs(len(one & other) / len(CUSTOMERS) - 0.25) < 0.03


# ---- as campaigns use them

FILE = """
[policy]
caps = [ { count = 1, per = "24h" } ]

[[campaign]]
name = "cart"
trigger = { segment = "cart_abandoned" }
steps = [ { template = "a" }, { after = "24h", template = "b" } ]
hold_out = 0.5
variants = { short = 1, long = 3 }

[[campaign]]
name = "other"
priority = -1
trigger = { segment = "cart_abandoned" }
steps = [ { template = "c" } ]
"""
HELD = next(each.decode() for each in CUSTOMERS if held_out(each, "cart", 0.5))
GETS = next(each.decode() for each in CUSTOMERS if not held_out(each, "cart", 0.5))


def told(shop: Shop, campaign: str = "cart") -> list[tuple[int, str, str | None]]:
    return [(m["step"], m["reason"] or m["decision"], m["variant"]) for m in shop.messages if m["campaign"] == campaign]


def test_who_is_held_out_gets_no_mail_and_a_record_for_each() -> None:
    shop = Shop(FILE, customer=HELD).send(reachable(), add(0)).until(T + 9 * DAY)
    assert told(shop) == [(1, "held_out", None), (2, "held_out", None)]
    assert all(m["to"] is None and m["context"] == {} for m in shop.messages if m["campaign"] == "cart")


def test_a_mail_that_was_held_out_is_none_to_the_caps() -> None:
    assert told(Shop(FILE, customer=HELD).send(reachable(), add(0)).until(T + HOUR), "other") == [(1, "send", None)]
    assert told(Shop(FILE, customer=GETS).send(reachable(), add(0)).until(T + HOUR), "other") == [(1, "cap 24h", None)]


def test_held_out_is_only_what_would_have_been_sent() -> None:
    shop = Shop(FILE, customer=HELD).send(profile(-DAY, email="kim@example.org"), add(0)).until(T + HOUR)
    assert told(shop) == [(1, "no_consent", None)]
    shop.send(buy(2 * HOUR))
    assert told(shop)[1:] == [(2, "purchase", None)]


def test_a_customer_keeps_its_variant_in_every_step_run_and_rerun() -> None:
    def run() -> list[tuple[int, str, str | None]]:
        shop = Shop(FILE, customer=GETS).send(reachable(), add(0)).until(T + 9 * DAY)
        return told(shop.send(clear(10 * DAY), add(11 * DAY)).until(T + 20 * DAY))

    assert run() == run() == [(step, "send", variant(GETS.encode(), "cart", [("short", 1), ("long", 3)])) for step in (1, 2, 1, 2)]


def test_what_was_drawn_at_the_start_holds_to_its_end() -> None:
    shop = Shop(FILE, customer=GETS).send(reachable(), add(0)).until(T + HOUR)
    ((_, _, before),) = told(shop)
    shop.deploy(FILE.replace("0.5", "0.999").replace("short = 1, long = 3", "other = 1")).until(T + 9 * DAY)
    assert told(shop)[1:] == [(2, "send", before)]


def test_the_key_s_bytes_and_the_id_draw_the_same() -> None:
    for customer in ("é/ü", HELD):
        by_id, by_key = Shop(FILE, customer=customer).send(reachable(), add(0)), Shop(FILE, customer=customer).send(reachable(), add(0))
        assert by_id.state is not None and by_key.state is not None
        one: list[list[object]] = []
        other: list[list[object]] = []
        by_id.engine.until(by_id.state, T + HOUR, one, customer)
        by_key.engine.until(by_key.state, T + HOUR, other, customer.encode("utf-8", "surrogatepass"))
        assert one == other


def test_a_driver_that_gives_no_id_is_told_so() -> None:
    shop = Shop(FILE).send(reachable(), add(0))
    assert shop.state is not None
    with pytest.raises(ValueError, match="must give the customer's id"):
        shop.engine.until(shop.state, T + HOUR, [])
