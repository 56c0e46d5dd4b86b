"""What a character's story is written with. Everything is told by how many days before the end it happened.

A customer of a story has, unless it says otherwise, a *past*: seen for the first time more than half a year ago, and twice again between
eight and four weeks ago, on a telephone and a computer by turns, in two categories by turns. That is little enough to fill no segment.
"""

from __future__ import annotations

from random import Random
from typing import Any

from scoring.instants import rfc3339
from streams.simulate.catalog import BY_CATEGORY, CATEGORIES, Product
from streams.simulate.people import FIRST_NAMES, LAST_NAMES
from streams.simulate.rhythm import DAY

Row = dict[str, Any]
Page = dict[str, Any]

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Version/17.5 Mobile/15E148 Safari/604.1"
COMPUTER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0.0.0 Safari/537.36"
CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
_SITE = "https://shop.example"
#: Where moments are so many days apart or more, they are by day.
_BY_DAY = 1.5


def page(page_type: str, **fields: Any) -> Page:
    """A page that is about no category and no product."""
    return {"page_type": page_type, "url": f"{_SITE}/{page_type}"} | fields


def category(category_id: str) -> Page:
    return page("category", url=f"{_SITE}/{category_id}", category_id=category_id)


def product_page(product: Product, price: float | None = None, **fields: Any) -> Page:
    given = {"product_id": product.product_id, "category_id": product.category_id, "price": product.cents / 100 if price is None else price}
    return page("product", url=f"{_SITE}/{product.category_id}/{product.product_id}") | given | fields


