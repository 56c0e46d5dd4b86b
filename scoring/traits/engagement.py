"""Engagement: a sum of weights that halves every half-life."""

from __future__ import annotations

from scoring.traits.attribute import Attribute

ATTRIBUTES = (
    Attribute("engagement", "number", "decays", "sum of weight x 2^(-age / half-life) over all events",
              fed_by=("page_view", "wishlist_add", "cart_add", "checkout_started", "purchase", "email_opened", "email_clicked", "feedback")),
)  # fmt: skip
