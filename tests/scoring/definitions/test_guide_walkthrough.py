"""The table under "Time" in the guide: a customer fills a cart at 10:00 and closes the browser."""

from __future__ import annotations

from typing import Any

from scoring.engine import Engine
from scoring.events.schema import CartEvent, PageView, Purchase
from scoring.segments.read import read
from tests.scoring.definitions.test_guide import EXAMPLES

MINUTE, DAY = 60_000, 86_400_000
TEN = 1_772_359_200_000  # 2026-03-01T10:00:00Z


def clock(hours: int, minutes: int) -> int:
    return TEN + ((hours - 10) * 60 + minutes) * MINUTE


def changes(*events: CartEvent | PageView | Purchase) -> list[tuple[str, int]]:
    """Kind and moment of each change, up to ten days after."""
    example = next(text for text in EXAMPLES if "cooldown" in text and "cart_abandoned" in text)
    engine = Engine(read(example))
    out: list[Any] = []
    state = None
    for event in events:
        state = engine.event(state, event, out)
    assert state is not None
    engine.until(state, TEN + 10 * DAY, out)
    return [(entry[2], entry[5]) for entry in out]


def fill(ts: int) -> CartEvent:
    return CartEvent("c", ts, "add", product_id="p", quantity=1_000)


def test_entered_at_ten_past_eleven_and_out_with_the_order() -> None:
    kinds = changes(fill(clock(10, 0)), PageView("c", clock(13, 0)), Purchase("c", clock(13, 20), "o", amount=1))
    assert [at for _, at in kinds] == [clock(11, 10), clock(13, 20)]
    assert len({kind for kind, _ in kinds}) == 2


def test_an_order_during_hold_for_makes_no_change() -> None:
    assert changes(fill(clock(10, 0)), Purchase("c", clock(11, 5), "o", amount=1)) == []


def test_seven_days_on_the_customer_can_enter_again() -> None:
    again = changes(fill(clock(10, 0)), Purchase("c", clock(13, 20), "o", amount=1), fill(clock(14, 0)))
    assert [at for _, at in again] == [clock(11, 10), clock(13, 20), clock(13, 20) + 7 * DAY]
