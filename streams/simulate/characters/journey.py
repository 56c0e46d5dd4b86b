"""The buyer's journey: stages, and where somebody gets stuck."""

from __future__ import annotations

from streams.simulate.characters.character import found_by
from streams.simulate.characters.script import Script, page, product_page


@found_by("journey.awareness")
def aware(s: Script) -> None:
    """Nothing but the past."""


@found_by("journey.consideration")
def considerer(s: Script) -> None:
    s.visit(s.moment(3.6, 2.3), page("search"), *(product_page(s.product()) for _ in range(3)))


@found_by("journey.decision")
def decider(s: Script) -> None:
    """Looks up what delivery costs, and how long it takes."""
    s.visit(s.moment(1.6, 0.3), product_page(s.product()), *[page("shipping")] * 3)


@found_by("journey.purchase")
def first_buyer(s: Script) -> None:
    s.bought()


@found_by("journey.retention")
def second_buyer(s: Script) -> None:
    for ago in s.buying_days(200, 2):
        s.order(ago)


@found_by("journey.advocacy")
def recommender(s: Script) -> None:
    """Bought once, and passes it on."""
    s.order(s.moment(44, 30))
    s.visit(s.moment(29, 23), page("other", feature="share"))


@found_by("stuck_in_awareness", past=False)
def onlooker(s: Script) -> None:
    """Looked in for the first time weeks ago, and at nothing."""
    for ago in s.moments(45, 31, 2):
        s.visit(ago, page("home"))


@found_by("stuck_in_consideration")
def undecided(s: Script) -> None:
    """Compared, weeks ago, and never came to anything."""
    s.visit(s.moment(29, 23), *(product_page(s.product()) for _ in range(4)))


@found_by("stuck_in_decision")
def doubter(s: Script) -> None:
    """Asked for the price of delivery days ago."""
    s.visit(s.moment(6, 3), product_page(s.product()), *[page("shipping")] * 3)


@found_by("stuck_in_purchase")
def one_timer(s: Script) -> None:
    """One order, two months ago."""
    s.order(s.moment(59, 47))
