"""Presence: first seen, visits (sessions), time on site and active days."""

from __future__ import annotations

from scoring.traits.attribute import Attribute

_ACTIVITY = ("page_view", "cart_add", "cart_remove", "cart_update", "cart_clear", "checkout_started", "wishlist_add", "purchase")

ATTRIBUTES = (
    Attribute("since_first_seen", "duration", "grows", "time since the first event of any type"),
    Attribute("since_last_visit", "duration", "grows", "time since the last activity", fed_by=_ACTIVITY),
    Attribute("sessions", "number", "steps", "sessions, counted at their start", windowed=True, fed_by=_ACTIVITY),
    Attribute("time_on_site", "duration", "steps", "summed length of sessions, counted at their start", windowed=True, fed_by=_ACTIVITY),
    Attribute("active_days", "number", "steps", "distinct UTC days with activity", windowed=True, whole_days=True, fed_by=_ACTIVITY),
)
