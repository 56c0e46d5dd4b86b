"""Interests and experience: in what, and with what behind them."""

from __future__ import annotations

from streams.simulate.catalog import CATEGORIES
from streams.simulate.characters.character import found_by
from streams.simulate.characters.script import Script, category, page, product_page


@found_by("specialist", past=False)
def enthusiast(s: Script) -> None:
    """One category, for months."""
    s.favourites = s.favourites[:1]
    s.bought()
    for ago in s.moments(150, 31, 7):
        s.visit(ago, page("home"), category(s.favourites[0]), product_page(s.product()))


@found_by("all_rounder", past=False)
def stroller(s: Script) -> None:
    """Through the whole shop every time."""
    for ago in s.moments(150, 31, 4):
        s.visit(ago, page("home"), *(category(each) for each in s.rng.sample(CATEGORIES, 6)))


@found_by("new_interest")
def beginner(s: Script) -> None:
    """Something that was never of interest before."""
    s.bought()
    new = s.rng.choice([each for each in CATEGORIES if each not in s.favourites])
    for ago in s.moments(45, 31, 3):
        product = s.product()
        s.visit(ago, category(product.category_id), product_page(product), product_page(s.product()))
    for ago in s.moments(6.5, 1.5, 3):
        s.visit(ago, category(new), product_page(s.product(new)), product_page(s.product(new)))


@found_by("researcher")
def researcher(s: Script) -> None:
    """Hours of guides and comparisons within a week."""
    s.bought()
    for ago in s.moments(6.5, 0.5, 8):
        pages = [category(s.favourite()), page("search"), page("other")] * 2
        s.visit(ago, *pages, seconds=120)


@found_by("veteran")
def old_hand(s: Script) -> None:
    for ago in s.buying_days(900, 6):
        s.order(ago, price=s.rng.uniform(10, 50))


@found_by("knows_the_shop")
def everything_buyer(s: Script) -> None:
    """A line of every category."""
    for ago, some in zip((s.moment(150, 70), s.moment(44, 36)), (CATEGORIES[:3], CATEGORIES[3:6]), strict=True):
        s.order(ago, *(s.product(each) for each in some), price=s.rng.uniform(5, 15))


@found_by("outspoken")
def talker(s: Script) -> None:
    for ago in s.moments(300, 10, s.rng.randint(3, 5)):
        s.feedback(ago, "survey", text="I would like larger pockets.")


@found_by("once_bitten")
def once_bitten(s: Script) -> None:
    """A complaint that was settled."""
    ago = s.moment(250, 60)
    s.feedback(ago, "complaint", text="It was broken.")
    s.feedback(ago - 3, "complaint", answers={"status": "resolved"})
