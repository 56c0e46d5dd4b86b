"""Demographic, geographic and psychographic: who the person is, where, and how they live."""

from __future__ import annotations

from datetime import date, timedelta

from streams.simulate.characters.character import found_by
from streams.simulate.characters.script import Script, page, product_page
from streams.simulate.rhythm import DAY


def _born(s: Script, youngest: int, oldest: int) -> None:
    """Of an age from `youngest` to `oldest`, whole years. The birthday is a month away or more."""
    days = (s.rng.randint(youngest, oldest) + s.rng.uniform(0.1, 0.9)) * 365.25
    s.profile(birth_date=(date(1970, 1, 1) + timedelta(days=s.end / DAY - days)).isoformat())


@found_by("from_65")
def pensioner(s: Script) -> None:
    _born(s, 66, 90)


@found_by("under_25")
def youngster(s: Script) -> None:
    _born(s, 18, 23)


@found_by("family_household")
def parent(s: Script) -> None:
    s.profile(household_size=s.rng.randint(3, 6))


@found_by("student")
def student(s: Script) -> None:
    s.profile(occupation=s.rng.choice(["student", "Student"]), household_size=1)


@found_by("flanders")
def fleming(s: Script) -> None:
    s.profile(country="BE", language="nl", city=s.rng.choice(["Gent", "Antwerpen", "Leuven"]))


@found_by("abroad")
def traveller(s: Script) -> None:
    """Lives here, and looks in from a holiday."""
    s.profile(country="NL")
    s.bought()
    s.visit(s.moment(9, 1), page("home", country=s.rng.choice(["ES", "IT", "US"])))


@found_by("city_dweller")
def townsman(s: Script) -> None:
    s.profile(country="NL", city="Amsterdam", traits={"urbanity": "urban"})


@found_by("countryside")
def countryman(s: Script) -> None:
    s.profile(country="NL", traits={"urbanity": "rural"})


@found_by("values_sustainability")
def green(s: Script) -> None:
    """Says so, in the profile or in a survey."""
    if s.rng.random() < 0.5:
        s.profile(traits={"values": ["sustainability", "honesty"]})
    else:
        s.feedback(s.moment(100, 20), "survey", answers={"values": "sustainability"})


@found_by("active_lifestyle")
def outdoor_person(s: Script) -> None:
    s.profile(traits={"lifestyle": s.rng.choice(["outdoor", "active", "sportief"])})


@found_by("inspiration_seeker")
def reader(s: Script) -> None:
    """Reads articles, and now and then looks at a product."""
    s.bought()
    for ago in s.moments(90, 31, 5):
        s.visit(ago, page("home"), *(page("article") for _ in range(s.rng.randint(3, 5))), product_page(s.product()))


@found_by("gift_giver")
def giver(s: Script) -> None:
    for ago in s.buying_days(200, 2):
        s.order(ago, gift=True)
