"""The campaigns that come with Gedrag, over the definitions that do: who is written to, and when not."""

from __future__ import annotations

from pathlib import Path

from tests.scoring.campaigns.shop import DAY, HOUR, MINUTE, Shop, T, add, reachable, view

DEFAULTS = Path(__file__).parents[3] / "streams" / "defaults"
CAMPAIGNS, SEGMENTS = ((DEFAULTS / f"{name}.toml").read_text(encoding="utf-8") for name in ("campaigns", "segments"))


def mails(shop: Shop) -> list[tuple[str, int]]:
    """(campaign, hours after T) of what was sent."""
    return [(campaign, at // HOUR) for campaign, _, decision, _, at in shop.decisions() if decision == "send"]


def test_who_is_in_the_shop_is_not_told_to_have_been_away() -> None:
    """Four things in the cart are an engagement of 12 for a millisecond: nobody moves for that, it has not lasted."""
    shop = Shop(CAMPAIGNS, SEGMENTS).send(reachable(), *(add(0, f"p{n}") for n in range(4))).until(T + 5 * MINUTE)
    moves = [(c["from"], c["to"]) for c in shop.changes if c["segment"] == "engagement"]
    assert moves == [(None, "dormant")] and shop.messages == []
    shop.send(view(50 * HOUR)).until(T + 4 * DAY)
    assert mails(shop) == [("abandoned_cart", 1), ("abandoned_cart", 25), ("abandoned_cart", 73)], "nor who was there meanwhile"


def test_who_stays_away_is_written_to_once() -> None:
    shop = Shop(CAMPAIGNS, SEGMENTS, customer="c2").send(reachable(), *(view(n) for n in range(20))).until(T + 30 * DAY)
    (sent,) = [at for campaign, at in mails(shop) if campaign == "reactivation"]
    assert 3 * 24 <= sent < 14 * 24
