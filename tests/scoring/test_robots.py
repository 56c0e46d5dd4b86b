"""One customer with any number of events, a robot or a producer that went wrong: its state stays small, and its counts right."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from scoring.engine import Engine
from scoring.events.decode import Invalid, decoders
from scoring.events.schema import CART_EVENTS, PROFILES, CartEvent, Event, PageView, Profile, Purchase
from scoring.segments.read import read
from scoring.series import total
from scoring.state import DAY, HOUR, Customer, encode

NOW = 1_772_000_000_000
#: Bytes: the newest 10,000 order ids are 80,000 of them.
MOST = 110_000

ENGINE = Engine(read('[[segment]]\nname = "seen"\nfamily = "other"\nwhen = "page_views(days(90)) >= 1 and cart_items >= 0"\n'))


def state_after(events: Callable[[int], Event], count: int) -> Customer:
    state: Customer | None = None
    for number in range(count):
        state = ENGINE.event(state, events(number), []) or state
    assert state is not None
    return state


def long_ago(dice: random.Random, number: int, reach: int) -> int:
    """The first one is now, all others are late."""
    return NOW - (int(dice.random() * reach) if number else 0)


DICE = random.Random(5)
ROBOTS: dict[str, Callable[[int], Event]] = {
    "views": lambda n: PageView("r", NOW + n * 50, product_id=f"p{n}"),
    "views for a year": lambda n: PageView("r", NOW + n * HOUR),
    "ever new products": lambda n: CartEvent("r", NOW + n, "add", product_id=f"product-{n}", quantity=1_000, price=100),
    "orders": lambda n: Purchase("r", NOW + n * 50, f"o{n}", amount=100),
    "orders and views": lambda n: Purchase("r", NOW + n * 50, f"o{n}") if n % 2 else PageView("r", NOW + n * 50),
    "late carts": lambda n: CartEvent("r", long_ago(DICE, n, DAY), "add", product_id=f"p{n % 50}", quantity=1_000),
    "views of thirty years": lambda n: PageView("r", long_ago(DICE, n, 10_000 * DAY)),
    "refunds of thirty years": lambda n: Purchase("r", long_ago(DICE, n, 10_000 * DAY), f"o{n}", refunded=True, amount=1),
    "ever new traits": lambda n: Profile("r", NOW + n, {f"traits.{n}": n}),
}


@pytest.mark.parametrize("robot", ROBOTS)
def test_its_state_stays_small(robot: str) -> None:
    size = len(encode(state_after(ROBOTS[robot], 12_000)))
    assert size < MOST, f"{size} bytes"


def test_what_it_did_still_counts() -> None:
    state = state_after(ROBOTS["orders"], 2_000)
    assert (state.order_count, state.cents, state.session_count) == (2_000, 200_000, 1)
    assert state_after(ROBOTS["views of thirty years"], 2_000).other_view_count == 2_000


def test_views_in_any_order_count_in_their_windows() -> None:
    """More late hours than are kept one by one, within what windows reach."""
    dice = random.Random(6)
    instants = [NOW, *(NOW - int(dice.random() * 390 * DAY) for _ in range(4_000))]
    state = state_after(lambda n: PageView("r", instants[n]), len(instants))
    assert state.other_views is not None and len(state.other_views) < len(instants)
    for days, grain in ((1, HOUR), (7, HOUR), (31, HOUR), (90, DAY), (365, DAY)):
        in_it = sum((instant // grain + 1) * grain + days * DAY > NOW for instant in instants)
        assert total(state.other_views, state.h0, NOW, days * DAY, grain)[0] == in_it, f"{days} days"


def test_a_full_cart_takes_more_of_what_lies_in_it() -> None:
    state = state_after(ROBOTS["ever new products"], 1_500)
    assert state.cart is not None and len(state.cart) == 1_000
    ENGINE.event(state, CartEvent("r", NOW + 2_000, "add", product_id="product-3", quantity=2_000), [])
    assert state.cart["product-3"][0] == 3_000
    ENGINE.event(state, CartEvent("r", NOW + 2_001, "clear"), [])
    assert not state.cart


@pytest.mark.parametrize(
    ("rank", "value"),
    [
        (CART_EVENTS, b'{"customer_id":"r","ts":1,"action":"add","product_id":"%s"}' % (b"x" * 1_001)),
        (PROFILES, b'{"customer_id":"r","ts":1,"email":"%s"}' % (b"x" * 4_001)),
        (PROFILES, b'{"customer_id":"r","ts":1,"traits":{"a":["%s"]}}' % (b"x" * 4_000)),
        (PROFILES, b'{"customer_id":"r","ts":1,"traits":{"%s":1}}' % (b"x" * 1_001)),
    ],
)
def test_nothing_is_kept_that_a_record_of_the_state_could_not_hold(rank: int, value: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        decoders()[rank](value, b"r", NOW)
    assert refused.value.error == "too_long"
