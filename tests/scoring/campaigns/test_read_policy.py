# ruff: noqa: E501 - expected sentences stand whole
"""The policy's keys of campaigns.toml, and what can be seen never to send anything: each fault at its place."""

from __future__ import annotations

import pytest

from scoring.campaigns.caps import Cap
from scoring.campaigns.model import Reentry
from scoring.campaigns.quiet import QuietHours
from tests.scoring.campaigns.shop import DAY, HOUR, MINUTE, SEGMENTS
from tests.scoring.campaigns.test_read import campaign, campaigns, faults


def policy(*lines: str) -> str:
    """Of interest is line 2 and what follows."""
    return "\n".join(["[policy]", *lines])


WHOLE = """
[policy]
time_zone = "Europe/Amsterdam"
quiet_hours = "21:00-08:00"
caps = [ { count = 1, per = "24h" }, { count = 3, per = "7d" } ]

[[campaign]]
name = "abandoned_cart"
trigger = { segment = "cart_abandoned" }
while = "in_segment('cart_abandoned')"
stop_on = ["purchase"]
steps = [ { template = "abandoned_cart_1" }, { after = "24h", template = "abandoned_cart_2" }, { after = "72h", template = "abandoned_cart_3" } ]
priority = 10
reentry = "7d"
excludes = ["browse_abandoned"]
hold_out = 0.1
variants = { a = 1, b = 1.5 }
transactional = false

[[campaign]]
name = "browse_abandoned"
trigger = { segment = "buyer" }
steps = [ { template = "t" } ]
"""


def test_all_of_it() -> None:
    read = campaigns(WHOLE)
    assert read.policy.quiet_hours == QuietHours(21 * HOUR, 8 * HOUR) and read.policy.caps == (Cap(1, DAY, "24h"), Cap(3, 7 * DAY, "7d"))
    cart, browse = read.campaigns
    assert (cart.priority, cart.reentry, cart.excludes) == (10, Reentry(7 * DAY, "7d"), ("browse_abandoned",))
    assert (cart.hold_out, cart.variants) == (0.1, (("a", 1.0), ("b", 1.5)))
    assert (browse.priority, browse.reentry, browse.excludes, browse.hold_out, browse.variants) == (0, None, (), 0.0, ())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("21:00-08:00", (21 * HOUR, 8 * HOUR)), ("9:30 - 17:05", (9 * HOUR + 30 * MINUTE, 17 * HOUR + 5 * MINUTE)),
        ("22:00-24:00", (22 * HOUR, 0)), ("00:00-23:59", (0, DAY - MINUTE)),
    ],
)  # fmt: skip
def test_quiet_hours_as_written(text: str, expected: tuple[int, int]) -> None:
    assert campaigns(policy(f'quiet_hours = "{text}"')).policy.quiet_hours == QuietHours(*expected)


HOURS = 'such as quiet_hours = "21:00-08:00"'
CAP = 'such as { count = 1, per = "24h" }'


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        *((f'quiet_hours = "{text}"', [f'2:15 "{text}" are no quiet hours: two times of the day with a `-` between | {HOURS}'])
          for text in ("", "21:00", "21-08", "21:00-08:60", "25:00-08:00", "24:30-08:00", "21:00-08:00-09:00", "9pm-8am")),
        *((f'quiet_hours = "{text}"', [f"2:15 these quiet hours are the whole day: nothing could ever be sent | {HOURS}"])
          for text in ("08:00-08:00", "00:00-24:00", "0:00-00:00")),
        ("quiet_hours = 21", ["2:15 `quiet_hours` must be a text, not a number | such as quiet_hours = \"21:00-08:00\""]),
        ('time_zone = "Europe/Amsterdm"', ["2:13 unknown time zone `Europe/Amsterdm` | did you mean `Europe/Amsterdam`?"]),
        ('time_zone = "europe/amsterdam"', ["2:13 unknown time zone `europe/amsterdam` | did you mean `Europe/Amsterdam`?"]),
        ('time_zone = "+02:00"', ["2:13 unknown time zone `+02:00` | a name of the IANA database, such as Europe/Amsterdam"]),
        ('quiet_hour = "21:00-08:00"', ["2:1 unknown key `quiet_hour` in a policy | did you mean `quiet_hours`?"]),
        ("caps = 3", ['2:8 `caps` must be a list of caps, not a number | such as caps = [ { count = 1, per = "24h" } ]']),
        ("caps = [ 3 ]", [f"2:10 a cap must be a table, not a number | {CAP}"]),
        ('caps = [ { cuont = 1, per = "24h" } ]', ["2:12 unknown key `cuont` in a cap | did you mean `count`?", f"2:10 a cap needs `count` | {CAP}"]),
        ("caps = [ { count = 1 } ]", [f"2:10 a cap needs `per` | {CAP}"]),
        ('caps = [ { count = 0, per = "24h" } ]',
         ["2:20 with a cap of 0 nothing could ever be sent | at least 1; without campaigns nothing is sent either"]),
        ('caps = [ { count = -1, per = "24h" } ]',
         ["2:20 with a cap of -1 nothing could ever be sent | at least 1; without campaigns nothing is sent either"]),
        ('caps = [ { count = 1.5, per = "24h" } ]', ["2:20 `count` must be a whole number, not a fraction"]),
        ('caps = [ { count = true, per = "24h" } ]', ["2:20 `count` must be a whole number, not true or false"]),
        ('caps = [ { count = 5000, per = "24h" } ]', ["2:20 `count` is at most 1,000 | a cap nobody reaches can be left out"]),
        ('caps = [ { count = 1, per = "0h" } ]', ['2:29 `per` must be longer than 0 | such as per = "24h"']),
        ('caps = [ { count = 1, per = "1 day" } ]', ['2:29 "1 day" is no span of time | did you mean "1d"?']),
        ('caps = [ { count = 3, per = "24h" }, { count = 3, per = "7d" } ]',
         ["2:10 this cap can never be reached: there is a stricter one, 3 in 7d | take it out, or change its numbers"]),
        ('caps = [ { count = 2, per = "7d" }, { count = 3, per = "24h" } ]',
         ["2:37 this cap can never be reached: there is a stricter one, 2 in 7d | take it out, or change its numbers"]),
        ('caps = [ { count = 1, per = "24h" }, { count = 7, per = "7d" } ]',
         ["2:38 this cap can never be reached: 1 in 24h already means at most 7 in 7d | take it out, or change its numbers"]),
        ('caps = [ { count = 1, per = "24h" }, { count = 1, per = "1d" } ]',
         ["2:38 this cap can never be reached: there is another, 1 in 24h | take it out, or change its numbers"]),
    ],
)  # fmt: skip
def test_a_fault_in_the_policy(line: str, expected: list[str]) -> None:
    assert sorted(faults(policy(line))) == sorted(expected)


