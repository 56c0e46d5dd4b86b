"""What the made-up shop asks for its products from day to day: now and then one is reduced for some days, or sold out."""

from __future__ import annotations

import heapq
from bisect import bisect_right
from collections.abc import Iterator
from itertools import count
from random import Random
from typing import Any

from scoring.instants import rfc3339
from streams.simulate.catalog import PRODUCTS, Product
from streams.simulate.rhythm import DAY, HOUR

#: Days between two offers of a product, and between two times it is sold out, on average.
_OFFERS, _SOLD_OUT = 120, 180

Change = tuple[int, dict[str, Any]]


class Offers:
    """From `start` up to `end` (epoch ms), planned as far as it is asked for. The same for the same seed, whoever comes."""

    def __init__(self, seed: int, start: int, end: int) -> None:
        self._seed, self._start, self._end = seed, start, end
        self._plans = {product.product_id: _Plan(Random(f"{seed}/offers/{product.product_id}"), product, start) for product in PRODUCTS}

    def cents(self, product: Product, ts: int) -> int:
        """Its price at that instant."""
        return self._plans[product.product_id].cents(ts)

    def rows(self) -> Iterator[Change]:
        """(instant, row) of the catalogue, in order of time: at the start all products, then what changes."""
        for product in PRODUCTS:
            yield self._row(self._start, product, name=product.name, category=product.category_id, price=product.cents / 100, in_stock=True)
        changes = [each for product in PRODUCTS for each in (self._prices(product), self._stocks(product))]
        yield from heapq.merge(*changes, key=lambda each: each[0])

    def _prices(self, product: Product) -> Iterator[Change]:
        plan = self._plans[product.product_id]
        for number in count(1):
            at, cents = plan.change(number)
            if at >= self._end:
                return
            yield self._row(at, product, price=cents / 100)

    def _stocks(self, product: Product) -> Iterator[Change]:
        rng = Random(f"{self._seed}/stock/{product.product_id}")
        now, in_stock = float(self._start), True
        while (now := now + (rng.expovariate(1 / _SOLD_OUT) * DAY if in_stock else rng.randint(12, 120) * HOUR)) < self._end:
            in_stock = not in_stock
            yield self._row(int(now), product, in_stock=in_stock)

    def _row(self, at: int, product: Product, **fields: Any) -> Change:
        return at, {"event_type": "catalog", "product_id": product.product_id, "ts": rfc3339(at), **fields}


class _Plan:
    """A product's prices."""

    def __init__(self, rng: Random, product: Product, start: int) -> None:
        self._rng = rng
        self._usual = product.cents
        self._instants, self._prices = [start], [product.cents]

    def cents(self, ts: int) -> int:
        while self._instants[-1] <= ts:
            self._next()
        return self._prices[max(0, bisect_right(self._instants, ts) - 1)]

    def change(self, number: int) -> tuple[int, int]:
        """(instant, cents) of the change of that number, from 1."""
        while len(self._instants) <= number:
            self._next()
        return self._instants[number], self._prices[number]

    def _next(self) -> None:
        """One more offer: from seven in the morning (UTC) of one day to that of another."""
        rng = self._rng
        begins = (int(self._instants[-1] + rng.expovariate(1 / _OFFERS) * DAY) // DAY + 1) * DAY + 7 * HOUR
        self._instants += [begins, begins + rng.randint(3, 10) * DAY]
        self._prices += [round(self._usual * rng.choice((0.9, 0.8, 0.7))), self._usual]
