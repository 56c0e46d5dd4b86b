"""When people shop: little at night, most in the evening, more on Sundays than on Fridays."""

from __future__ import annotations

from random import Random

HOUR = 3_600_000
DAY = 24 * HOUR

#: Visits in an hour of the day (UTC) and a day of the week (Monday first), as a share of the busiest.
_HOURS = (
    .10, .05, .03, .03, .04, .08, .20, .35, .50, .60, .65, .70,
    .75, .70, .65, .62, .65, .70, .80, .95, 1.0, .85, .50, .25,
)  # fmt: skip
_DAYS = (.85, .80, .80, .82, .72, .80, 1.0)  # fmt: skip
_MEAN = sum(_HOURS) / 24 * sum(_DAYS) / 7
#: 1970-01-01 was a Thursday.
_FIRST_WEEKDAY = 3


def next_visit(rng: Random, after: int, a_day: float) -> int:
    """The next instant (epoch ms) of a Poisson process with this rhythm and so many visits a day, by thinning (Lewis & Shedler, 1979)."""
    most = a_day / _MEAN / DAY
    instant = float(after)
    while True:
        instant += rng.expovariate(most)
        day, time_of_day = divmod(int(instant), DAY)
        if rng.random() < _HOURS[time_of_day // HOUR] * _DAYS[(day + _FIRST_WEEKDAY) % 7]:
            return int(instant)
