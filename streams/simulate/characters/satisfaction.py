"""Satisfaction: what customers say of the shop."""

from __future__ import annotations

from streams.simulate.characters.character import found_by
from streams.simulate.characters.script import Script


@found_by("satisfaction.promoter")
def promoter(s: Script) -> None:
    s.feedback(s.moment(50, 5), "nps", s.rng.choice([9, 10]))


@found_by("satisfaction.passive")
def passive(s: Script) -> None:
    s.feedback(s.moment(50, 5), "nps", s.rng.choice([7, 8]))


@found_by("satisfaction.detractor")
def detractor(s: Script) -> None:
    s.feedback(s.moment(50, 5), "nps", s.rng.randint(0, 6))


@found_by("satisfaction_falling")
def disappointed(s: Script) -> None:
    """Full marks, and then fewer."""
    s.feedback(s.moment(200, 60), "csat", 5)
    kind, score = s.rng.choice([("csat", 4), ("nps", 8), ("nps", 7)])
    s.feedback(s.moment(20, 2), kind, score)


@found_by("complaining")
def complainer(s: Script) -> None:
    s.feedback(s.moment(20, 1), "complaint", text="It never came.")


@found_by("just_delivered")
def receiver(s: Script) -> None:
    """Ordered two weeks ago, and has not been heard of since."""
    s.order(s.moment(20, 8))


@found_by("often_returns")
def returner_of_goods(s: Script) -> None:
    """Sends two of three orders back."""
    orders = [(ago, s.order(ago, price=80)) for ago in s.buying_days(300, 3)]
    for ago, order_id in orders[1:]:
        s.refund(ago - s.rng.uniform(4, 7), order_id, 80)
