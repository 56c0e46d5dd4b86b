"""States and outputs that an older release wrote go on under this one."""

from __future__ import annotations

import json

from tests.scoring.campaigns.shop import CART, DAY, HOUR, Shop, T, add, buy, mail, reachable

ENTERED = HOUR
POLICY = '[policy]\nquiet_hours = "21:00-08:00"\ncaps = [ { count = 1, per = "24h" } ]\n' + CART.split("\n\n", 1)[1]
#: As it was: seven entries, nothing of hold-out, variants and mails under way.
RUN = ["cart_abandoned", 1, T + ENTERED, 1, None, None, {"cart_items": 1, "cart_idle": 3600}]


def older() -> Shop:
    """The first mail was decided by the older release; `mail` had only what came back."""
    shop = Shop(POLICY + "hold_out = 0.999\nvariants = { a = 1 }\n").send(reachable(), add(0)).until(T + ENTERED - 1)
    shop.deploy("").until(T + ENTERED).deploy(POLICY + "hold_out = 0.999\nvariants = { a = 1 }\n")
    assert shop.state is not None
    shop.state.campaigns, shop.state.mail, shop.state.due = {"abandoned_cart": RUN}, {"bounced": [T - DAY, "old@example.org"]}, T
    return shop


def test_a_running_campaign_goes_on_as_it_was() -> None:
    shop = older().until(T + 9 * DAY)
    assert [(m["step"], m["reason"] or m["decision"], m["variant"]) for m in shop.messages] == [(2, "send", None), (3, "send", None)]
    assert shop.state is not None and shop.state.mail is not None and shop.state.mail["bounced"] == [T - DAY, "old@example.org"]


def test_and_ends_as_it_would_have() -> None:
    assert [(m["step"], m["reason"]) for m in older().send(buy(2 * HOUR)).messages] == [(2, "purchase")]
    assert [(m["step"], m["reason"]) for m in older().send(mail(2 * HOUR, "unsubscribed")).until(T + 2 * DAY).messages] == [
        (2, "unsubscribed")
    ]


def test_what_an_older_release_left_in_an_outbox_is_told_as_it_would_have_been() -> None:
    shop = Shop()
    sent = [
        1,
        "abandoned_cart",
        1,
        "send",
        "",
        T,
        1,
        "abandoned_cart_1",
        "cart_abandoned",
        "entered",
        "kim@example.org",
        "nl",
        "Kim",
        False,
        T,
    ]
    sent += [None, None, {"cart_items": 1}, [1000, 1999, 0, ["p1", 1000, 1999]]]
    not_sent = [1, "abandoned_cart", 2, "cancelled", "purchase", T, 1, "abandoned_cart_2", "cart_abandoned", "entered"]
    first, second = (json.loads(shop.engine.render(entry, "c1", None)[1]) for entry in (sent, not_sent))
    assert (first["to"], first["variant"], first["context"]["cart_items"], first["context"]["quiet"]) == ("kim@example.org", None, 1, None)
    night = json.loads(shop.engine.render([*sent, "a", None, T + 10 * HOUR, T + 21 * HOUR], "c1", None)[1])["context"]
    assert (night["valid_until"], night["quiet"]) == (None, ["2026-03-01T20:00:00.000Z", "2026-03-02T07:00:00.000Z"])
    assert (second["decision"], second["reason"], second["variant"], second["context"]) == ("cancelled", "purchase", None, {})
