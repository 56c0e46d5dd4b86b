"""Satisfaction: scores of every kind, their trend, and complaints that are open."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.state import DAY
from tests.contracts.scenario import Story, tiers, toml
from tests.properties.profiles import searching
from tests.scoring.traits.harness import Row, Trial, histories, row

SCALES = {"nps": 10, "csat": 5, "ces": 7, "review": 5}


def test_the_newest_score_of_any_kind_makes_promoters_and_detractors() -> None:
    it = Story(
        tiers("satisfaction", "promoter: satisfaction >= 90", "passive: satisfaction >= 70", "detractor: satisfaction >= 0", "unknown")
    )
    it.page_view("10:00")
    it.event("11:00", "feedback", kind="nps", score=9)
    it.event("12:00", "feedback", kind="csat", score=4)
    it.event("13:00", "feedback", kind="survey", score=1)  # on which scale? it says nothing
    it.event("14:00", "feedback", kind="review", score=2, max_score=10)
    it.event("11:30", "feedback", kind="nps", score=10)  # late, and older than the newest
    it.tells(
        "10:00 moved none > unknown by event", "11:00 moved unknown > promoter by event", "12:00 moved promoter > passive by event",
        "14:00 moved passive > detractor by event",
    )  # fmt: skip


def test_falling_before_it_is_lost() -> None:
    it = Story(toml("satisfaction_trend <= -15 and satisfaction >= 60"))
    for n, score in enumerate((9, 10, 9, 7)):
        it.event(f"1{n}:00", "feedback", kind="nps", score=score)
    it.tells("13:00 entered by event")
    assert it.changes[0]["attributes"]["satisfaction_trend"] == pytest.approx(70 - (90 + 100 + 90) / 3)


def test_a_complaint_is_open_until_it_is_settled_or_old() -> None:
    it = Story(toml("open_complaint"))
    it.event("10:00", "feedback", kind="complaint", text="broken")
    it.event("12:00", "feedback", kind="complaint", answers={"status": "resolved"})
    it.event("+1d 09:00", "feedback", kind="complaint", text="again")
    it.passes("+40d 00:00")
    it.tells("10:00 entered by event", "12:00 exited by event", "+1d 09:00 entered by event", "+31d 09:00 exited by deadline")


def test_missing_is_missing() -> None:
    it = Story(
        toml("satisfaction is None and nps is None and not satisfaction >= 0", "nothing") + toml("since_last_feedback is None", "silent")
    )
    it.page_view("10:00")
    it.event("11:00", "feedback", kind="complaint", text="late")
    it.tells("10:00 nothing entered by event", "10:00 silent entered by event", "11:00 silent exited by event")


def naive(rows: list[Row], now: int) -> dict[str, Any]:
    said = [one for one in rows if one["event_type"] == "feedback"]
    scored = []
    for one in said:
        scale = one.get("max_score") or SCALES.get(one["kind"])
        if "score" in one and scale and one["kind"] != "complaint":
            scored.append((one["kind"], round(1000 * min(max(one["score"] / scale, 0), 1)) / 10))
    values = [score for _, score in scored]
    before = values[-5:-1]
    resolved = [one["ts"] for one in said if one["kind"] == "complaint" and one.get("answers") == {"status": "closed"}]
    made = [one["ts"] for one in said if one["kind"] == "complaint" and one["ts"] not in resolved]
    week = [one for one in said if (one["ts"] // 3_600_000 + 1) * 3_600_000 + 7 * DAY > now]
    return {
        "satisfaction": values[-1] if values else None,
        "satisfaction_trend": values[-1] - sum(before) / len(before) if before else None,
        "nps": next((score / 10 for kind, score in reversed(scored) if kind == "nps"), None),
        "review_score": next((score for kind, score in reversed(scored) if kind == "review"), None),
        "feedbacks": len(said),
        "feedbacks(days(7))": len(week),
        "reviews": sum(one["kind"] == "review" for one in said),
        "complaints": len(made),
        "since_last_feedback": now - said[-1]["ts"] if said else None,
        "open_complaint": bool(made) and now < made[-1] + 30 * DAY and not (resolved and resolved[-1] >= made[-1]),
    }


FEEDBACK = row(
    "feedback",
    score=st.integers(0, 10),
    max_score=st.sampled_from([5, 10]),
    answers=st.sampled_from([{"status": "closed"}, {"why": "slow"}]),
)
ROWS = [
    *(FEEDBACK.map(lambda one, kind=kind: one | {"kind": kind}) for kind in ("nps", "csat", "ces", "review", "survey", "complaint")),
    row("page_view"),
]
CONDITIONS = ["open_complaint", "satisfaction >= 80", "feedbacks(days(7)) >= 2", "since_last_feedback >= days(3)", "satisfaction_trend < 0"]


@searching(30)
@given(histories(ROWS), st.randoms(use_true_random=False))
def test_in_any_order_joined_and_to_the_millisecond(rows: list[Row], dice: Random) -> None:
    Trial(rows, naive, CONDITIONS).holds(dice)
