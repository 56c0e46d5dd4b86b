"""Orders: purchases placed, refunds and what was spent.

An order is placed once per `order_id`: of several records the one accepted first counts. Order ids are kept as 64-bit hashes, the newest
10,000 of a customer.
"""

from __future__ import annotations

from collections.abc import Callable

from scoring.events.schema import Purchase
from scoring.repeats import fingerprint
from scoring.segments.model import Engagement
from scoring.series import bump
from scoring.state import HOUR, Customer
from scoring.traits.attribute import Attribute
from scoring.traits.cart import empty
from scoring.traits.effects import FIRST, ORDER, REFUND, SPEND_DOWN, SPEND_UP
from scoring.traits.engagement import warm
from scoring.traits.presence import activity

ATTRIBUTES = (
    Attribute("purchases", "number", "steps", "orders placed", "s.order_count", ORDER, windowed=True,
              total="total(s.orders, s.h0, now, {w}, {grain})", reach="reach(s.orders, s.h0, now, {w}, {k}, {grain})",
              fed_by=("purchase",)),
    Attribute("refunds", "number", "steps", "refunds", "s.refund_count", REFUND, windowed=True,
              total="total(s.refunds, s.h0, now, {w}, {grain})", reach="reach(s.refunds, s.h0, now, {w}, {k}, {grain})",
              fed_by=("refund",)),
    Attribute("spend", "number", "steps", "placed minus refunded, in currency units", "(s.cents / 100)", SPEND_UP, SPEND_DOWN,
              windowed=True, total="total(s.money, s.h0, now, {w}, {grain})", scale=100, fed_by=("purchase", "refund")),
    Attribute("since_last_purchase", "duration", "grows", "time since the last order placed", "s.last_order", 0, ORDER,
              fed_by=("purchase",)),
)  # fmt: skip

_WIDTH = 8
_KEPT = 10_000


def known(s: Customer, order_id: str) -> bool:
    """Was this order placed before?"""
    ids = s.order_ids
    if ids is None:
        return False
    wanted = fingerprint(order_id)
    i = ids.find(wanted)
    while i >= 0 and i % _WIDTH:
        i = ids.find(wanted, i + 1)
    return i >= 0


def folder(engagement: Engagement, lateness: int) -> Callable[[Customer, Purchase, int], int]:
    """The fold of a purchase or refund: (state, event, ts) -> effects. The caller has asked `known` first."""
    half_life = engagement.half_life
    weight, refund_weight = engagement.weights.get("purchase", 0.0), engagement.weights.get("refund", 0.0)

    def fold(s: Customer, e: Purchase, ts: int) -> int:
        hour, amount = ts // HOUR - s.h0, e.amount
        if e.refunded:
            s.refund_count += 1
            s.refunds = bump(s.refunds, hour, 1)
            if amount:
                s.cents -= amount
                s.money = bump(s.money, hour, -amount)
            effects = REFUND | SPEND_DOWN
            return effects | warm(s, refund_weight, ts, half_life) if refund_weight else effects
        s.order_ids = (s.order_ids or b"")[-_KEPT * _WIDTH + _WIDTH :] + fingerprint(e.order_id)
        s.order_count += 1
        s.orders = bump(s.orders, hour, 1)
        if amount:
            s.cents += amount
            s.money = bump(s.money, hour, amount)
        effects = ORDER | (SPEND_UP if amount >= 0 else SPEND_DOWN) | warm(s, weight, ts, half_life)
        if ts > s.last_order:
            if not s.last_order:
                effects |= FIRST
            s.last_order = ts
        return effects | empty(s, ts, lateness) | activity(s, ts, lateness)

    return fold
