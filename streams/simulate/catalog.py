"""What the shop sells. The same every time; ids are readable, since they are what a mail can show."""

from __future__ import annotations

from typing import NamedTuple


class Product(NamedTuple):
    product_id: str
    name: str
    category_id: str
    cents: int


#: category -> (qualities, things with their usual price in euros)
_RANGE: dict[str, tuple[tuple[str, ...], tuple[tuple[str, int], ...]]] = {
    "clothing": (("linen", "cotton", "merino", "denim"), (("shirt", 45), ("dress", 79), ("jacket", 119), ("cardigan", 65), ("socks", 12))),
    "shoes": (("leather", "canvas", "suede"), (("sneakers", 89), ("boots", 139), ("sandals", 59), ("loafers", 99))),
    "kitchen": (("steel", "oak", "enamel"), (("pan", 49), ("knife", 69), ("teapot", 35), ("cutting-board", 29), ("mug", 14))),
    "home": (("woollen", "woven", "velvet"), (("blanket", 85), ("cushion", 32), ("rug", 179), ("curtain", 55))),
    "garden": (("cedar", "terracotta", "zinc"), (("planter", 39), ("bench", 249), ("watering-can", 27), ("lantern", 22))),
    "toys": (("wooden", "painted", "stacking"), (("blocks", 25), ("train", 42), ("puzzle", 18), ("doll", 30))),
    "beauty": (("rose", "cedar", "citrus"), (("soap", 8), ("hand-cream", 16), ("candle", 24), ("perfume", 75))),
    "sport": (("light", "folding", "grip"), (("yoga-mat", 38), ("bottle", 19), ("backpack", 95), ("tent", 289))),
}  # fmt: skip


def _build() -> tuple[Product, ...]:
    products = []
    for category, (qualities, things) in _RANGE.items():
        for step, quality in enumerate(qualities):
            for thing, euros in things:
                slug = f"{quality}-{thing}"
                cents = round(euros * (1 + 0.15 * step)) * 100 - (5 if euros < 60 else 100)
                products.append(Product(slug, slug.replace("-", " ").capitalize(), category, cents))
    # Categories take turns, so that what is popular (the front) is of every kind.
    return tuple(sorted(products, key=lambda product: (sum(map(ord, product.product_id)) * 7919 % 1009, product.product_id)))


PRODUCTS: tuple[Product, ...] = _build()
BY_CATEGORY: dict[str, tuple[Product, ...]] = {
    category: tuple(product for product in PRODUCTS if product.category_id == category) for category in _RANGE
}
CATEGORIES: tuple[str, ...] = tuple(_RANGE)
