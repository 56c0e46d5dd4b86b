"""Purchase habits: price, hurry, reassurance, and what somebody is worth."""

from __future__ import annotations

from streams.simulate.characters.character import found_by
from streams.simulate.characters.script import Row, Script, page, product_page


@found_by("waits_for_price")
def price_hunter(s: Script) -> None:
    """Orders with a coupon, and once without."""
    for place, ago in enumerate(s.buying_days(330, 4)):
        reduced: Row = {} if place == 2 else {"coupon": s.rng.choice(["SAVE10", "WELCOME"]), "discount": 5}
        s.order(ago, price=s.rng.uniform(15, 50), **reduced)


@found_by("waits_for_price")
def cart_waiter(s: Script) -> None:
    """Leaves things in the cart at the full price, and buys them when they are reduced."""
    for ago in s.buying_days(200, 2):
        products, euros = (s.product(), s.product()), s.rng.randint(20, 40)
        earlier = s.visit(ago + s.rng.uniform(3, 9), *(product_page(each, euros) for each in products))
        for each in products:
            earlier = s.cart(earlier, each, price=euros)
        s.buy(s.checkout(s.visit(ago, *(product_page(each, euros * 0.8) for each in products))), *products, price=euros * 0.8)


@found_by("sale_watcher")
def sale_looker(s: Script) -> None:
    """Looks at the sale, again and again."""
    s.bought()
    for ago in s.moments(6.5, 0.5, s.rng.randint(4, 5)):
        s.visit(ago, page("sale"))


@found_by("no_rush")
def slow_decider(s: Script) -> None:
    """Orders a week after the first look."""
    for ago in s.buying_days(180, 2):
        products = (s.product(), s.product())
        s.visit(ago + s.rng.uniform(4, 9), page("home"), *map(product_page, products))
        s.order(ago, *products)


@found_by("long_interest")
def returner(s: Script) -> None:
    """Comes back to a product days later."""
    s.bought()
    product = s.product()
    for ago in (s.moment(8, 6), s.moment(2.5, 0.5)):
        s.visit(ago, product_page(product))


@found_by("value.high")
def big_spender(s: Script) -> None:
    for ago in s.buying_days(300, 2):
        s.order(ago, price=s.rng.uniform(120, 200))


@found_by("value.mid")
def modest_spender(s: Script) -> None:
    s.order(s.moment(44, 24), price=s.rng.uniform(55, 95))


@found_by("value.low")
def small_spender(s: Script) -> None:
    s.order(s.moment(44, 24), price=s.rng.uniform(5, 20))


@found_by("wants_reassurance")
def careful_buyer(s: Script) -> None:
    """Reads about returns and warranty, and orders then."""
    for ago in s.buying_days(200, 2):
        s.order(s.visit(ago, page("returns"), page("warranty")))


@found_by("hesitates")
def hesitator(s: Script) -> None:
    """Reads everything about returns and sizes, and goes away."""
    s.visit(s.moment(1.6, 0.3), product_page(s.product()), page("returns"), page("size_guide"), page("help"), page("warranty"))
