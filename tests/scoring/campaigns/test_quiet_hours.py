"""Quiet hours on the customer's own clock, also in the two nights in which the clocks are changed."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.campaigns.quiet import QuietHours
from scoring.zones import is_zone, names, offset
from tests.properties.profiles import searching
from tests.scoring.campaigns.shop import CART, DAY, HOUR, MINUTE, Shop, T, add, buy, clear, mail, ms, profile, reachable, view

POLICY = '[policy]\ntime_zone = "Europe/Amsterdam"\nquiet_hours = "21:00-08:00"\n'
QUIET = POLICY + CART.split("\n\n", 1)[1]
#: 2026-03-01T10:00:00Z is 11:00 in Amsterdam.
EVENING, MORNING = 10 * HOUR, 21 * HOUR


def at(shop: Shop) -> list[tuple[str, str]]:
    return [(m["reason"] or m["decision"], m["at"]) for m in shop.messages]


def test_a_step_that_falls_in_them_waits_for_their_end() -> None:
    shop = Shop(QUIET).send(reachable(), add(EVENING)).until(T + MORNING - 1)
    assert shop.messages == []
    shop.until(T + MORNING)
    assert at(shop) == [("send", "2026-03-02T07:00:00.000Z")]
    shop.until(T + 9 * DAY)
    assert at(shop)[1:] == [("send", "2026-03-03T07:00:00.000Z"), ("send", "2026-03-05T07:00:00.000Z")], "`after` counts from the trigger"


@pytest.mark.parametrize(
    ("filled", "sent"),
    [(EVENING - HOUR - 1, EVENING - 1), (EVENING - HOUR, MORNING), (MORNING - HOUR - 1, MORNING), (MORNING - HOUR, MORNING)],
)
def test_the_first_and_the_last_millisecond(filled: int, sent: int) -> None:
    shop = Shop(QUIET).send(reachable(), add(filled)).until(T + 36 * HOUR)
    assert shop.decisions()[0] == ("abandoned_cart", 1, "send", "", sent)


def test_everything_is_judged_when_they_are_over() -> None:
    def waited(*events: object) -> list[tuple[str, str]]:
        return at(Shop(QUIET).send(reachable(), add(EVENING)).until(T + 12 * HOUR).send(*events).until(T + MORNING))  # type: ignore[arg-type]

    assert waited(clear(13 * HOUR)) == [("not_a_member", "2026-03-02T07:00:00.000Z")]
    assert waited(mail(13 * HOUR, "unsubscribed")) == [("unsubscribed", "2026-03-02T07:00:00.000Z")]
    assert waited(buy(13 * HOUR)) == [("purchase", "2026-03-01T23:00:00.000Z")], "at once: it ends the campaign"
    assert waited(buy(MORNING)) == [("purchase", "2026-03-02T07:00:00.000Z")], "at the very instant they are over"
    assert waited(clear(13 * HOUR), add(14 * HOUR)) == [
        ("restarted", "2026-03-02T01:00:00.000Z"), ("send", "2026-03-02T07:00:00.000Z"),
    ]  # fmt: skip


def test_the_zone_of_the_profile_else_that_of_the_policy() -> None:
    def sent(zone: object, policy: str = QUIET) -> str:
        return str(at(Shop(policy).send(reachable(), profile(0, time_zone=zone), add(EVENING)).until(T + 2 * DAY))[0][1])

    assert sent("Asia/Tokyo") == "2026-03-01T23:00:00.000Z"  # 08:00 there
    assert sent("America/New_York") == "2026-03-01T21:00:00.000Z"  # 16:00 there
    for none in (None, "", "Europe/Amsterdm", "../../etc/passwd", "localtime", "CET ", "x" * 3000, 3, "\0"):
        assert sent(none) == "2026-03-02T07:00:00.000Z"
    assert sent("nowhere", QUIET.replace("Europe/Amsterdam", "Asia/Tokyo")) == "2026-03-01T23:00:00.000Z"


def test_who_moves_while_a_mail_waits_is_judged_by_the_new_clock() -> None:
    shop = Shop(QUIET).send(reachable(), add(EVENING), profile(12 * HOUR, time_zone="America/New_York")).until(T + 12 * HOUR)
    assert at(shop) == [("send", "2026-03-01T22:00:00.000Z")], "it is 17:00 there"
    shop = Shop(QUIET).send(reachable(), add(EVENING), profile(12 * HOUR, time_zone="Europe/Lisbon")).until(T + 2 * DAY)
    assert at(shop)[0] == ("send", "2026-03-02T08:00:00.000Z"), "an hour later"


def test_transactional_mails_do_not_wait() -> None:
    shop = Shop(QUIET + "transactional = true\n").send(reachable(), add(EVENING)).until(T + EVENING + HOUR)
    assert at(shop) == [("send", "2026-03-01T21:00:00.000Z")]
    assert shop.messages[0]["context"]["quiet"] is None


def test_a_mail_says_when_the_next_quiet_hours_are() -> None:
    shop = Shop(QUIET).send(reachable(), add(0)).until(T + HOUR)
    assert shop.messages[0]["context"]["quiet"] == ["2026-03-01T20:00:00.000Z", "2026-03-02T07:00:00.000Z"]


def test_several_that_waited_come_by_priority_and_meet_the_caps() -> None:
    file = (
        POLICY
        + 'caps = [ { count = 1, per = "24h" } ]\n'
        + "".join(
            f'[[campaign]]\nname = "{name}"\npriority = {n}\ntrigger = {{ segment = "cart_abandoned" }}\n'
            f'steps = [ {{ after = "{n}h", template = "t" }} ]\n'
            for n, name in enumerate("abc")
        )
    )
    shop = Shop(file).send(reachable(), add(EVENING)).until(T + 2 * DAY)
    assert [(m["campaign"], m["reason"] or m["decision"]) for m in shop.messages] == [("c", "send"), ("b", "cap 24h"), ("a", "cap 24h")]
    assert {m["at"] for m in shop.messages} == {"2026-03-02T07:00:00.000Z"}


def test_customers_who_wait_cost_no_look_before_it_is_over() -> None:
    shop = Shop(QUIET).send(reachable(), add(EVENING)).until(T + 12 * HOUR).send(view(13 * HOUR))
    assert shop.state is not None and shop.state.due >= T + 14 * HOUR, "no sooner than the next change of a segment"


# ---- the clocks are changed

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


def over(hours: str, local: str, fold: int = 0, zone: str = "Europe/Amsterdam") -> str:
    """When a step due at this local time goes out, as local time with its offset."""
    start, end = (int(h) * HOUR + int(m) * MINUTE for h, m in (text.split(":") for text in hours.split("-")))
    there = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone), fold=fold)
    sent = QuietHours(start, end).over(zone, round(there.timestamp() * 1000))
    return datetime.fromtimestamp(sent / 1000, ZoneInfo(zone)).strftime("%H:%M%z")


@pytest.mark.parametrize(
    ("hours", "due", "sent"),
    [
        ("21:00-08:00", "2026-03-28T22:00", "08:00+0200"),  # a night of ten hours
        ("21:00-02:30", "2026-03-28T22:00", "03:00+0200"),  # 02:30 does not exist: over as the clock jumps from 02:00 to 03:00
        ("21:00-02:00", "2026-03-28T22:00", "03:00+0200"),  # the same instant
        ("21:00-03:00", "2026-03-28T22:00", "03:00+0200"),
        ("02:30-04:00", "2026-03-29T01:59", "01:59+0100"),
        ("02:30-04:00", "2026-03-29T03:00", "04:00+0200"),  # began when the clock jumped past 02:30
        ("02:00-03:00", "2026-03-29T01:59", "01:59+0100"),  # never comes in this night
    ],
)
def test_the_hour_that_does_not_exist(hours: str, due: str, sent: str) -> None:
    assert over(hours, due) == sent


@pytest.mark.parametrize(
    ("hours", "due", "fold", "sent"),
    [
        ("21:00-08:00", "2026-10-24T22:00", 0, "08:00+0100"),  # a night of twelve hours
        ("21:00-02:30", "2026-10-24T22:00", 0, "02:30+0200"),  # over at the first 02:30
        ("21:00-02:30", "2026-10-25T02:15", 1, "02:30+0100"),  # and there once more
        ("21:00-02:30", "2026-10-25T02:40", 0, "02:40+0200"),  # between the two nothing is quiet
        ("21:00-03:00", "2026-10-24T22:00", 0, "03:00+0100"),  # when the clock shows 03:00 it has been set back
        ("02:00-02:30", "2026-10-25T02:10", 0, "02:30+0200"),
        ("02:00-02:30", "2026-10-25T02:10", 1, "02:30+0100"),
        ("02:30-08:00", "2026-10-25T02:45", 0, "02:00+0100"),  # set back out of them: the second 02:00 is not quiet
        ("02:30-08:00", "2026-10-25T02:30", 1, "08:00+0100"),
    ],
)
def test_the_hour_that_comes_twice(hours: str, due: str, fold: int, sent: str) -> None:
    assert over(hours, due, fold) == sent


def test_clocks_changed_by_other_than_an_hour_or_at_midnight() -> None:
    assert over("21:00-02:15", "2026-10-03T22:00", zone="Australia/Lord_Howe") == "02:30+1100"  # half an hour, from 02:00
    assert over("23:00-00:30", "2026-09-05T23:30", zone="America/Santiago") == "01:00-0300"  # midnight to one does not exist
    assert over("21:00-08:00", "2011-12-29T22:00", zone="Pacific/Apia") == "08:00+1400"  # a day does not exist


@pytest.mark.parametrize(
    ("hours", "decided", "quiet"),
    [
        ("21:00-08:00", "2026-03-27T12:00", ["27 21:00+0100", "28 08:00+0100"]),
        ("21:00-08:00", "2026-03-28T20:30", ["28 21:00+0100", "29 08:00+0200", "29 21:00+0200", "30 08:00+0200"]),  # a day of 23 hours
        ("02:30-08:00", "2026-10-24T12:00", ["25 02:30+0200", "25 02:00+0100", "25 02:30+0100", "25 08:00+0100"]),  # out, in again
    ],
)
def test_a_mail_says_all_quiet_hours_that_begin_while_it_may_wait(hours: str, decided: str, quiet: list[str]) -> None:
    policy = QUIET.replace("21:00-08:00", hours)
    wait = round(datetime.fromisoformat(decided).replace(tzinfo=AMSTERDAM).timestamp() * 1000) - T
    shop = Shop(policy).send(reachable(), add(wait - HOUR)).until(T + wait)
    told = [datetime.fromisoformat(each).astimezone(AMSTERDAM).strftime("%d %H:%M%z") for each in shop.messages[0]["context"]["quiet"]]
    assert told == quiet


ZONES = sorted(names())
HOURS = st.integers(0, 24 * 60 - 1)


@searching(300)
@given(st.sampled_from(ZONES), HOURS, HOURS, st.integers(0, 20 * 365 * 1440 * 60), st.booleans())
def test_as_looking_at_the_clock_every_minute(zone: str, start: int, end: int, second: int, quiet: bool) -> None:
    """Of any zone, any quiet hours, any instant of twenty years; clocks are changed at whole minutes of today's zones."""
    if start == end:
        return
    hours, there = QuietHours(start * MINUTE, end * MINUTE), ZoneInfo(zone)

    def is_quiet(instant: datetime) -> bool:
        local = instant.astimezone(there)
        minute = local.hour * 60 + local.minute
        return start <= minute < end if start < end else minute >= start or minute < end

    first = datetime(2015, 1, 1, tzinfo=ZoneInfo("UTC")) + timedelta(seconds=second)
    moment = first
    while is_quiet(moment) is not quiet:
        moment = moment.replace(second=0) + timedelta(minutes=1)
        assert moment - first < timedelta(days=3)
    asked = hours.begin if quiet else hours.over
    assert asked(zone, round(first.timestamp() * 1000)) == round(moment.timestamp() * 1000)


