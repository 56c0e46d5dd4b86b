"""Benefits sought: what leads, by how much, and how sure it is."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.scenario import DAY, Story, story, tiers, toml
from tests.properties.profiles import searching
from tests.scoring.traits.harness import Row, Trial, histories, row

BENEFITS = ("quality", "use", "feedback", "usp", "extra")
HALF_LIFE = 30 * DAY


def test_pages_searches_and_answers_tell_what_leads() -> None:
    it = Story(tiers("sought", *(f"{each}: leading_benefit == '{each}'" for each in BENEFITS), "unknown"))
    it.page_view("10:00", page_type="product", benefit="price")  # none that is known
    it.page_view("10:01", page_type="product", benefit="use")
    it.page_view("10:02", page_type="search", query="Duurzame jas")
    it.page_view("10:03", page_type="reviews")
    it.page_view("10:04", page_type="reviews", benefit="quality")
    it.event("10:05", "feedback", kind="survey", answers={"benefit": ["extra", "price"], "other": 3})
    it.event("10:06", "feedback", kind="survey", answers={"benefit": {"quality": 1}})  # of another shape
    it.event("10:07", "feedback", kind="survey", answers=["quality"])
    it.says("10:07", 'benefit_share("extra") >= 0.5 and benefit_share("extra") < 0.501')  # five of ten, which have hardly faded
    it.tells(
        "10:00 moved none > unknown by event", "10:01 moved unknown > use by event", "10:02 moved use > quality by event",
        "10:05 moved quality > extra by event",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("query", "benefit"),
    [
        ("kwaliteit wasmachine", "quality"), ("how to descale", "use"), ("ervaringen philips", "feedback"), ("vergelijk tv", "usp"),
        ("lamp GRATIS verzending", "extra"), ("schoenen", None), ("waterproof", None),
    ],
)  # fmt: skip
def test_words_of_searches(query: str, benefit: str | None) -> None:
    it = story()
    it.page_view("10:00", page_type="search", query=query)
    it.says("10:00", "leading_benefit is None" if benefit is None else f"leading_benefit == '{benefit}'")


def test_without_evidence_it_is_missing_and_there_is_no_confidence() -> None:
    it = story("leading_benefit is None and benefit_share('use') is None")
    it.page_view("10:00", page_type="product")
    it.says("10:00", "benefit_confidence <= 0")
    it.denies("10:00", "leading_benefit != 'use'", "benefit_confidence > 0", "benefit_share('use') >= 0")


def test_confidence_grows_with_evidence_and_fades_while_the_leading_one_stays() -> None:
    it = story("leading_benefit == 'quality' and benefit_confidence >= 0.5")
    it.page_view("10:00", benefit="quality")
    it.says("10:00", "benefit_confidence >= 0.333", "benefit_confidence < 0.334")
    it.page_view("10:00:01", page_type="search", query="premium", benefit="quality")  # four in all: two thirds
    it.tells("10:00:01 entered by event")
    it.passes("+90d 00:00")
    it.tells("+30d 10:00:00.751 exited by deadline")  # four have become two: one since 10:00, three a second younger
    it.says("+90d 00:00", "leading_benefit == 'quality'", "benefit_confidence > 0")


def naive(rows: list[Row], now: int) -> dict[str, Any]:
    weights = dict.fromkeys(BENEFITS, 0.0)
    for one in rows:
        fade = 2.0 ** ((one["ts"] - now) / HALF_LIFE)
        if one.get("benefit") in weights:
            weights[one["benefit"]] += fade
        elif one.get("page_type") == "reviews" and "benefit" not in one:
            weights["feedback"] += fade
        if one.get("query") == "sturdy and free":
            weights["quality"] += 2 * fade
            weights["extra"] += 2 * fade
        for named in set(one.get("answers", {}).get("benefit", ())):
            weights[named] += 5 * fade
    total, most = sum(weights.values()), max(weights.values())
    leading = next(each for each in BENEFITS if weights[each] >= most * (1 - 1e-9)) if total else None
    return {
        "leading_benefit": leading,
        "benefit_share('use')": weights["use"] / total if total else None,
        "benefit_confidence": most / (total + 2),
    }


ROWS = [
    row("page_view", benefit=st.sampled_from([*BENEFITS, "price"]), page_type=st.sampled_from(["reviews", "product"])),
    row("page_view", query=st.sampled_from(["sturdy and free", "lamp"]), page_type=st.just("search")),
    row("feedback", answers=st.fixed_dictionaries({"benefit": st.lists(st.sampled_from(BENEFITS), max_size=2)})).map(
        lambda one: one | {"kind": "survey"}
    ),
]
CONDITIONS = [
    "benefit_confidence >= 0.5",
    "benefit_confidence > 0.25 and leading_benefit in ['use', 'extra']",
    "benefit_confidence < 0.1",
    "benefit_share('use') >= 0.5",
]


@searching(40)
@given(histories(ROWS), st.randoms(use_true_random=False))
def test_in_any_order_joined_and_to_the_millisecond(rows: list[Row], dice: Random) -> None:
    Trial(rows, naive, CONDITIONS).holds(dice)


def test_decades_apart() -> None:
    """Weights are counted from later instants, and what has faded beyond a double is nothing."""
    it = Story(toml("benefit_confidence > 0.3"))
    it.page_view("10:00", benefit="use")
    it.page_view("+36500d 10:00", benefit="quality")
    it.says("+36500d 10:00", "leading_benefit == 'quality'", "benefit_confidence >= 0.333", "benefit_share('use') < 0.001")
