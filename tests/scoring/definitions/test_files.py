"""Files that are right: what is read from them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

import streams
from scoring.expressions.tree import And, Compare, InSegment
from scoring.segments.model import DEFAULT_WEIGHTS, Definitions, Segment, Tiers
from scoring.segments.read import read
from tests.scoring.definitions.marked import segment

EVERYDAY = '''
[[segment]]
name = "cart_abandoned"
family = "purchase_habits"
when = "cart_items > 0 and cart_idle >= hours(1) and since_last_visit >= minutes(30)"
exit_when = "cart_items == 0"
hold_for = "10m"
cooldown = "7d"

[[tiers]]
name = "engagement"
family = "engagement"
tiers = [ { name = "intensive", when = "engagement >= 40" }, { name = "regular", when = "engagement >= 12" },
          { name = "occasional", when = "engagement >= 2" }, { name = "dormant" } ]

[[segment]]
name = "warm_abandoner"
family = "engagement"
when = """
  in_segment("cart_abandoned")              # refers upwards
  and tier("engagement") in ["intensive", "regular"] and not in_segment('later')
"""

[[tiers]]
name = "usage"
family = "usage"

    [[tiers.tiers]]
    name = "heavy"
    when = "sessions(days(30)) >= 12"

    [[tiers.tiers]]
    name = "light"

[[segment]]
name = "later"
family = "other"
when = "purchases(days(90)) >= 2"
'''


def one(text: str) -> Segment:
    definition = read(text).segments[0]
    assert isinstance(definition, Segment)
    return definition


def test_definitions_keep_the_order_of_the_file() -> None:
    definitions = read(EVERYDAY)
    assert [each.name for each in definitions.segments] == ["cart_abandoned", "engagement", "warm_abandoner", "usage", "later"]
    assert [type(each) for each in definitions.segments] == [Segment, Tiers, Segment, Tiers, Segment]


def test_a_segment_with_all_its_keys() -> None:
    abandoned = read(EVERYDAY).segments[0]
    assert isinstance(abandoned, Segment)
    assert abandoned.family == "purchase_habits"
    assert isinstance(abandoned.when, And) and len(abandoned.when.parts) == 3
    assert isinstance(abandoned.exit_when, Compare)
    assert (abandoned.hold_for, abandoned.cooldown) == (600_000, 7 * 86_400_000)
    assert len(abandoned.definition) == 16 and int(abandoned.definition, 16) >= 0


def test_a_group_of_tiers_inline_or_as_tables() -> None:
    definitions = read(EVERYDAY)
    engagement, usage = definitions.segments[1], definitions.segments[3]
    assert isinstance(engagement, Tiers) and isinstance(usage, Tiers)
    assert [tier.name for tier in engagement.tiers] == ["intensive", "regular", "occasional", "dormant"]
    assert engagement.tiers[-1].when is None
    assert [tier.name for tier in usage.tiers] == ["heavy", "light"]


def test_a_segment_may_refer_to_one_defined_below() -> None:
    warm = read(EVERYDAY).segments[2]
    assert isinstance(warm, Segment) and isinstance(warm.when, And)
    assert warm.when.parts[0] == InSegment("cart_abandoned")


def test_a_group_of_one_tier_holds_everybody() -> None:
    read('[[tiers]]\nname = "all"\nfamily = "other"\ntiers = [ { name = "customer" } ]\n')


@pytest.mark.parametrize("text", ["\ufeff" + EVERYDAY, EVERYDAY.replace("\n", "\r\n")])
def test_a_byte_order_mark_and_windows_line_ends_are_fine(text: str) -> None:
    assert read(text) == read(EVERYDAY)


@pytest.mark.parametrize(
    ("span", "milliseconds"),
    [
        ("90s", 90_000),
        ("1.5h", 5_400_000),
        ("0s", 0),
        ("2w", 14 * 86_400_000),
        ("0.0001s", 1),
        ("010m", 600_000),
        ("36500d", 36_500 * 86_400_000),
    ],
)
def test_spans(span: str, milliseconds: int) -> None:
    found = one(segment("True", f'hold_for = "{span}"\ncooldown = "{span}"'))
    assert (found.hold_for, found.cooldown) == (milliseconds, milliseconds)


def test_engagement_without_a_table_has_the_defaults() -> None:
    engagement = read(EVERYDAY).engagement
    assert engagement.half_life == 7 * 86_400_000
    assert engagement.weights == DEFAULT_WEIGHTS


def test_engagement_overrides_single_weights() -> None:
    engagement = read(EVERYDAY + '[engagement]\nhalf_life = "36h"\nweights.page_view = 0.5\nweights.refund = 1\n').engagement
    assert engagement.half_life == 36 * 3_600_000
    assert engagement.weights == {**DEFAULT_WEIGHTS, "page_view": 0.5, "refund": 1.0}


SAME = [
    ("cart_items > 0 and has_email", "(cart_items>0)   and\n has_email # note"),
    ("cart_items > 0", "0 < cart_items"),
    ("cart_items > 0", "cart_items > 0.0"),
    ("purchases(weeks(1)) > 1 + 1", "purchases(days(7)) > 2"),
    ("has_email == True", "has_email"),
    ("purchases in [1, 2]", "purchases in (2, 1, 1)"),
    ("has_email and (email_consent and True)", "has_email and email_consent and True"),
]
DIFFERENT = [
    ("cart_items > 0", "cart_items >= 0"),
    ("cart_items > 0", "cart_items > 1"),
    ("purchases > 0", "purchases(days(400)) > 0"),
    ("has_email and email_consent", "has_email or email_consent"),
    ("has_email", "not has_email"),
    ("purchases in [1]", "purchases not in [1]"),
    ("spend / purchases > 1", "purchases / spend > 1"),
    ("spend > 1 - purchases", "spend > 1 + purchases"),
]


@pytest.mark.parametrize(("first", "second"), SAME)
def test_the_same_meaning_has_the_same_hash(first: str, second: str) -> None:
    assert one(segment(first)).definition == one(segment(second)).definition
    assert read(segment(first)).fingerprint == read(segment(second)).fingerprint


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_another_meaning_has_another_hash(first: str, second: str) -> None:
    assert one(segment(first)).definition != one(segment(second)).definition
    assert read(segment(first)).fingerprint != read(segment(second)).fingerprint


@pytest.mark.parametrize("more", ['hold_for = "1s"', 'cooldown = "1s"', 'exit_when = "has_email"'])
def test_every_key_that_matters_is_in_the_hash(more: str) -> None:
    assert one(segment("True", more)).definition != one(segment("True")).definition


def test_engagement_settings_belong_to_what_reads_engagement() -> None:
    def definitions(settings: str) -> Definitions:
        return read(EVERYDAY + settings)

    plain, other = definitions(""), definitions('[engagement]\nhalf_life = "8d"\n')
    changed = {a.name for a, b in zip(plain.segments, other.segments, strict=True) if a.definition != b.definition}
    assert changed == {"engagement"}
    assert plain.fingerprint != other.fingerprint
    assert definitions('[engagement]\nhalf_life = "168h"\nweights = { page_view = 1, refund = 0 }\n').fingerprint == plain.fingerprint


def test_the_fingerprint_tells_names_and_order_apart() -> None:
    a, b = segment("has_email"), segment("email_consent").replace("one", "two")
    assert len({read(a + b).fingerprint, read(b + a).fingerprint, read(a).fingerprint, read(a.replace("one", "two")).fingerprint}) == 4
    assert 0 <= read(a).fingerprint < 1 << 32


def test_a_family_is_no_meaning() -> None:
    assert read(segment("has_email")).fingerprint == read(segment("has_email").replace("other", "usage")).fingerprint


def test_the_definitions_that_ship() -> None:
    text = (Path(streams.__file__).parent / "defaults" / "segments.toml").read_text(encoding="utf-8")
    definitions = read(text)
    assert len(definitions.segments) >= 12
    assert definitions.engagement.weights == DEFAULT_WEIGHTS
    names = {each.name for each in definitions.segments}
    assert {"cart_abandoned", "browse_abandoned", "checkout_abandoned", "considering", "new_customer", "loyal", "vip", "lapsed"} <= names
    engagement = next(each for each in definitions.segments if each.name == "engagement")
    assert isinstance(engagement, Tiers)
    assert [tier.when.text if tier.when else "" for tier in engagement.tiers] == [
        "engagement >= 40",
        "engagement >= 12",
        "engagement >= 2",
        "",
    ]


def test_a_thousand_segments_are_read_in_about_a_second() -> None:
    block = EVERYDAY.split("[[tiers]]")[0]
    text = "".join(block.replace("cart_abandoned", f"cart_abandoned_{n}") for n in range(1_000))
    start = time.process_time()
    assert len(read(text).segments) == 1_000
    assert time.process_time() - start < 3
