"""Orders: purchases placed, refunds and what was spent."""

from __future__ import annotations

from scoring.traits.attribute import Attribute

ATTRIBUTES = (
    Attribute("purchases", "number", "steps", "orders placed", windowed=True, fed_by=("purchase",)),
    Attribute("refunds", "number", "steps", "refunds", windowed=True, fed_by=("refund",)),
    Attribute("spend", "number", "steps", "placed minus refunded, in currency units", windowed=True, fed_by=("purchase", "refund")),
    Attribute("since_last_purchase", "duration", "grows", "time since the last order placed", fed_by=("purchase",)),
)
