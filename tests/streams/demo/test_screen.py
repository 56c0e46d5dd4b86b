"""The demo's screen and summary, from figures made up."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from streams.demo.figures import Figures, Mail
from streams.demo.screen import frame, line
from streams.sinks.live_view import Counts

CHANGE = {
    "customer_id": "c1[/]", "segment": "cart_abandoned", "kind": "entered", "from": None, "to": None, "at": "2026-03-01T11:00:00.000Z",
    "cause": "deadline", "reason": "cart_items 2 > 0, cart_idle 1h >= 1h",
}  # fmt: skip
MOVE = CHANGE | {
    "segment": "engagement",
    "kind": "moved",
    "from": "regular",
    "to": "dormant",
    "cause": "event",
    "reason": "engagement 1 >= 0",
}
FIRST = MOVE | {"from": None, "to": "low", "segment": "value"}


def figures() -> Figures:
    made = Figures(events=1234, dead_letters=2, segments=Counts(200, {"cart_abandoned": 25, "loyal": 0, "value.low": 100}))
    for change in (CHANGE, MOVE, FIRST):
        made.changes[change["kind"], change["segment"]] += 1
        made.last_changes.append(change)
    made.mails["abandoned_cart"] += 1
    made.not_sent["no_consent"] += 3
    made.last_mails.append(Mail(7, "abandoned_cart", "1", "zoe@example.org", "[/red] Your cart is still here"))
    made.worker = {"lag": 5}
    return made


def drawn(width: int, height: int) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, height=height, force_terminal=False)
    console.print(frame(figures(), "http://127.0.0.1:1", "/mails", height), height=height)
    return out.getvalue()


def test_a_frame_shows_everything() -> None:
    text = drawn(180, 40)
    for shown in (
        "1,234 events", "lag 5", "dead letters 2", "cart_abandoned", "12.50", "entered cart_abandoned",
        "cart_idle 1h >= 1h (time passed)",
        "engagement: regular > dormant", "value: low", "c1[/]", "http://127.0.0.1:1/7",
        "zoe@example.org", "[/red] Your cart", "no_consent 3",
        "/mails",
    ):  # fmt: skip
        assert shown in text, shown


def test_of_more_segments_than_lines_those_with_most_to_tell() -> None:
    many = Counts(
        200, {f"quiet_{n}": 100 for n in range(60)} | {"empty": 0, "cart_abandoned": 25, "value.low": 100, "engagement.dormant": 9}
    )
    out = io.StringIO()
    made = figures()
    made.segments = many
    made.changes["moved", "engagement"] += 300
    Console(file=out, width=120, height=30).print(frame(made, "http://127.0.0.1:1", "/mails", 30), height=30)
    text = out.getvalue()
    for shown in ("cart_abandoned", "engagement.dormant", "quiet_0 ", "and 45 more", "customers"):
        assert shown in text, f"{shown}\n{text}"
    assert "quiet_59" not in text and "empty" not in text


@pytest.mark.parametrize(("width", "height"), [(80, 24), (60, 10), (300, 100)])
def test_a_frame_fits_any_terminal(width: int, height: int) -> None:
    lines = drawn(width, height).splitlines()
    assert len(lines) <= height
    assert max(map(len, lines)) <= width


def test_the_plain_line_and_the_summary() -> None:
    assert "1,234 events  200 customers  3 changes  1 mails  2 dead letters  lag 5" in line(figures())
    assert figures().summary(9.96) == {
        "seconds": 10.0,
        "customers": 200,
        "events": 1234,
        "changes": {"entered": {"cart_abandoned": 1}, "moved": {"engagement": 1, "value": 1}},
        "mails": {"abandoned_cart": 1},
        "not_sent": {"no_consent": 3},
        "dead_letters": 2,
        "lag": 5,
    }


def test_the_rate_is_of_late() -> None:
    made = Figures()
    assert made.rate == 0
    for second in range(100):
        made.events = 10 * second if second < 90 else 900 + 50 * (second - 90)
        made.look(float(second))
    assert 40 < made.rate <= 50
