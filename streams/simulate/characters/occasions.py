"""Occasions and timing: holidays, personal days, rhythm and routine. What is found only at its time of the year says so."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from streams.simulate.characters.character import found_by
from streams.simulate.characters.script import Script, product_page


def _today(s: Script) -> date:
    return datetime.fromtimestamp(s.end / 1000, UTC).date()


def _ago(s: Script, day: date, hour: float = 14) -> float:
    """Days before the end, of an hour of a day (UTC)."""
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour)
    return (datetime.fromtimestamp(s.end / 1000, UTC) - at) / timedelta(days=1)


def _day(s: Script, later: int) -> str:
    """The date so many days after today."""
    return (_today(s) + timedelta(days=later)).isoformat()


def _black_friday(year: int) -> date:
    """The day after the fourth Thursday of November."""
    first = date(year, 11, 1)
    return first + timedelta(days=(3 - first.weekday()) % 7 + 22)


@found_by("christmas_shopper")
def christmas_shopper(s: Script) -> None:
    """Looks for presents. Found in the four weeks before Christmas."""
    s.profile(country="NL")
    s.bought()
    s.visit(s.moment(4, 1.5), *(product_page(s.product()) for _ in range(4)))


@found_by("sinterklaas_buyer")
def sinterklaas_buyer(s: Script) -> None:
    """Presents for 5 December, in two years, and nothing else."""
    s.profile(country="NL")
    year = (_today(s) - timedelta(days=340)).year
    for each in (year - 1, year):
        for before in (s.rng.randint(15, 30), s.rng.randint(1, 12)):
            s.order(_ago(s, date(each, 12, 5) - timedelta(days=before)), price=s.rng.uniform(10, 40))


@found_by("black_friday_buyer")
def black_friday_buyer(s: Script) -> None:
    """Buys on Black Friday, or in the days before."""
    year = (_today(s) - timedelta(days=340)).year
    for each in (year - 1, year):
        s.order(_ago(s, _black_friday(each) - timedelta(days=s.rng.randint(0, 5))), price=s.rng.uniform(10, 40))


@found_by("season_ahead")
def once_a_year(s: Script) -> None:
    """Buys in one week of the year, which comes again in a week or two."""
    week = _today(s) + timedelta(days=s.rng.randint(8, 14))
    for years in (1, 2, 3):
        s.order(_ago(s, week - timedelta(days=365 * years + s.rng.randint(0, 6))), price=s.rng.uniform(10, 40))


@found_by("birthday_ahead")
def birthday_child(s: Script) -> None:
    s.profile(birth_date="-" + _day(s, s.rng.randint(1, 6))[4:])


@found_by("wedding_ahead")
def bride(s: Script) -> None:
    s.profile(traits={"wedding": _day(s, s.rng.randint(5, 75))})


@found_by("new_home")
def mover(s: Script) -> None:
    s.profile(traits={"new_house": _day(s, s.rng.randint(-50, 10))})


@found_by("order_expected")
def rhythmic_buyer(s: Script) -> None:
    """Every six weeks, so about now."""
    for place in range(4, 0, -1):
        s.order(42 * place + s.rng.uniform(-0.9, 0.9), price=s.rng.uniform(10, 40))


@found_by("order_overdue")
def overdue_buyer(s: Script) -> None:
    """Every five weeks, and now for weeks nothing."""
    for place in range(3, -1, -1):
        s.order(54 + 34.5 * place + s.rng.uniform(-0.9, 0.9), price=s.rng.uniform(10, 40))


@found_by("weekend_visitor", past=False)
def weekend_visitor(s: Script) -> None:
    saturday = _today(s) - timedelta(days=(_today(s).weekday() - 5) % 7 + 35)
    for week in range(6):
        for day in (0, 1):
            s.visit(_ago(s, saturday + timedelta(days=day - 7 * week), s.rng.uniform(8, 15)), product_page(s.product()))


@found_by("evening_visitor", past=False)
def evening_visitor(s: Script) -> None:
    """After the news, on whatever day."""
    for days in range(35, 70, 4):
        s.visit(_ago(s, _today(s) - timedelta(days=days), s.rng.uniform(18, 20.5)), product_page(s.product()))
