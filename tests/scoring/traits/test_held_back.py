"""What holds a customer back: technical trouble, missing features, or little motivation."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.scenario import DAY, Story, story, tiers
from tests.properties.profiles import searching
from tests.scoring.traits.harness import Row, Trial, histories, row

REASONS = ("technical", "features", "motivation")


def test_help_pages_complaints_and_answers_tell_it() -> None:
    it = Story(tiers("held_back", *(f"{each}: held_back_by == '{each}'" for each in REASONS), "nothing"))
    it.page_view("10:00", page_type="help", url="https://shop.example/help")
    it.page_view("10:01", page_type="product", query="login error")  # no help page
    it.page_view("10:02", page_type="help", url="https://shop.example/help/export_to-excel")
    it.event("10:03", "feedback", kind="complaint", text="The page doesn\N{RIGHT SINGLE QUOTATION MARK}t load")
    it.event("10:04", "feedback", kind="survey", answers={"held_back_by": "motivation"})
    it.tells(
        "10:00 moved none > nothing by event", "10:02 moved nothing > features by event", "10:03 moved features > technical by event",
        "10:04 moved technical > motivation by event",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("I forgot my password again", "technical"), ("Inloggen lukt niet, steeds een foutmelding", "technical"),
        ("De app is erg traag", "technical"), ("It does not support calendars", "features"), ("Een koppeling met Exact mis ik", "features"),
        ("I just have no time", "motivation"), ("Ik heb er geen tijd voor", "motivation"), ("Great service!", None),
        ("Where is my parcel?", None), ("slow delivery", None),
    ],
)  # fmt: skip
def test_words_of_feedback(text: str, reason: str | None) -> None:
    it = story()
    it.event("10:00", "feedback", kind="survey", text=text)
    it.says("10:00", "held_back_by is None" if reason is None else f"held_back_by == '{reason}'")


@pytest.mark.parametrize("product", [{"kind": "review"}, {"kind": "complaint", "product_id": "lamp"}])
def test_what_is_said_of_a_product_is_not_said_of_the_service(product: dict[str, str]) -> None:
    it = story()
    it.event("10:00", "feedback", text="The lamp doesn't work", **product)
    it.says("10:00", "held_back_by is None", "held_back_confidence <= 0")


def test_it_fades() -> None:
    it = story("held_back_confidence >= 0.5")
    it.event("10:00", "feedback", kind="survey", text="werkt niet", answers={"held_back_by": ["technical"]})  # seven
    it.passes("+90d 00:00")
    assert [(each["kind"], each["at"][:10]) for each in it.changes] == [("entered", "2026-03-02"), ("exited", "2026-04-25")]  # seven to two


def naive(rows: list[Row], now: int) -> dict[str, Any]:
    weights = dict.fromkeys(REASONS, 0.0)
    for one in rows:
        fade = 2.0 ** ((one["ts"] - now) / (30 * DAY))
        text = one.get("text", "")
        if one.get("page_type") == "help" and one.get("query") == "error":
            weights["technical"] += fade
        if "product_id" not in one:
            weights["features"] += 2 * fade * ("export" in text)
            weights["technical"] += 2 * fade * ("crash" in text)
        for named in set(one.get("answers", {}).get("held_back_by", ())):
            weights[named] += 5 * fade
    total, most = sum(weights.values()), max(weights.values())
    return {
        "held_back_by": next(each for each in REASONS if weights[each] >= most * (1 - 1e-9)) if total else None,
        "held_back_confidence": most / (total + 2),
    }


ROWS = [
    row("page_view", page_type=st.sampled_from(["help", "search"]), query=st.sampled_from(["error", "lamp"])),
    row(
        "feedback",
        text=st.sampled_from(["export crashes", "no export", "fine"]),
        product_id=st.just("p"),
        answers=st.fixed_dictionaries({"held_back_by": st.lists(st.sampled_from(REASONS), max_size=2)}),
    ).map(lambda one: one | {"kind": "survey"}),
]
CONDITIONS = ["held_back_confidence >= 0.5 and held_back_by == 'features'", "held_back_confidence < 0.3", "held_back_by != 'technical'"]


@searching(30)
@given(histories(ROWS), st.randoms(use_true_random=False))
def test_in_any_order_joined_and_to_the_millisecond(rows: list[Row], dice: Random) -> None:
    Trial(rows, naive, CONDITIONS).holds(dice)
