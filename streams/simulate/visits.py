"""A customer's life in the shop, as events in order of time."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from random import Random
from typing import Any

from scoring.instants import rfc3339
from streams.simulate.catalog import BY_CATEGORY, CATEGORIES, PRODUCTS, Product
from streams.simulate.offers import Offers
from streams.simulate.people import Kind, profile
from streams.simulate.rhythm import DAY, HOUR, next_visit

Row = dict[str, Any]

_REFERRERS = ("https://www.google.com/", "https://www.instagram.com/", "https://duckduckgo.com/", "")
_AGENTS = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 Chrome/126.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
)
_DETAILS = ("reviews", "size_guide", "shipping", "returns", "warranty")
_BENEFITS = ("quality", "use", "feedback", "usp", "extra")
_SITE = "https://shop.example"
#: Thursday morning, after Monday 1970-01-05.
_NEWSLETTER = 3 * DAY + 9 * HOUR
_WEEK = 7 * DAY
_WEEKS_START = 4 * DAY


class Shopper:
    """One customer. `events` gives its rows in order of time, from `start` up to `end` (epoch ms)."""

    def __init__(self, rng: Random, kind: Kind, number: int, start: int, end: int, offers: Offers) -> None:
        self._rng = rng
        self._offers = offers
        self._kind = kind
        self._number = number
        self._customer_id = f"c{number:06d}"
        self._end = end
        first = start if rng.random() < 0.6 else start + int(rng.random() * (end - start))  # known already, or new
        self._first = next_visit(rng, first, max(kind.visits, 0.5))
        #: From here on a lapsing customer hardly comes any more.
        self._lapse = self._first + int((8 + 20 * rng.random()) * DAY) if kind.lapses else end
        self._agent = rng.choice(_AGENTS)
        self._favourite = rng.choice(CATEGORIES)
        self._profile: Row | None = None
        self._cart: dict[str, tuple[Product, int, int]] = {}  # product, quantity, cents
        self._due: list[tuple[int, int, Row]] = []  # events to come: instant, in order of making, row
        self._made = 0
        self._visits = 0
        self._orders = 0

    def events(self) -> Iterator[tuple[int, Row]]:
        """(instant, row) in order of time; `ts` is written here, last."""
        visit, is_return = self._first, False
        newsletter = self._next_newsletter(self._first)
        over = self._first
        due = self._due
        while True:
            now = min(visit, newsletter)
            while due and due[0][0] < min(now, self._end):
                ts, _, row = heapq.heappop(due)
                row["ts"] = rfc3339(ts)
                yield ts, row
            if now >= self._end:
                return
            if newsletter <= visit:
                clicked = self._newsletter(newsletter)
                if clicked is not None and over < clicked < visit:
                    visit, is_return = clicked, False
                newsletter += _WEEK
                continue
            over = self._visit(visit, is_return)
            visit = next_visit(self._rng, over + HOUR, self._kind.visits * (0.03 if over >= self._lapse else 1.0))
            is_return = False
            if self._cart and self._rng.random() < self._kind.returns:
                back = over + int((0.3 + 47 * self._rng.random() ** 2) * HOUR)
                if back < visit:
                    visit, is_return = back, True

    def _visit(self, start: int, is_return: bool) -> int:
        """Makes the events of a visit -> when it is over."""
        rng, kind = self._rng, self._kind
        self._visits += 1
        session = f"{self._customer_id}-{self._visits}"
        now = start
        if self._visits == 1 and rng.random() < kind.registers:
            now = self._register(now)
        if is_return:
            now = self._page(now, session, "/cart", page_type="other")
        else:
            now = self._browse(now, session)
        wants_checkout = 0.7 + 0.3 * kind.to_checkout if is_return else kind.to_checkout
        if self._cart and rng.random() < wants_checkout:
            now = self._checkout(now, session, is_return)
        return now

    def _browse(self, now: int, session: str) -> int:
        rng, kind = self._rng, self._kind
        on_sale = rng.random() < kind.on_sale
        category = self._favourite if rng.random() < 0.6 else rng.choice(CATEGORIES)
        way = rng.random()
        if on_sale:
            now = self._page(now, session, "/sale", page_type="sale")
        elif way < 0.55:
            now = self._page(now, session, "/", page_type="home", referrer=rng.choice(_REFERRERS))
        if way > 0.75:
            query = rng.choice(BY_CATEGORY[category]).product_id.split("-")[-1]
            now = self._page(now, session, f"/search?q={query}", page_type="search", query=query)
        elif way < 0.6:
            now = self._page(now, session, f"/{category}", page_type="category", category_id=category)
        carted = rng.random() < kind.to_cart
        views = 1 + min(int(rng.expovariate(1 / kind.views)), 25)
        shelf = BY_CATEGORY[category]
        for view in range(views):
            product = (
                shelf[int(len(shelf) * rng.random() ** 1.5)] if rng.random() < 0.85 else PRODUCTS[int(len(PRODUCTS) * rng.random() ** 2)]
            )
            now = self._product(now, session, product, on_sale)
            if rng.random() < kind.wishes / views:
                self._cart_event(
                    now, session, "wishlist_add", "wishlist_add", product_id=product.product_id, category_id=product.category_id
                )
                now += 2000
            if carted and (view == views - 1 or rng.random() < 1.5 / views):
                now = self._add(now, session, product, self._cents(product, now, on_sale))
        if self._cart and rng.random() < 0.12:
            now = self._reconsider(now, session)
        return now

    def _product(self, now: int, session: str, product: Product, on_sale: bool) -> int:
        rng = self._rng
        more: Row = {}
        if rng.random() < 0.1:
            more["benefit"] = rng.choice(_BENEFITS)
        path = f"/{product.category_id}/{product.product_id}"
        now = self._page(
            now,
            session,
            path,
            page_type="product",
            product_id=product.product_id,
            category_id=product.category_id,
            price=self._cents(product, now, on_sale) / 100,
            **more,
        )
        if rng.random() < 0.08:
            now = self._page(now, session, f"{path}#more", page_type=rng.choice(_DETAILS), category_id=product.category_id)
        return now

    def _add(self, now: int, session: str, product: Product, cents: int) -> int:
        quantity = 1 if self._rng.random() < 0.85 else self._rng.randint(2, 4)
        had = self._cart.get(product.product_id, (product, 0, 0))[1]
        self._cart[product.product_id] = (product, had + quantity, cents)
        self._cart_event(
            now, session, "cart_add", "add", product_id=product.product_id, quantity=quantity, price=cents / 100,
            category_id=product.category_id,
        )  # fmt: skip
        return now + int(3000 + 9000 * self._rng.random())

    def _reconsider(self, now: int, session: str) -> int:
        product, quantity, cents = self._rng.choice(list(self._cart.values()))
        if quantity > 1 or self._rng.random() < 0.3:
            quantity = self._rng.randint(1, 3)
            self._cart[product.product_id] = (product, quantity, cents)
            self._cart_event(now, session, "cart_update", "update", product_id=product.product_id, quantity=quantity)
        elif self._rng.random() < 0.9:
            del self._cart[product.product_id]
            self._cart_event(now, session, "cart_remove", "remove", product_id=product.product_id)
        else:
            self._cart.clear()
            self._cart_event(now, session, "cart_clear", "clear")
        return now + int(4000 + 10_000 * self._rng.random())

    def _checkout(self, now: int, session: str, is_return: bool) -> int:
        rng, kind = self._rng, self._kind
        if self._profile is None:
            now = self._register(now)
        now = self._page(now, session, "/checkout", page_type="checkout")
        self._cart_event(now, session, "checkout_started", "checkout_started")
        now += int((40 + 140 * rng.random()) * 1000)
        if rng.random() >= (max(kind.to_order, 0.6) if is_return else kind.to_order):
            return now
        self._orders += 1
        order_id = f"o{self._number}-{self._orders}"
        lines = [
            {"product_id": product.product_id, "quantity": quantity, "price": cents / 100, "category_id": product.category_id}
            for product, quantity, cents in self._cart.values()
        ]
        total = sum(quantity * cents for _, quantity, cents in self._cart.values())
        row: Row = {"order_id": order_id, "status": "placed", "session_id": session, "lines": lines}
        if rng.random() < kind.on_sale:
            discount = total // 10
            row |= {"coupon": "SAVE10", "discount": discount / 100}
            total -= discount
        row["total"] = total / 100
        self._make(now, "purchase", row)
        if rng.random() < 0.07:
            self._make(now + int((3 + 12 * rng.random()) * DAY), "refund", self._refund(order_id))
        if rng.random() < 0.15:
            self._make(now + int((2 + 5 * rng.random()) * DAY), "feedback", self._opinion())
        self._cart = {}
        return self._page(now + 4000, session, "/account/orders", page_type="account")

    def _refund(self, order_id: str) -> Row:
        product, quantity, cents = self._rng.choice(list(self._cart.values()))
        line = {"product_id": product.product_id, "quantity": quantity, "price": cents / 100}
        return {"order_id": order_id, "status": "refunded", "lines": [line]}

    def _opinion(self) -> Row:
        if self._rng.random() < 0.5:
            return {"kind": "nps", "score": min(10, int(11 * self._rng.random() ** 0.5)), "max_score": 10}
        product = self._rng.choice(list(self._cart.values()))[0]
        return {"kind": "review", "score": min(5, 1 + int(5 * self._rng.random() ** 0.5)), "max_score": 5, "product_id": product.product_id}

    def _register(self, now: int) -> int:
        self._profile = profile(self._rng, self._number)
        self._make(now, "profile", dict(self._profile))
        return now + int(2000 + 20_000 * self._rng.random())

    def _newsletter(self, now: int) -> int | None:
        """The weekly newsletter, to those who agreed -> the instant of a click, if any."""
        if self._profile is None or not self._profile["consent"]["email"]:
            return None
        rng = self._rng
        mail = {"message_id": f"newsletter-{now // _WEEK}-{self._number}"}
        now += int(rng.random() * HOUR / 4)
        if rng.random() < 0.003:
            self._make(now, "email_bounced", {"type": "bounced", **mail})
            return None
        self._make(now, "email_delivered", {"type": "delivered", **mail})
        if rng.random() < 0.2:
            self._make(now + 2000, "email_opened", {"type": "opened", "machine": True, **mail})
        if rng.random() >= self._kind.opens:
            return None
        now += int(rng.expovariate(1 / 5) * HOUR) + 60_000
        self._make(now, "email_opened", {"type": "opened", **mail})
        if rng.random() < 0.004:
            self._make(now + 15_000, "email_unsubscribed", {"type": "unsubscribed", **mail})
            return None
        if rng.random() >= 0.15:
            return None
        now += int(5000 + 40_000 * rng.random())
        self._make(now, "email_clicked", {"type": "clicked", **mail})
        return now + 1000

    def _next_newsletter(self, after: int) -> int:
        weeks = (after - _WEEKS_START - _NEWSLETTER) // _WEEK + 1
        return _WEEKS_START + _NEWSLETTER + weeks * _WEEK

    def _page(self, now: int, session: str, path: str, **fields: Any) -> int:
        """A page view, and how long it is looked at."""
        self._make(now, "page_view", {"session_id": session, "url": _SITE + path, **fields, "user_agent": self._agent})
        return now + int(min(4.0 + self._rng.expovariate(1 / 28.0), 600.0) * 1000)

    def _cart_event(self, now: int, session: str, event_type: str, action: str, **fields: Any) -> None:
        self._make(now, event_type, {"action": action, "session_id": session, **fields})

    def _make(self, ts: int, event_type: str, fields: Row) -> None:
        self._made += 1
        heapq.heappush(self._due, (ts, self._made, {"event_type": event_type, "customer_id": self._customer_id, "ts": "", **fields}))

    def _cents(self, product: Product, now: int, on_sale: bool) -> int:
        cents = self._offers.cents(product, now)
        return cents * 4 // 5 if on_sale else cents
