"""What the catalogue says of a product that a customer has looked at. Each has one of their own, so that nobody else hears of it."""

from __future__ import annotations

from streams.simulate.catalog import Product
from streams.simulate.characters.character import found_by
from streams.simulate.characters.script import Script, product_page

_MINUTE = 1 / 1440


def _own(s: Script) -> Product:
    """A product that is in the catalogue for half a year."""
    usual = s.product()
    own = Product(f"{usual.product_id}-{s.customer_id}", f"{usual.name}, made to measure", usual.category_id, usual.cents)
    s.catalogue(180, own, name=own.name, category=own.category_id, price=own.cents / 100, in_stock=True)
    return own


@found_by("price_dropped")
def drop_hearer(s: Script) -> None:
    """Looked at something two weeks ago that has become a fifth cheaper just now."""
    s.bought()
    product = _own(s)
    s.visit(s.moment(18, 12), product_page(product))
    s.catalogue(s.rng.uniform(1, 9) * _MINUTE, product, price=product.cents * 0.8 / 100)


@found_by("cheaper_than_seen")
def missed_the_drop(s: Script) -> None:
    """Looked at something that has become cheaper since, and does not know it yet."""
    s.bought()
    product = _own(s)
    s.visit(s.moment(18, 12), product_page(product))
    s.catalogue(s.moment(9, 2), product, price=product.cents * 0.7 / 100)


@found_by("back_in_stock")
def came_too_late(s: Script) -> None:
    """Looked at something that was sold out, and has just come back."""
    s.bought()
    product = _own(s)
    s.catalogue(20, product, in_stock=False)
    s.visit(s.moment(18, 12), product_page(product))
    s.catalogue(s.rng.uniform(1, 9) * _MINUTE, product, in_stock=True)
