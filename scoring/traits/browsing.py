"""Browsing: page views, product views and searches.

The page view is the commonest event by far, so its common case (same hour, same session, same day) is written out here.
"""

from __future__ import annotations

from collections.abc import Callable

from scoring.events.schema import PageView
from scoring.segments.model import Engagement
from scoring.series import bump
from scoring.state import DAY, HOUR, Customer
from scoring.traits.attribute import Attribute
from scoring.traits.effects import FIRST, FIRST_VIEW, PRODUCT_VIEW, SEARCH, SITE_TIME, VIEW, VISIT, WARMTH
from scoring.traits.engagement import warm
from scoring.traits.presence import GAP, activity, note_activity

ATTRIBUTES = (
    Attribute("page_views", "number", "steps", "page views", "(s.product_view_count + s.other_view_count)", VIEW, windowed=True,
              total="total_both(s.product_views, s.other_views, s.h0, now, {w}, {grain})",
              reach="reach_both(s.product_views, s.other_views, s.h0, now, {w}, {k}, {grain})", fed_by=("page_view",)),
    Attribute("product_views", "number", "steps", "page views with a product", "s.product_view_count", PRODUCT_VIEW, windowed=True,
              total="total(s.product_views, s.h0, now, {w}, {grain})", reach="reach(s.product_views, s.h0, now, {w}, {k}, {grain})",
              fed_by=("page_view",)),
    Attribute("searches", "number", "steps", "views of the search page", "s.search_count", SEARCH, windowed=True,
              total="total(s.searches, s.h0, now, {w}, {grain})", reach="reach(s.searches, s.h0, now, {w}, {k}, {grain})",
              fed_by=("page_view",)),
    Attribute("since_last_page_view", "duration", "grows", "time since the last page view", "s.last_view", 0, VIEW, fed_by=("page_view",)),
)  # fmt: skip


def folder(engagement: Engagement, lateness: int) -> Callable[[Customer, PageView, int], int]:
    """The fold of a page view: (state, event, ts) -> effects."""
    weight, half_life = engagement.weights.get("page_view", 0.0), engagement.half_life

    def fold(s: Customer, e: PageView, ts: int) -> int:
        hour = ts // HOUR - s.h0
        if e.product_id is not None:
            effects = VIEW | WARMTH | PRODUCT_VIEW
            s.product_view_count += 1
            series = s.product_views
            if series is not None and series[-2] == hour:
                series[-1] += 1
            else:
                s.product_views = bump(series, hour, 1)
        else:
            effects = VIEW | WARMTH
            s.other_view_count += 1
            series = s.other_views
            if series is not None and series[-2] == hour:
                series[-1] += 1
            else:
                s.other_views = bump(series, hour, 1)
        if e.page_type == "search":
            s.search_count += 1
            s.searches = bump(s.searches, hour, 1)
            effects |= SEARCH
        last = s.last_view
        if last is None:
            s.last_view = ts
            effects |= FIRST | FIRST_VIEW
        elif ts > last:
            s.last_view = ts
        if ts > s.warm_at:
            s.warmth = s.warmth * 2.0 ** (-(ts - s.warm_at) / half_life) + weight
            s.warm_at = ts
        else:
            warm(s, weight, ts, half_life)
        if ts // DAY == s.day and 0 <= ts - s.visit_end <= GAP:  # type: ignore[operator]
            recent = s.recent_orders
            # Of the newest order both neighbours are known, mostly: then nothing in order tells of any, but that it is too old.
            if recent is not None and (recent[-1] is None or ts < recent[-1] or ts - recent[-4] > lateness):
                note_activity(s, ts, lateness)
            s.visit_end = ts
            return effects | VISIT | SITE_TIME
        return effects | activity(s, ts, lateness)

    return fold
