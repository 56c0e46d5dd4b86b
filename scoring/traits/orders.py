"""Orders: purchases placed, refunds and what was spent.

An order is placed once per `order_id`: of several records the first in order counts. Ids are kept as 64-bit hashes, the
newest 10,000 of a customer. Orders within the lateness window are kept one by one with their neighbours among the
activities, so that a late record of an order, earlier than the one that was taken, can take its place: the newest 128 of a customer.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scoring.events.schema import Purchase
from scoring.repeats import fingerprint
from scoring.segments.model import Engagement
from scoring.series import bump
from scoring.state import HOUR, Customer
from scoring.traits.attribute import Attribute
from scoring.traits.cart import empty, refill
from scoring.traits.effects import FIRST, ORDER, REFUND, SPEND_DOWN, SPEND_UP
from scoring.traits.engagement import warm
from scoring.traits.presence import ORDER_WIDTH, activity, neighbours, withdraw

ATTRIBUTES = (
    Attribute("purchases", "number", "steps", "orders placed", "s.order_count", ORDER, windowed=True,
              total="total(s.orders, s.h0, now, {w}, {grain})", reach="reach(s.orders, s.h0, now, {w}, {k}, {grain})",
              fed_by=("purchase",)),
    Attribute("refunds", "number", "steps", "refunds", "s.refund_count", REFUND, windowed=True,
              total="total(s.refunds, s.h0, now, {w}, {grain})", reach="reach(s.refunds, s.h0, now, {w}, {k}, {grain})",
              fed_by=("refund",)),
    Attribute("spend", "number", "steps", "placed minus refunded, in currency units", "(s.cents / 100)", SPEND_UP, SPEND_DOWN,
              windowed=True, total="total(s.money, s.h0, now, {w}, {grain})", scale=100, signed=True,
              unit="currency", fed_by=("purchase", "refund")),
    Attribute("since_last_purchase", "duration", "grows", "time since the last order placed", "s.last_order", 0, ORDER,
              fed_by=("purchase",)),
)  # fmt: skip

_WIDTH = 8
_KEPT = 10_000
#: Recent orders of one customer that can be taken back: each activity looks at all of them.
_RECENT_KEPT = 128


def repeated(s: Customer, e: Purchase, lateness: int) -> bool:
    """Was this order placed before, at this instant or an earlier one?"""
    ids = s.order_ids
    if ids is None:
        return False
    wanted = fingerprint(e.order_id)
    i = ids.find(wanted)
    while i >= 0 and i % _WIDTH:
        i = ids.find(wanted, i + 1)
    return i >= 0 and _later(s, wanted, e.ts, lateness) < 0


def folder(engagement: Engagement, lateness: int) -> Callable[[Customer, Purchase, int], int]:
    """The fold of a purchase or refund: (state, event, ts) -> effects. The caller has asked `repeated` first."""
    half_life = engagement.half_life
    weight, refund_weight = engagement.weights.get("purchase", 0.0), engagement.weights.get("refund", 0.0)

    def fold(s: Customer, e: Purchase, ts: int) -> int:
        hour, amount = ts // HOUR - s.h0, e.amount
        if e.refunded:
            s.refund_count += 1
            s.refunds = bump(s.refunds, hour, 1)
            _spend(s, ts, -amount)
            effects = REFUND | SPEND_DOWN
            return effects | warm(s, refund_weight, ts, half_life) if refund_weight else effects
        order_id = fingerprint(e.order_id)
        place = _later(s, order_id, ts, lateness)
        effects = ORDER | (SPEND_UP if amount >= 0 else SPEND_DOWN) | FIRST
        if place >= 0:
            effects |= take_back(s, place, weight, half_life)
        else:
            s.order_ids = (s.order_ids or b"")[-_KEPT * _WIDTH + _WIDTH :] + order_id
            if s.last_order is not None:
                effects ^= FIRST
        s.order_count += 1
        s.orders = bump(s.orders, hour, 1)
        _spend(s, ts, amount)
        effects |= warm(s, weight, ts, half_life)
        s.last_order = ts if s.last_order is None else max(ts, s.last_order)
        before, after = neighbours(s, ts)
        effects |= empty(s, ts, lateness) | activity(s, ts, lateness)
        if s.at - ts <= lateness:
            _remember(s, [int.from_bytes(order_id, "big"), ts, amount, before, after], lateness)
        return effects

    return fold


def _spend(s: Customer, ts: int, cents: int) -> None:
    if cents:
        s.cents += cents
        s.money = bump(s.money, ts // HOUR - s.h0, cents)


def _later(s: Customer, order_id: bytes, ts: int, lateness: int) -> int:
    """The place among the recent orders of a later record of this order, -1 if there is none (or the window is over)."""
    recent = s.recent_orders
    if recent is None or s.at - ts > lateness:
        return -1
    wanted = int.from_bytes(order_id, "big")
    for i in range(0, len(recent), ORDER_WIDTH):
        if recent[i] == wanted and recent[i + 1] > ts:
            return i
    return -1


def take_back(s: Customer, place: int, weight: float, half_life: float) -> int:
    """Undoes the order recorded at `place`: a record of it that came earlier in order is about to be folded in."""
    recent = s.recent_orders
    assert recent is not None
    _, ts, amount, before, after = recent[place : place + ORDER_WIDTH]
    del recent[place : place + ORDER_WIDTH]
    s.order_count -= 1
    s.orders = bump(s.orders, ts // HOUR - s.h0, -1)
    _spend(s, ts, -amount)
    warm(s, -weight, ts, half_life)
    for i in range(0, len(recent), ORDER_WIDTH):  # its neighbours are each other's now
        if recent[i + 3] == ts:
            recent[i + 3] = before
        if recent[i + 4] == ts:
            recent[i + 4] = after
    s.recent_orders = recent or None
    if s.last_order == ts:
        # an order older than the recent ones comes before the record that is about to take this one's place
        s.last_order = recent[-ORDER_WIDTH + 1] if recent else None
    withdraw(s, ts, before, after)
    return refill(s, ts)


def _remember(s: Customer, record: list[Any], lateness: int) -> None:
    recent, ts = s.recent_orders or [], record[1]
    while recent and recent[1] < s.at - lateness:
        del recent[:ORDER_WIDTH]
    at = len(recent)
    while at and recent[at - ORDER_WIDTH + 1] > ts:
        at -= ORDER_WIDTH
    recent[at:at] = record
    if len(recent) > _RECENT_KEPT * ORDER_WIDTH:
        del recent[:ORDER_WIDTH]
    s.recent_orders = recent
