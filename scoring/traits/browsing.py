"""Browsing: page views, product views and searches."""

from __future__ import annotations

from scoring.traits.attribute import Attribute

ATTRIBUTES = (
    Attribute("page_views", "number", "steps", "page views", windowed=True, fed_by=("page_view",)),
    Attribute("product_views", "number", "steps", "page views with a product", windowed=True, fed_by=("page_view",)),
    Attribute("searches", "number", "steps", "views of the search page", windowed=True, fed_by=("page_view",)),
    Attribute("since_last_page_view", "duration", "grows", "time since the last page view", fed_by=("page_view",)),
)