class Script:
    """One customer's story. Days before the end are numbers above 0; what would come after the end is left out."""

    def __init__(self, rng: Random, name: str, number: int, end: int) -> None:
        self.rng = rng
        self.customer_id = f"{name}-{number:04d}"
        self.agents: tuple[str, ...] = (PHONE, COMPUTER)
        self.favourites: tuple[str, ...] = tuple(rng.sample(CATEGORIES, 2))
        self.address = f"{rng.choice(FIRST_NAMES).replace('ë', 'e').lower()}.{rng.choice(LAST_NAMES)}.{self.customer_id}@example.com"
        self.end = end
        self._profile: Row = {"traits": {"character": name}}
        self._told: list[tuple[int, Row]] = []
        self._shelves: dict[str, list[Product]] = {}
        self._visits = 0
        self._turns = 0
        self._numbers = 0

    # -- when

    def moments(self, first: float, last: float, count: int) -> list[float]:
        """So many moments between `first` and `last` (days before the end), in order, one somewhere in each equal part of that time."""
        part = (first - last) / count
        found = [first - part * (place + self.rng.uniform(0.1, 0.9)) for place in range(count)]
        return found if part < _BY_DAY else [self._by_day(each) for each in found]

    def moment(self, first: float, last: float) -> float:
        return self.moments(first, last, 1)[0]

    def _by_day(self, ago: float) -> float:
        """Another time of the same day (UTC), between seven and four o'clock: only some come in the evening."""
        days = self.end / DAY
        return days - (int(days - ago) + self.rng.uniform(7, 16) / 24)

    def buying_days(self, first: float, count: int) -> list[float]:
        """Moments of so many orders from `first` on, the last of them four to five weeks ago: neither lapsed nor just delivered."""
        return [*self.moments(first, 60, count - 1), self.moment(39, 28)]

    def instant(self, ago: float) -> int:
        """Epoch ms."""
        return self.end - int(ago * DAY)

    # -- what

    def favourite(self) -> str:
        """The favourite categories by turns."""
        self._turns += 1
        return self.favourites[self._turns % len(self.favourites)]

    def product(self, category_id: str | None = None) -> Product:
        """Another product than before: of a category, or of the favourites by turns."""
        category_id = category_id or self.favourite()
        shelf = self._shelves.get(category_id)
        if not shelf:
            shelf = self._shelves[category_id] = list(BY_CATEGORY[category_id])
            self.rng.shuffle(shelf)
        return shelf.pop()

    def past(self) -> None:
        for ago in (self.moment(390, 200), *self.moments(57, 31, 2)):
            self.visit(ago, page("home"), category(self.favourite()), product_page(self.product()))

    def visit(self, ago: float, *pages: Page, seconds: float = 40) -> float:
        """Pages one after the other, each looked at for about so many seconds -> days ago at which it is over."""
        self._visits += 1
        agent = self.agents[self._visits % len(self.agents)]
        now = self.instant(ago)
        for each in pages:
            self.tell(now, "page_view", {"session_id": f"{self.customer_id}-{self._visits}", **each, "user_agent": agent})
            now += int(seconds * self.rng.uniform(0.5, 1.5) * 1000)
        return (self.end - now) / DAY

    def cart(self, ago: float, product: Product, action: str = "add", price: float | None = None) -> float:
        """Puts a product into the cart, or on the wish list -> a few seconds later."""
        line: Row = {"product_id": product.product_id, "category_id": product.category_id}
        if action == "add":
            line |= {"quantity": 1, "price": product.cents / 100 if price is None else price}
        name = "cart_add" if action == "add" else action
        self.tell(self.instant(ago), name, {"action": action, "session_id": f"{self.customer_id}-{self._visits}", **line})
        return ago - self.rng.uniform(3, 12) * 1000 / DAY

    def checkout(self, ago: float) -> float:
        over = self.visit(ago, page("checkout"))
        self.tell(self.instant(over), "checkout_started", {"action": "checkout_started"})
        return over - self.rng.uniform(30, 120) * 1000 / DAY

    def order(self, ago: float, *products: Product, price: float | None = None, paid: float | None = None, **fields: Any) -> str:
        """Looks at the products, puts them into the cart, and orders all of them -> the order's id.
        Without products it is one of each favourite category.

        `price`: of each, while it is looked at; `paid`: of each in the order; `fields`: further ones of the purchase, such as `coupon`.
        """
        bought = products or (self.product(), self.product())
        for product in bought:
            ago = self.cart(self.visit(ago, product_page(product, price)), product, price=price)
        return self.buy(self.checkout(ago), *bought, price=price if paid is None else paid, **fields)

    def bought(self) -> None:
        """One order a while ago, of somebody whose story is another: who looks around now is not stuck on the way to a first order."""
        self.order(self.moment(44, 38))

    def buy(self, ago: float, *products: Product, price: float | None = None, **fields: Any) -> str:
        """The purchase alone."""
        cents = [product.cents if price is None else round(price * 100) for product in products]
        lines = [
            {"product_id": product.product_id, "quantity": 1, "price": each / 100, "category_id": product.category_id}
            for product, each in zip(products, cents, strict=True)
        ]
        self._numbers += 1
        order_id = f"{self.customer_id}-o{self._numbers}"
        total = (sum(cents) - round(fields.get("discount", 0) * 100)) / 100
        self.tell(self.instant(ago), "purchase", {"order_id": order_id, "status": "placed", "lines": lines, "total": total, **fields})
        return order_id

    def refund(self, ago: float, order_id: str, total: float) -> None:
        self.tell(self.instant(ago), "refund", {"order_id": order_id, "status": "refunded", "total": total})

    def mail(self, ago: float, *reactions: str) -> None:
        """A mail that arrives, and what the customer does with it: `opened`, `clicked`."""
        self._numbers += 1
        now = self.instant(ago)
        for each in ("delivered", *reactions):
            self.tell(now, f"email_{each}", {"type": each, "message_id": f"{self.customer_id}-m{self._numbers}"})
            now += int(self.rng.uniform(60, 3600) * 1000)

    def feedback(self, ago: float, kind: str, score: float | None = None, **fields: Any) -> None:
        self.tell(self.instant(ago), "feedback", {"kind": kind} | ({} if score is None else {"score": score}) | fields)

    def catalogue(self, ago: float, product: Product, **fields: Any) -> None:
        """What the shop says of a product."""
        at = self.instant(ago)
        self._told.append((at, {"event_type": "catalog", "product_id": product.product_id, "ts": rfc3339(at), **fields}))

    def profile(self, **fields: Any) -> None:
        """What the customer's profile says from the beginning."""
        traits = self._profile["traits"] | fields.pop("traits", {})
        self._profile |= fields | {"traits": traits}

    def may_be_mailed(self) -> None:
        self.profile(email=self.address, consent={"email": True})

    # -- all of it

    def tell(self, at: int, event_type: str, fields: Row) -> None:
        if at < self.end:
            self._told.append((at, {"event_type": event_type, "customer_id": self.customer_id, "ts": rfc3339(at), **fields}))

    def told(self) -> list[tuple[int, Row]]:
        """(instant, row) in order of time. The profile, with the label, comes first."""
        told = sorted(self._told, key=lambda one: one[0])
        if not told:
            return []
        first = told[0][0]
        label = {"event_type": "profile", "customer_id": self.customer_id, "ts": rfc3339(first), **self._profile}
        return [(first, label), *told]
