"""On the way to an order: what lies in the cart, on the wish list, or was only looked at."""

from __future__ import annotations

from streams.simulate.characters.character import found_by
from streams.simulate.characters.script import Script, page, product_page


@found_by("cart_abandoned")
def cart_leaver(s: Script) -> None:
    """Fills a cart and goes away."""
    product = s.product()
    s.cart(s.visit(s.moment(1.7, 0.3), page("home"), product_page(product)), product)


@found_by("checkout_abandoned")
def checkout_leaver(s: Script) -> None:
    """Gets as far as the checkout."""
    product = s.product()
    s.checkout(s.cart(s.visit(s.moment(1.7, 0.3), product_page(product)), product))


@found_by("mailable_abandoner")
def cart_leaver_with_address(s: Script) -> None:
    s.may_be_mailed()
    product = s.product()
    s.cart(s.visit(s.moment(1.7, 0.3), product_page(product)), product)


@found_by("browse_abandoned")
def browser(s: Script) -> None:
    """Looks at three or four products within the last day."""
    s.visit(s.moment(0.8, 0.2), page("home"), *(product_page(s.product()) for _ in range(s.rng.randint(3, 4))))


@found_by("considering")
def comparer(s: Script) -> None:
    """Many products on two days, none of them today."""
    for ago in s.moments(2.7, 1.2, 2):
        s.visit(ago, *(product_page(s.product()) for _ in range(s.rng.randint(4, 6))))


@found_by("wishlist_keeper")
def wisher(s: Script) -> None:
    """Saves something now and then."""
    s.bought()
    for ago in (*s.moments(28, 23, s.rng.randint(2, 3)), s.moment(5, 1)):
        product = s.product()
        s.cart(s.visit(ago, product_page(product)), product, "wishlist_add")


@found_by("shopping_spree")
def spree(s: Script) -> None:
    """Everything for a party within an evening, and orders it."""
    s.order(s.moment(1.6, 0.4), *(s.product() for _ in range(s.rng.randint(4, 6))))


@found_by("mailable")
def subscriber(s: Script) -> None:
    """Gave an address and agreed to mails."""
    s.may_be_mailed()
