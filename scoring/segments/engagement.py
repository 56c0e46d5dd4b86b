"""`[engagement]`: the half-life and the weights of event types."""

from __future__ import annotations

import math
from typing import Any

from scoring.expressions.problem import suggest
from scoring.segments.document import Document
from scoring.segments.model import DEFAULT_HALF_LIFE, DEFAULT_WEIGHTS, Engagement
from scoring.segments.table import Table, kind_word

EVENT_TYPES = (
    "page_view",
    "cart_add",
    "cart_remove",
    "cart_update",
    "cart_clear",
    "checkout_started",
    "wishlist_add",
    "purchase",
    "refund",
    "email_delivered",
    "email_opened",
    "email_clicked",
    "email_bounced",
    "email_complained",
    "email_unsubscribed",
    "feedback",
    "profile",
)
_HEAVIEST = 1e12


def read_engagement(document: Document) -> Engagement:
    """The engagement settings of a file, defaults where it says nothing; faults are noted in the document."""
    data = document.data.get("engagement", {})
    weights = dict(DEFAULT_WEIGHTS)
    if not isinstance(data, dict):
        hint = "it holds one setting for all: write [engagement] in single brackets" if isinstance(data, list) else "write [engagement]"
        document.fault(("engagement",), "`engagement` must be a table", hint, key=True)
        return Engagement(DEFAULT_HALF_LIFE, weights)
    table = Table(document, ("engagement",), data, "[engagement] table")
    table.only(("half_life", "weights"))
    half_life = table.span("half_life", example='"7d"', positive=True)
    given = data.get("weights", {})
    if not isinstance(given, dict):
        table.fault(f"`weights` must be a table, not {kind_word(given)}", "write [engagement.weights]", at="weights")
        given = {}
    for event_type, weight in given.items():
        _check_weight(document, event_type, weight)
        if event_type in EVENT_TYPES and isinstance(weight, int | float):
            weights[event_type] = float(weight)
    return Engagement(DEFAULT_HALF_LIFE if half_life is None else float(half_life), weights)


def _check_weight(document: Document, event_type: str, weight: Any) -> None:
    path = ("engagement", "weights", event_type)
    if event_type not in EVENT_TYPES:
        document.fault(path, f"unknown event type `{event_type[:64]}`", suggest(event_type, EVENT_TYPES), key=True)
    elif isinstance(weight, bool) or not isinstance(weight, int | float):
        document.fault(path, f"a weight must be a number, not {kind_word(weight)}", f"such as {event_type} = 3")
    elif not (math.isfinite(weight) and 0 <= weight <= _HEAVIEST):
        document.fault(path, "a weight must be 0 or more" if weight < 0 else "a weight must be at most 1e12", f"such as {event_type} = 3")
