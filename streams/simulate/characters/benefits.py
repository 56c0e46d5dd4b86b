"""Benefits sought: what counts for somebody in a product, and what holds somebody back."""

from __future__ import annotations

from streams.simulate.characters.character import found_by
from streams.simulate.characters.script import Script, page, product_page


def _looks_for(s: Script, benefit: str) -> None:
    """Pages that are about it, in the midst of others."""
    s.bought()
    for ago in s.moments(60, 31, 4):
        s.visit(ago, page("home"), product_page(s.product(), benefit=benefit), page("other", benefit=benefit))


@found_by("benefit_sought.quality")
def quality_seeker(s: Script) -> None:
    _looks_for(s, "quality")


@found_by("benefit_sought.use")
def practical_one(s: Script) -> None:
    _looks_for(s, "use")


@found_by("benefit_sought.usp")
def novelty_seeker(s: Script) -> None:
    _looks_for(s, "usp")


@found_by("benefit_sought.extra")
def extras_seeker(s: Script) -> None:
    """Says so in a survey."""
    s.feedback(s.moment(25, 5), "survey", answers={"benefit": "extra"})


@found_by("benefit_sought.feedback")
def opinion_reader(s: Script) -> None:
    """Wants to know what others say."""
    s.bought()
    for ago in s.moments(60, 31, 4):
        s.visit(ago, product_page(s.product()), page("reviews"), page("reviews"))


@found_by("held_back.technical")
def stuck_by_faults(s: Script) -> None:
    s.feedback(
        s.moment(25, 5), "survey", text=s.rng.choice(["The app crashes at the checkout.", "Inloggen werkt niet, steeds een foutmelding."])
    )
    s.feedback(s.moment(4, 1), "survey", answers={"held_back_by": "technical"})


@found_by("held_back.features")
def misses_something(s: Script) -> None:
    s.feedback(s.moment(25, 5), "survey", answers={"held_back_by": "features"})


@found_by("held_back.motivation")
def lacks_drive(s: Script) -> None:
    s.feedback(s.moment(25, 5), "survey", answers={"held_back_by": "motivation"})