@searching(100)
@given(st.sampled_from([date for year in range(2015, 2036) for date in (f"{year}-03-{d}" for d in range(25, 32))]), HOURS, HOURS, HOURS)
def test_in_the_nights_of_march(date: str, start: int, end: int, minute: int) -> None:
    if start != end:
        local = f"{date}T{minute // 60:02d}:{minute % 60:02d}"
        sent = over(f"{start // 60:02d}:{start % 60:02d}-{end // 60:02d}:{end % 60:02d}", local)
        shown = int(sent[:2]) * 60 + int(sent[3:5])
        assert not (start <= shown < end if start < end else shown >= start or shown < end)


def test_zones_are_names_and_nothing_else() -> None:
    assert is_zone("Europe/Amsterdam") and is_zone("UTC") and not is_zone("europe/amsterdam") and not is_zone(None)
    assert offset("Europe/Amsterdam", ms("2026-07-01T00:00:00.000Z")) == 2 * HOUR
    for far in (-(10**15), 10**15):
        assert abs(offset("Europe/Amsterdam", far)) < DAY


@searching(300)
@given(st.sampled_from(ZONES), st.integers(-(10**9), 2 * 10**9), st.integers(-2 * 86_400, 2 * 86_400))
def test_an_offset_is_what_the_zone_says(zone: str, second: int, nearby: int) -> None:
    """Of any zone and instant, asked after another one nearby."""
    for each in (second, second + nearby):
        ahead = datetime.fromtimestamp(each, ZoneInfo(zone)).utcoffset()
        assert ahead is not None and offset(zone, each * 1000) == round(ahead.total_seconds() * 1000)
