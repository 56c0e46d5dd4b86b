"""Loyalty: orders over the years."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from streams.simulate.characters.character import found_by
from streams.simulate.characters.script import Script, page, product_page


@found_by("new_customer", past=False)
def newcomer(s: Script) -> None:
    """Here for the first time, days ago."""
    s.visit(s.moment(2.8, 0.5), page("home"), product_page(s.product()))


@found_by("loyal")
def regular_buyer(s: Script) -> None:
    """An order a month, of small things."""
    for ago in s.buying_days(85, 3):
        s.order(ago, price=s.rng.uniform(10, 40))


@found_by("vip")
def best_customer(s: Script) -> None:
    """Large orders, spread over the year."""
    for ago in s.buying_days(340, 5):
        s.order(ago, price=s.rng.uniform(70, 110))


@found_by("lapsed")
def gone_customer(s: Script) -> None:
    """Ordered in spring, and has only looked in since."""
    for ago in s.moments(280, 80, 2):
        s.order(ago)


@found_by("advocate")
def advocate(s: Script) -> None:
    """Bought, shares it, and invites others."""
    s.order(s.moment(44, 30))
    for ago, feature in zip(s.moments(29, 23, 2), ("share", "refer"), strict=True):
        s.visit(ago, page("other", feature=feature))


@found_by("anniversary", past=False)
def jubilee(s: Script) -> None:
    """The first order was today, years ago."""
    today = datetime.fromtimestamp(s.end / 1000, UTC).date()
    years = 4 if (today.month, today.day) == (2, 29) else s.rng.randint(1, 3)
    first = today.replace(year=today.year - years)
    s.order((today - first) / timedelta(days=1) + 0.01)
    s.order(s.moment(58, 46))


@found_by("buys_it_here")
def monthly_buyer(s: Script) -> None:
    """A box of the same size every month, without looking around."""
    for month in range(7):
        s.buy(24 + 30.4 * (6 - month) + s.rng.uniform(0, 3), s.product(), s.product(), price=s.rng.uniform(5, 15))


@found_by("creature_of_habit")
def same_again(s: Script) -> None:
    """The same every time."""
    products = (s.product(), s.product())
    for ago in s.buying_days(300, 4):
        s.order(ago, *products, price=12)


@found_by("rfm.champion")
def champion(s: Script) -> None:
    for ago in s.buying_days(340, 7):
        s.order(ago, price=s.rng.uniform(60, 100))


@found_by("rfm.loyal")
def faithful(s: Script) -> None:
    """Often, and for little."""
    for ago in s.buying_days(340, 5):
        s.order(ago, price=s.rng.uniform(10, 30))


@found_by("rfm.promising")
def promising(s: Script) -> None:
    s.bought()


@found_by("rfm.at_risk")
def at_risk(s: Script) -> None:
    """Often, and not for months."""
    for ago in s.moments(340, 130, 5):
        s.order(ago, price=s.rng.uniform(10, 30))


@found_by("rfm.hibernating")
def hibernating(s: Script) -> None:
    for ago in s.moments(340, 140, 2):
        s.order(ago)
