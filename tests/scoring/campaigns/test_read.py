# ruff: noqa: E501 - expected sentences stand whole
"""campaigns.toml is read whole or refused whole: every fault at once, each at its place with the nearest valid name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scoring.campaigns.decide import Campaigns
from scoring.campaigns.model import Moved, Policy
from scoring.campaigns.policy import _KEYS
from scoring.campaigns.read import _CAMPAIGN, read
from scoring.segments.faults import Faults
from scoring.segments.read import read as read_segments
from tests.scoring.campaigns.shop import CART, DAY, HOUR, SEGMENTS

DEFINITIONS = read_segments(SEGMENTS)
DEFAULTS = Path(__file__).parents[3] / "streams" / "defaults"


def campaigns(text: str, segments: str = SEGMENTS) -> Campaigns:
    return read(text, DEFINITIONS if segments == SEGMENTS else read_segments(segments))


def faults(text: str, segments: str = SEGMENTS) -> list[str]:
    with pytest.raises(Faults) as caught:
        campaigns(text, segments)
    return [f"{fault.line}:{fault.column} {fault.message}" + (f" | {fault.hint}" if fault.hint else "") for fault in caught.value.faults]


def campaign(line: str, without: str = "") -> str:
    """A file of one campaign in which only `line` is of interest: it is line 5."""
    lines = ['name = "a"', 'trigger = { segment = "buyer" }', 'steps = [ { template = "t" } ]']
    return "\n".join(["[[campaign]]", *("" if each.startswith(without or "-") else each for each in lines), line])


def test_the_campaigns_that_are_shipped_fit_the_segments_that_are_shipped() -> None:
    definitions = read_segments((DEFAULTS / "segments.toml").read_text())
    shipped = read((DEFAULTS / "campaigns.toml").read_text(), definitions)
    cart, browse, back = shipped.campaigns[:3]
    assert (cart.name, [(step.after, step.template) for step in cart.steps]) == (
        "abandoned_cart", [(0, "abandoned_cart_1"), (24 * HOUR, "abandoned_cart_2"), (72 * HOUR, "abandoned_cart_3")],
    )  # fmt: skip
    assert cart.stop_on == {"purchase"} and not cart.transactional
    assert back.trigger == Moved("engagement", ("intensive", "regular"), ("occasional", "dormant"))
    assert cart.priority > browse.priority > back.priority and cart.excludes == (browse.name,) and back.hold_out == 0.1
    assert shipped.policy.quiet_hours is not None and [cap.text for cap in shipped.policy.caps] == ["20h", "7d"]


def test_the_example_of_the_guide_reads_as_it_says() -> None:
    guide = (DEFAULTS.parents[1] / "docs" / "campaigns.md").read_text()
    (example,) = re.findall(r"```toml\n(.*?)```", guide, re.DOTALL)
    assert [each.name for each in campaigns(example).campaigns] == ["abandoned_cart", "reactivation"]
    for key in (*_CAMPAIGN, *_KEYS):
        assert f"`{key}`" in guide or key == "name"


def test_defaults() -> None:
    read = campaigns(campaign(""))
    assert read.policy == Policy("UTC", "en")
    assert read.campaigns[0].stop_on == {"purchase"} and read.campaigns[0].condition == read.campaigns[0].trigger.membership()
    assert campaigns("").campaigns == ()
    assert campaigns(campaign("stop_on = []")).campaigns[0].stop_on == frozenset()
    assert campaigns(campaign("transactional = true")).campaigns[0].transactional
    assert campaigns('[policy]\ntime_zone = "Europe/Amsterdam"\nlanguage = "nl"').policy == Policy("Europe/Amsterdam", "nl")
    assert [step.after for step in campaigns(CART).campaigns[0].steps] == [0, DAY, 3 * DAY]


@pytest.mark.parametrize(
    ("line", "without", "expected"),
    [
        ("prority = 1", "", ["5:1 unknown key `prority` in a campaign | did you mean `priority`?"]),
        ('trigger = { segment = "byer" }', "trigger", ["5:23 unknown segment `byer` | did you mean `buyer`?"]),
        ('trigger = { segment = "engagement" }', "trigger",
         ["5:23 `engagement` is a group of tiers | trigger = { tiers = \"engagement\", to = [ … ] }"]),
        ('trigger = { tiers = "buyer", to = ["x"] }', "trigger",
         ["5:21 `buyer` is a simple segment, not a group of tiers | trigger = { segment = \"buyer\" }"]),
        ('trigger = { tiers = "engagemnt", to = ["dormant"] }', "trigger", ["5:21 unknown group of tiers `engagemnt` | did you mean `engagement`?"]),
        ('trigger = { tiers = "engagement", from = ["regulr"], to = ["dormand", 3] }', "trigger",
         ["5:43 unknown tier `regulr` | did you mean `regular`?", "5:60 unknown tier `dormand` | did you mean `dormant`?",
          "5:71 a name must be a text, not a number"]),
        ('trigger = { tiers = "engagement", from = ["regular"] }', "trigger",
         ["5:1 a trigger with `tiers` needs `to` | such as to = [\"occasional\", \"dormant\"]"]),
        ('trigger = { tiers = "engagement", to = [] }', "trigger", ["5:40 `to` names no tier | nothing would ever start this campaign"]),
        ('trigger = { tiers = "engagement", from = ["dormant"], to = ["dormant"] }', "trigger",
         ["5:1 nobody moves from `dormant` to `dormant` | nothing would ever start this campaign"]),
        ('trigger = "buyer"', "trigger", ["5:11 `trigger` must be a table, not a text | such as trigger = { segment = \"cart_abandoned\" }"]),
        ("trigger = {}", "trigger",
         ["5:1 a trigger names a `segment`, or `tiers` and the tiers moved `to` | such as trigger = { segment = \"cart_abandoned\" }"]),
        ("", "trigger", ["1:1 a campaign needs `trigger` | such as trigger = { segment = \"cart_abandoned\" }"]),
        ("", "name", ['1:1 a campaign needs `name` | such as name = "cart_abandoned"']),
        ("", "steps", ['1:1 a campaign needs `steps` | such as steps = [ { template = "abandoned_cart_1" } ]']),
        ("steps = []", "steps", ["5:9 `steps` must be a list of at least one step | such as steps = [ { template = \"abandoned_cart_1\" } ]"]),
        ('steps = [ { after = "24 h", template = "t" } ]', "steps", ['5:21 "24 h" is no span of time | did you mean "24h"?']),
        ('steps = [ { after = 24, template = "t" } ]', "steps", ['5:21 `after` must be a span of time as a text, not a number | such as after = "24h"']),
        ('steps = [ { template = "../t" } ]', "steps", ["5:24 `../t` is no name of a template | such as abandoned_cart_1, without its language"]),
        ('steps = [ { template = "t" }, { template = "u" } ]', "steps",
         ["5:31 this step is not later than the one before it | `after` counts from the trigger"]),
        ('stop_on = ["purchase", "purchases"]', "", ["5:24 unknown event type `purchases` | did you mean `purchase`?"]),
        ("while = \"cart_items > 0 and in_segment('byer')\"", "", ["5:40 unknown segment `byer` | did you mean `buyer`?"]),
        ('while = "cart_itms > 0"', "", ["5:10 unknown attribute `cart_itms` | did you mean `cart_items`?"]),
        ('transactional = "no"', "", ["5:17 `transactional` must be true or false, not a text"]),
    ],
)  # fmt: skip
def test_a_fault_says_where_and_what_would_be_right(line: str, without: str, expected: list[str]) -> None:
    assert faults(campaign(line, without)) == expected


def test_all_faults_of_a_file_at_once() -> None:
    text = '[policy]\ntime_zone = "Europe/Amsterdm"\nlanguage = "Dutch"\n[[campaign]]\nname = "a"\n[[campaing]]\n' + campaign(
        "hold_out = 1"
    )
    assert [fault.split(" ")[0] for fault in faults(text)] == ["2:13", "3:12", "4:1", "4:1", "6:1", "8:8", "11:12"]


def test_no_toml() -> None:
    assert len(faults("[[campaign]]\nname = a b")) == 1


@pytest.mark.parametrize("text", ["policy = 3", "campaign = 3", "campaign = [3]", "[campaign]\nname = 'a'"])
def test_tables_that_are_none(text: str) -> None:
    assert len(faults(text)) == 1
