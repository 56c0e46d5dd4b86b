"""Reaction to mails: what arrived, what a person opened, and those who never do."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from scoring.state import DAY, HOUR
from tests.contracts.scenario import Story, toml
from tests.properties.profiles import searching
from tests.scoring.traits.harness import Row, Trial, histories, row


def test_many_mails_and_no_reaction() -> None:
    it = Story(toml("mails_delivered(days(90)) >= 3 and mail_opens(days(90)) == 0 and mail_clicks(days(90)) == 0"))
    for day in range(3):
        it.event(f"+{day}d 10:00", "email_delivered", message_id=f"m{day}")
        it.event(f"+{day}d 10:01", "email_opened", message_id=f"m{day}", machine=True)
    it.event("+3d 09:00", "email_clicked", message_id="m2")
    it.passes("+99d 00:00")
    it.tells("+2d 10:00 entered by event", "+3d 09:00 exited by event")


def test_how_long_ago() -> None:
    it = Story(toml("since_last_mail_reaction >= days(30)"))
    it.event("10:00", "email_opened", message_id="m")
    it.event("09:00", "email_clicked", message_id="m")
    it.passes("+60d 00:00")
    it.tells("+30d 10:00 entered by deadline")


def naive(rows: list[Row], now: int) -> dict[str, Any]:
    def of(event_type: str, window: int | None = None) -> list[int]:
        found = [one["ts"] for one in rows if one["event_type"] == event_type and not (event_type == "email_opened" and one.get("machine"))]
        return found if window is None else [ts for ts in found if (ts // HOUR + 1) * HOUR + window > now]

    reactions = of("email_opened") + of("email_clicked")
    return {
        "mails_delivered": len(of("email_delivered")),
        "mails_delivered(days(30))": len(of("email_delivered", 30 * DAY)),
        "mail_opens": len(of("email_opened")),
        "mail_clicks(days(2))": len(of("email_clicked", 2 * DAY)),
        "since_last_mail_reaction": now - max(reactions) if reactions else None,
    }


ROWS = [row(f"email_{what}", machine=st.booleans()) for what in ("delivered", "opened", "clicked", "unsubscribed")]
CONDITIONS = ["mails_delivered(days(30)) >= 2", "mail_opens(days(7)) == 0", "since_last_mail_reaction >= days(3)"]


@searching(20)
@given(histories(ROWS), st.randoms(use_true_random=False))
def test_in_any_order_joined_and_to_the_millisecond(rows: list[Row], dice: Random) -> None:
    Trial(rows, naive, CONDITIONS).holds(dice)
