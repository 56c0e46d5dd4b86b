"""When occasions fall, and what a file may say of it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from scoring.calendar import holidays
from scoring.calendar.calendar import occasion
from scoring.calendar.rules import number, read_date, read_rule, read_yearly
from scoring.segments.faults import Faults
from scoring.segments.read import read
from scoring.zones import day, midnight
from tests.contracts.scenario import DAY, toml


def days(text: str, year: int) -> list[str]:
    return [(date(1970, 1, 1) + timedelta(each)).isoformat() for each in read_rule(text)(year)]


def test_rules() -> None:
    assert days("1 day after 4th thursday of november", 2024) == ["2024-11-29"]
    assert days("4th friday of november", 2024) == ["2024-11-22"]  # not Black Friday, this year
    assert days("2nd sunday of may", 2026) == ["2026-05-10"]
    assert days("last monday of may", 2026) == ["2026-05-25"]
    assert days("last thursday of december", 2026) == ["2026-12-31"]
    assert days("49 days before easter", 2026) == ["2026-02-15"]
    assert [*read_yearly("02-29")(2027)] == [number(date(2027, 2, 28))]
    assert read_date("2026-02-30") is None and read_date(20260230) is None and read_date("2026-06-12") == number(date(2026, 6, 12))
    for wrong in ("5th friday of may", "friday", "4th friday of nov", "1st day of may"):
        with pytest.raises(ValueError, match="such as"):
            read_rule(wrong)


def test_holidays_by_country() -> None:
    kings_day = number(date(2026, 4, 27))
    assert kings_day in holidays.public("NL", 2026) and kings_day not in holidays.public("BE", 2026)
    assert holidays.by_name("NL", 2025)["king's day"] == (number(date(2025, 4, 26)),)  # the 27th was a Sunday
    assert holidays.public("XX", 2026) == () and holidays.by_name("XX", 2026) == {}


def test_a_day_begins_when_the_clock_first_shows_it() -> None:
    for zone, first, last in (("Europe/Amsterdam", 2026, 2027), ("Africa/Cairo", 2023, 2024), ("America/Havana", 2024, 2025)):
        for each in range(number(date(first, 1, 1)), number(date(last, 1, 1))):
            at = midnight(zone, each)
            assert day(zone, at) == each > day(zone, at - 1), f"{zone} {each}"
    # Cairo sets its clocks forward at midnight: that day has no 00:00
    assert midnight("Africa/Cairo", number(date(2023, 4, 28))) % DAY == 22 * 3_600_000


CALENDAR = """
[calendar]
time_zone = "Europe/Amsterdam"
country = "NL"
[[occasion]]
name = "sinterklaas"
date = "12-05"
countries = ["NL", "BE"]
[[occasion]]
name = "open_day"
dates = ["2026-03-02", "2026-04-02"]
[[occasion]]
name = "kings_day"
holiday = "King's Day"
"""


def test_the_calendar_of_a_file() -> None:
    calendar = read(CALENDAR + toml("occasion('sinterklaas')")).calendar
    noon = number(date(2026, 12, 5)) * DAY + DAY // 2
    for country, its_the_day in (("NL", True), ("BE", True), ("DE", False), (None, False)):
        assert occasion(calendar, "sinterklaas", country, "UTC", 0, noon)[0] is its_the_day
    assert occasion(calendar, "open_day", None, "UTC", 0, number(date(2026, 4, 2)) * DAY)[0]
    assert occasion(calendar, "kings_day", "NL", "UTC", 0, number(date(2025, 4, 26)) * DAY)[0]


def test_a_definition_means_another_thing_when_its_occasion_does() -> None:
    before = read(CALENDAR + toml("occasion('sinterklaas')", "a") + toml("page_views > 3", "b"))
    after = read(CALENDAR.replace("12-05", "12-06") + toml("occasion('sinterklaas')", "a") + toml("page_views > 3", "b"))
    assert [x.definition == y.definition for x, y in zip(before.segments, after.segments, strict=True)] == [False, True]
    assert before.fingerprint != after.fingerprint


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        (toml("occasion('sinterklas')"), "unknown occasion `sinterklas`", "did you mean `sinterklaas`?"),
        (toml("occasion('sinterklaas') and occasion"), "`occasion` needs a text: occasion", 'write occasion("occasion")'),
        ('[[occasion]]\nname = "x"\n', "an occasion needs one of `date`, `dates`, `rule` and `holiday`", 'such as date = "12-05"'),
        ('[[occasion]]\nname = "x"\ndate = "5-12"\n', '"5-12" is no date', 'month and day in digits, such as "12-05"'),
        ('[[occasion]]\nname = "x"\ndates = ["2026-02-30"]\n', '"2026-02-30" is no date', 'year, month and day, such as "2026-05-10"'),
        ('[[occasion]]\nname = "x"\nholiday = "Kings Day"\ncountries = ["NL"]\n', "no holiday `Kings Day` in NL",
         "did you mean `king's day`?"),
        ('[[occasion]]\nname = "x"\ndate = "12-05"\ncountries = ["Holland"]\n', "unknown country `Holland`",
         'two capital letters as in ISO 3166, such as "NL"'),
        ('[[occasion]]\nname = "sinterklaas"\ndate = "12-05"\n', "there is an occasion `sinterklaas` already", ""),
    ],
)  # fmt: skip
def test_faults(text: str, message: str, hint: str) -> None:
    with pytest.raises(Faults) as told:
        read(CALENDAR + text + toml("page_views > 3", "other"))
    assert (message, hint) in [(fault.message, fault.hint) for fault in told.value.faults]


def test_the_calendars_own_faults() -> None:
    with pytest.raises(Faults) as told:
        read('[calendar]\ntime_zone = "Europe/Amsterdm"\ncountry = "nl"\nzone = "UTC"\n' + toml("page_views > 3"))
    assert sorted(fault.message for fault in told.value.faults) == [
        "unknown country `nl`", "unknown key `zone` in a [calendar] table", "unknown time zone `Europe/Amsterdm`",
    ]  # fmt: skip
