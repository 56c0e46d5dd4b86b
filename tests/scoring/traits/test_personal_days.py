"""Birthdays and declared events."""

from __future__ import annotations

from tests.contracts.scenario import Story, story, toml

AMSTERDAM = '[calendar]\ntime_zone = "Europe/Amsterdam"\n'


def test_the_birthday_every_year_on_the_customers_clock() -> None:
    it = Story(toml("birthday") + AMSTERDAM)
    it.event("10:00", "profile", birth_date="1990-03-05")
    it.passes("+400d 00:00")
    it.tells(
        "+2d 23:00 entered by deadline", "+3d 23:00 exited by deadline", "+367d 23:00 entered by deadline", "+368d 23:00 exited by deadline"
    )


def test_a_week_before_it_and_only_where_it_is_known() -> None:
    it = story("birthday(days(7))")
    it.event("10:00", "profile", birth_date="--03-05")
    it.event("11:00", "profile", birth_date="soon")
    it.event("12:00", "profile", birth_date="1990-02-30")
    it.event("13:00", "profile", birth_date="1992-02-29")
    it.passes("+360d 00:00")
    it.tells("10:00 entered by event", "11:00 exited by event", "+356d 00:00 entered by deadline")  # 21 February, for the 28th


def test_a_declared_event_before_on_and_after_the_day() -> None:
    it = Story(
        toml("declared_day('wedding', weeks(1))", "soon")
        + toml("since_declared('wedding') >= days(-3)", "very_soon")
        + toml("since_declared('wedding') >= days(1)", "married")
        + AMSTERDAM
    )
    it.event("10:00", "profile", traits={"wedding": "2026-03-12"})
    it.passes("+20d 00:00")
    it.tells(
        "+2d 23:00 soon entered by deadline", "+6d 23:00 very_soon entered by deadline",
        "+10d 23:00 soon exited by deadline", "+10d 23:00 married entered by deadline",
    )  # fmt: skip
    it.event("+21d 10:00", "profile", traits={"wedding": None})
    it.tells("+21d 10:00 very_soon exited by event", "+21d 10:00 married exited by event")
    it.says("+22d 10:00", "since_declared('wedding') is None", "not declared_day('wedding', days(400))")
