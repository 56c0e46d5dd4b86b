"""Every attribute a definition may read, gathered from the traits."""

from __future__ import annotations

from scoring.traits import browsing, cart, engagement, orders, presence, profile
from scoring.traits.attribute import Attribute

CATALOG: dict[str, Attribute] = {
    attribute.name: attribute for trait in (presence, browsing, cart, orders, engagement, profile) for attribute in trait.ATTRIBUTES
}