@pytest.mark.parametrize(
    "caps", ['{ count = 1, per = "24h" }, { count = 6, per = "7d" }', '{ count = 1, per = "24h" }, { count = 2, per = "25h" }', ""]
)
def test_caps_that_can_be_reached(caps: str) -> None:
    if caps.startswith('{ count = 1, per = "24h" }, { count = 2'):
        assert faults(policy(f"caps = [ {caps} ]")), "within 25 hours at most two may come, 24 hours apart"
    else:
        assert len(campaigns(policy(f"caps = [ {caps} ]")).policy.caps) == caps.count("count")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("priority = 1.5", "5:12 `priority` must be a whole number, not a fraction | of two due at one instant the higher is sent"),
        ('priority = "high"', "5:12 `priority` must be a whole number, not a text | of two due at one instant the higher is sent"),
        ("priority = 9999999", "5:12 `priority` is at most 1,000,000 | of two due at one instant the higher is sent"),
        ("reentry = 7", '5:11 `reentry` must be a span of time as a text, not a number | such as reentry = "7d"'),
        ('reentry = "0d"', '5:11 `reentry` must be longer than 0 | such as reentry = "7d"'),
        ('excludes = ["a"]', "5:13 a campaign cannot exclude itself | a new trigger begins it anew; `reentry` keeps it from that"),
        ('excludes = ["b"]', "5:13 unknown campaign `b` | there is no other campaign"),
        ('excludes = "b"', "5:12 `excludes` must be a list, not a text"),
        ("hold_out = 1", "5:12 everybody would be held out: no step could ever be sent | a share below 1, such as hold_out = 0.1"),
        ("hold_out = 10", "5:12 `hold_out` is a share from 0 up to, not including, 1 | such as hold_out = 0.1"),
        ("hold_out = -0.1", "5:12 `hold_out` is a share from 0 up to, not including, 1 | a share of customers, such as hold_out = 0.1"),
        ("hold_out = nan", "5:12 `hold_out` is a share from 0 up to, not including, 1 | a share of customers, such as hold_out = 0.1"),
        ('hold_out = "10%"', "5:12 `hold_out` must be a number, not a text | a share of customers, such as hold_out = 0.1"),
        ("variants = 2", "5:12 `variants` must be a table of weights, not a number | such as variants = { a = 1, b = 1 }"),
        ("variants = {}", "5:12 no variant has a weight: nobody could be given one | such as variants = { a = 1, b = 1 }"),
        ("variants = { a = 0 }", "5:12 no variant has a weight: nobody could be given one | such as variants = { a = 1, b = 1 }"),
        (
            "variants = { A = 1 }",
            "5:14 `A` is no name: a small letter, then small letters, digits and _ | such as variants = { a = 1, b = 1 }",
        ),
        ("variants = { a = -1 }", "5:18 a weight is 0, or from 0.001 to 1,000,000 | such as variants = { a = 1, b = 1 }"),
        ("variants = { a = inf }", "5:18 a weight is 0, or from 0.001 to 1,000,000 | such as variants = { a = 1, b = 1 }"),
        ('variants = { a = "1" }', "5:18 a weight must be a number, not a text | such as variants = { a = 1, b = 1 }"),
    ],
)
def test_a_fault_in_a_campaign(line: str, expected: str) -> None:
    assert faults(campaign(line)) == [expected]


