"""Histories and definitions on one beat: few instants, few spans and plain conditions, so that events, deadlines and ends coincide."""

from __future__ import annotations

from hypothesis import strategies as st

from scoring.expressions import tree
from scoring.expressions.parse import parse
from tests.properties.history import HOUR
from tests.properties.strategies import MINUTE, Known, definitions, in_order, references

CONDITIONS = [
    "cart_items > 0", "cart_items >= 2", "cart_idle >= minutes(10)", "cart_idle < hours(1)", "cart_idle is None", "checkout_open",
    "page_views(hours(1)) >= 1", "page_views(hours(1)) >= 2", "page_views(hours(1)) < 2", "page_views >= 3", "product_views(hours(2)) == 1",
    "searches(hours(1)) + cart_adds(hours(2)) >= 2", "cart_adds(hours(1)) in [1, 3]", "wishlist_adds(hours(1)) < 1",
    "since_first_seen >= hours(1)", "since_last_visit >= minutes(30)", "since_last_visit < hours(1)", "since_last_page_view > minutes(10)",
    "since_last_page_view <= minutes(30)", "since_last_cart_add >= hours(1)", "since_last_cart_add <= minutes(30)",
    "since_last_purchase >= minutes(10)", "since_last_purchase is None", "since_last_purchase is not None", "purchases >= 2",
    "purchases(hours(2)) - refunds(hours(1)) >= 1", "spend > 0", "spend(hours(1)) >= 10", "spend(hours(2)) / purchases(hours(1)) > 15",
    "sessions(hours(2)) >= 2", "sessions >= 2", "time_on_site(hours(2)) >= minutes(30)", "active_days(days(1)) >= 1", "engagement >= 3",
    "engagement < 4", "engagement > 0", "has_email", "email_consent",
]  # fmt: skip
PARSED = [parse(text) for text in CONDITIONS]


def simple(known: Known) -> st.SearchStrategy[tree.Condition]:
    """One or two of those, or of what they refer to, and perhaps not."""
    leaf = st.one_of(st.sampled_from(PARSED), st.sampled_from(PARSED), *references(known))
    pair = st.tuples(leaf | leaf.map(tree.Not), leaf)
    return leaf | leaf.map(tree.Not) | pair.map(tree.And) | pair.map(tree.Or)


beats = st.sampled_from([0, 10 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, HOUR, 2 * HOUR])
on_one_beat = in_order(max_size=10, between=beats, starts=st.sampled_from([0, 10 * MINUTE, HOUR]))
plain_definitions = definitions(max_size=2, conditions=simple, waits=st.sampled_from([0, 10 * MINUTE, HOUR]))
