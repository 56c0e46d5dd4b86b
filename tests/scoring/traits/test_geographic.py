"""Geographic: of the profile, else of the newest page view; what nobody said is missing."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.contracts.scenario import Story, tiers, toml
from tests.properties.profiles import searching
from tests.scoring.traits.harness import Row, Trial, histories, row


def test_the_profile_says_it_else_the_newest_page_view() -> None:
    it = Story(tiers("place", "flanders: country == 'BE' and language == 'nl'", "belgium: country == 'BE'", "elsewhere"))
    it.page_view("10:00")
    it.page_view("11:00", country="be")
    it.page_view("12:00", language="nl-BE")
    it.page_view("11:30", language="fr", country="FR")  # late: the country is newer, the language is not
    it.event("13:00", "profile", country="NL", language="en")
    it.event("14:00", "profile", nulls=("country",))
    it.says("14:00", "country == 'FR'", "language == 'en'")
    it.tells(
        "10:00 moved none > elsewhere by event", "11:00 moved elsewhere > belgium by event", "12:00 moved belgium > flanders by event",
        "12:00 moved flanders > elsewhere by late_event",
    )  # fmt: skip


def test_abroad_is_to_be_seen_elsewhere_than_at_home() -> None:
    it = Story(toml("abroad"))
    it.page_view("10:00", country="ES")
    it.event("11:00", "profile", country="NL")
    it.says("11:30", "country == 'NL'", "seen_in == 'ES'")
    it.page_view("12:00", country="XYZ")  # no country's code
    it.page_view("13:00", country="NL")
    it.tells("11:00 entered by event", "13:00 exited by event")


def test_what_only_the_profile_can_say() -> None:
    it = Story(toml("page_views >= 1"))
    it.page_view("10:00", country="NL")
    it.says("10:00", "region is None", "city is None", "urbanity is None", "climate_zone is None")
    it.event("11:00", "profile", city=" Gent ", region="Oost-Vlaanderen", traits={"urbanity": "Urban", "climate_zone": "Maritime"})
    it.says("11:00", "city == 'gent'", "region == 'oost-vlaanderen'", "urbanity == 'urban'", "climate_zone == 'maritime'")
    it.event("12:00", "profile", traits={"urbanity": "a hamlet", "climate_zone": 5})
    it.says("12:00", "urbanity is None", "climate_zone is None")


def naive(rows: list[Row], now: int) -> dict[str, Any]:
    views = [one for one in rows if one["event_type"] == "page_view"]
    said: dict[str, Any] = {}
    for one in rows:
        if one["event_type"] == "profile":
            said |= one
    seen = next((one["country"].upper() for one in reversed(views) if "country" in one and len(one["country"]) == 2), None)
    spoken = next((one["language"][:2] for one in reversed(views) if "language" in one), None)
    home = said.get("country")
    return {
        "country": home or seen,
        "language": (said.get("language") or "")[:2] or spoken,
        "seen_in": seen,
        "abroad": bool(home and seen and home != seen),
    }


ROWS = [
    row("page_view", country=st.sampled_from(["nl", "BE", "nowhere"]), language=st.sampled_from(["nl-NL", "fr"])),
    row("profile", country=st.sampled_from(["NL", "DE", None]), language=st.sampled_from(["nl", "en-GB", None])),
]


@searching(20)
@given(histories(ROWS), st.randoms(use_true_random=False))
def test_in_any_order_joined_and_to_the_millisecond(rows: list[Row], dice: Random) -> None:
    Trial(rows, naive, ["country == 'NL'", "language != 'nl'", "abroad", "seen_in is None"]).holds(dice, later=(0, 1))