def test_the_nearest_campaign_is_never_the_same_one() -> None:
    text = campaign('excludes = ["aa"]') + "\n" + campaign("").replace('"a"', '"ab"')
    assert faults(text) == ["5:13 unknown campaign `aa` | did you mean `ab`?"]


# ---- what can never be sent

NEVER = "this step can never be sent: "
CART = 'trigger = { segment = "cart_abandoned" }'
AT_ONCE = NEVER + "it is due at the instant of the trigger, at which `while` is false | give it a later `after`, or change `while`"


def cart(condition: str, steps: str = '{ template = "t" }', more: str = "") -> str:
    return f'[[campaign]]\nname = "a"\n{CART}\nwhile = "{condition}"\nsteps = [ {steps} ]\n{more}'


@pytest.mark.parametrize(
    "condition", ["not in_segment('cart_abandoned')", "cart_items == 0", "cart_idle < hours(1)", "cart_items == 0 and has_email"]
)
def test_a_while_that_is_false_at_the_trigger(condition: str) -> None:
    assert faults(cart(condition)) == [f"5:11 {AT_ONCE}"]
    assert campaigns(cart(condition, '{ after = "2h", template = "t" }')).campaigns, "by then it may be true"


@pytest.mark.parametrize(
    "condition", ["False", "cart_items < 0", "cart_items > 3 and cart_items < 2", "in_segment('cart_abandoned') and cart_items == 0"]
)
def test_a_while_that_is_never_true(condition: str) -> None:
    assert faults(cart(condition)) == ["4:9 `while` is never true: no step could ever be sent"]
    _, told = faults(cart(condition).replace("cart_abandoned", "cart_abandond", 1))
    assert told == "4:9 `while` is never true: no step could ever be sent", "whatever else is wrong"


TIERS = 'trigger = { tiers = "engagement", from = ["intensive"], to = ["occasional", "dormant"] }'


@pytest.mark.parametrize(
    ("condition", "never"),
    [("tier('engagement') == 'intensive'", True), ("tier('engagement') in ['regular']", True), ("engagement >= 12", True), ("engagement >= 2", False),
     ("tier('engagement') == 'dormant'", False)],
)  # fmt: skip
def test_a_while_that_no_tier_of_the_trigger_meets(condition: str, never: bool) -> None:
    text = cart(condition).replace(CART, TIERS)
    assert (faults(text) == [f"5:11 {AT_ONCE}"]) if never else campaigns(text)


def test_a_step_after_which_the_segment_is_outgrown() -> None:
    late = (
        NEVER
        + "the customer is no longer in the trigger's segment: its condition is false by then, unless an event of `stop_on` came, which ends the campaign | give it an earlier `after`, or the campaign a `while`"
    )
    fresh = '{ template = "a" }, { after = "6d", template = "b" }, { after = "7d", template = "c" }, { after = "8d", template = "d" }'
    text = f'[[campaign]]\nname = "a"\ntrigger = {{ segment = "fresh" }}\nsteps = [ {fresh} ]'
    segments = SEGMENTS + '[[segment]]\nname = "fresh"\nfamily = "other"\nwhen = "since_first_seen < days(7)"\n'
    assert faults(text, segments) == [f"4:65 {late}", f"4:99 {late}"]


def test_a_while_that_only_an_ending_event_could_make_true() -> None:
    late = NEVER + "`while` is false by then, unless an event of `stop_on` came, which ends the campaign | give it an earlier `after`"
    condition, steps = "since_last_purchase <= hours(1)", '{ after = "1h", template = "a" }, { after = "2h", template = "b" }'
    assert faults(cart(condition, steps)) == [f"5:45 {late}"]
    assert campaigns(cart(condition, steps, "stop_on = []")).campaigns, "a purchase may make it true"
    assert campaigns(cart("cart_idle < hours(1)", '{ after = "2h", template = "t" }')).campaigns


def test_a_campaign_that_another_ends_as_it_starts() -> None:
    one, two = campaign(""), campaign('excludes = ["a"]').replace('name = "a"', 'name = "b"')
    ended = "no step of `{}` can ever be sent: `{}` starts at the same instant and excludes it | give the two different triggers, or take it out of `excludes`"
    assert faults(one + "\n" + two) == ["2:8 " + ended.format("a", "b")]
    assert campaigns(one + "\n" + two + '\nreentry = "7d"').campaigns, "b does not start each time"
    both = one + 'excludes = ["b"]\n' + two
    assert faults(both) == ["7:8 " + ended.format("b", "a")], "of equals the first in the file stays"
    assert faults(both + "\npriority = 1") == ["2:8 " + ended.format("a", "b")]


def test_a_trigger_nobody_can_meet() -> None:
    segments = SEGMENTS + '[[segment]]\nname = "odd"\nfamily = "other"\nwhen = "in_segment(\'cart_abandoned\') and cart_items == 0"\n'
    text = campaign('trigger = { segment = "odd" }', "trigger")
    assert faults(text, segments) == ["5:11 nobody can ever meet this trigger | nothing would ever start this campaign"]
