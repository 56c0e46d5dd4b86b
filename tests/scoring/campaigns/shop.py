"""A shop of one customer: send events, let time pass, read the messages. The state is encoded and decoded between any two steps."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from scoring.campaigns.read import read as read_campaigns
from scoring.engine import Engine
from scoring.events.schema import CartEvent, EmailEvent, Event, PageView, Profile, Purchase
from scoring.segments.read import read as read_segments
from scoring.state import Customer, decode, encode

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
#: 2026-03-01T10:00:00Z
T = 1_772_359_200_000

SEGMENTS = """
[[segment]]
name = "cart_abandoned"
family = "purchase_habits"
when = "cart_items > 0 and cart_idle >= hours(1)"
exit_when = "cart_items == 0"

[[segment]]
name = "buyer"
family = "loyalty"
when = "purchases > 0"

[[tiers]]
name = "engagement"
family = "engagement"
tiers = [ { name = "intensive", when = "engagement >= 40" }, { name = "regular", when = "engagement >= 12" },
          { name = "occasional", when = "engagement >= 2" }, { name = "dormant" } ]
"""

CART = """
[policy]
language = "en"

[[campaign]]
name = "abandoned_cart"
trigger = { segment = "cart_abandoned" }
steps = [ { template = "abandoned_cart_1" }, { after = "24h", template = "abandoned_cart_2" },
          { after = "72h", template = "abandoned_cart_3" } ]
"""


class Shop:
    """`messages`, `changes`, `withdrawn`: every record of these topics, as a dict."""

    def __init__(self, campaigns: str = CART, segments: str = SEGMENTS, customer: str = "c1") -> None:
        self.customer = customer
        self.engine = _engine(campaigns, segments)
        self.state: Customer | None = None
        self.messages: list[dict[str, Any]] = []
        self.changes: list[dict[str, Any]] = []
        self.withdrawn: list[dict[str, Any]] = []
        self._n = 0

    def send(self, *events: Event) -> Shop:
        for event in events:
            out: list[list[Any]] = []
            event = msgspec.structs.replace(event, customer_id=self.customer)
            self.state = self.engine.event(self._restarted(), event, out) or self.state
            self._take(out)
        return self

    def until(self, t: int) -> Shop:
        """Lets time pass up to and including `t`."""
        self.state = self._restarted()
        assert self.state is not None
        out: list[list[Any]] = []
        self.engine.until(self.state, t, out, self.customer)
        self._take(out)
        return self

    def deploy(self, campaigns: str, segments: str = SEGMENTS) -> Shop:
        """The same customer under another campaigns file."""
        self.engine = _engine(campaigns, segments)
        return self

    def decisions(self) -> list[tuple[str, int, str, str, int]]:
        """(campaign, step, decision, reason, ms after T) of each message."""
        return [(m["campaign"], m["step"], m["decision"], m["reason"], ms(m["at"]) - T) for m in self.messages]

    def running(self) -> list[str]:
        """The campaigns that still have a step to come."""
        return [name for name in (self.state.campaigns or {}) if name] if self.state is not None else []

    def _restarted(self) -> Customer | None:
        return None if self.state is None else decode(encode(self.state))

    def _take(self, out: list[list[Any]]) -> None:
        for entry in out:
            topic, value, _ = self.engine.render(entry, self.customer, None)
            {"messages": self.messages, "segment-changes": self.changes, "withdrawals": self.withdrawn}[topic].append(json.loads(value))


def _engine(campaigns: str, segments: str) -> Engine:
    definitions = read_segments(segments)
    return Engine(definitions, read_campaigns(campaigns, definitions))


def ms(text: str) -> int:
    from datetime import datetime

    return round(datetime.fromisoformat(text).timestamp() * 1000)


def add(at: int, product: str | None = "p1", quantity: int = 1000, price: int | str | None = 1999) -> CartEvent:
    return CartEvent("c1", T + at, "add", product_id=product, quantity=quantity, price=price)


def clear(at: int) -> CartEvent:
    return CartEvent("c1", T + at, "clear")


def buy(at: int, order: str = "o1") -> Purchase:
    return Purchase("c1", T + at, order, amount=1999)


def view(at: int) -> PageView:
    return PageView("c1", T + at)


def profile(at: int, **fields: object) -> Profile:
    return Profile("c1", T + at, {name.replace("__", "."): value for name, value in fields.items()})


def reachable(at: int = -DAY) -> Profile:
    """An address and consent."""
    return profile(at, email="kim@example.org", first_name="Kim", language="nl-BE", consent__email=True)


def mail(at: int, type: str) -> EmailEvent:
    return EmailEvent("c1", T + at, type, message_id="m")
