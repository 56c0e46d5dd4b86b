"""Send, advance, expect: one customer's story in event time.

    it = story("page_views(hours(2)) >= 1")
    it.page_view("10:59:59.999")
    it.passes("13:00")
    it.tells("10:59:59.999 entered by event", "13:00 exited by deadline")

The story begins on 2026-03-02. Instants read "10:00", "10:00:00.001", and "+3d 10:00" for three days later. Events are written as
lines of a file and read by the real decoder, definitions as TOML by the real reader.
"""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

from scoring.engine import Engine
from scoring.events.rows import from_row
from scoring.expressions.parse import parse
from scoring.segments.read import read
from scoring.state import Customer, decode, encode

BEGIN = 1_772_409_600_000  # 2026-03-02T00:00:00Z, a Monday
DAY = 86_400_000
_INSTANT = re.compile(r"(?:\+(\d+)d )?(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{3}))?)?")


def ms(instant: str) -> int:
    """Epoch milliseconds of an instant of a story."""
    found = _INSTANT.fullmatch(instant)
    assert found is not None, instant
    days, hours, minutes, seconds, rest = (int(part or 0) for part in found.groups())
    return BEGIN + days * DAY + ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest


def told(at: int) -> str:
    """An instant as stories write it, as short as it can be."""
    days, rest = divmod(at - BEGIN, DAY)
    minutes, rest = divmod(rest, 60_000)
    seconds = f":{rest // 1000:02}" if rest else ""
    part = f".{rest % 1000:03}" if rest % 1000 else ""
    return f"{f'+{days}d ' if days else ''}{minutes // 60:02}:{minutes % 60:02}{seconds}{part}"


def toml(when: str, name: str = "it", **rest: str) -> str:
    """One [[segment]] of a definition file."""
    fields = {"name": name, "family": "other", "when": when} | rest
    return "[[segment]]\n" + "".join(f"{key} = {json.dumps(value)}\n" for key, value in fields.items())


def tiers(name: str, *rows: str, family: str = "other", **rest: str) -> str:
    """One [[tiers]]: rows such as "high: spend >= 100", the last a name alone. `rest`: other keys."""
    named = [row.partition(": ") for row in rows]
    inner = ", ".join(f"{{ name = {json.dumps(n)}{f', when = {json.dumps(when)}' if when else ''} }}" for n, _, when in named)
    more = "".join(f"{key} = {json.dumps(value)}\n" for key, value in rest.items())
    return f"[[tiers]]\nname = {json.dumps(name)}\nfamily = {json.dumps(family)}\n{more}tiers = [ {inner} ]\n"


class Story:
    """One customer, the engine and the definitions. Its state is stored and read again after every step, as by a worker that restarts."""

    def __init__(self, definitions: str, customer: str = "c1", lateness: int = DAY) -> None:
        self.definitions = read(definitions)
        self.engine = Engine(self.definitions, lateness=lateness)
        self.customer = customer
        self.state: Customer | None = None
        self.out: list[list[Any]] = []
        self.seen = 0

    # -- send

    def event(self, at: str, event_type: str, nulls: tuple[str, ...] = (), **fields: Any) -> bool:
        """One event, with `nulls` the fields that are null; returns False if it was taken for a repeat."""
        given = {name: value for name, value in fields.items() if value is not None} | dict.fromkeys(nulls)
        event = from_row({"event_type": event_type, "customer_id": self.customer, "ts": ms(at)} | given, whole=self.engine.whole)
        entries = len(self.out)
        state = self.engine.event(self.state, event, self.out)
        for entry in self.out[entries:]:
            entry.append(None if entry[6] == 1 else [event.event_type, event.ts, "topic", 0, entries])
        if state is None:
            return False
        self.state = decode(encode(state))
        return True

    def page_view(self, at: str, **fields: Any) -> bool:
        return self.event(at, "page_view", **fields)

    def add(self, at: str, product: str = "a", quantity: Any = None, price: Any = None, **fields: Any) -> bool:
        return self.event(at, "cart_add", product_id=product, quantity=quantity, price=price, **fields)

    def update(self, at: str, product: str = "a", quantity: Any = None, price: Any = None) -> bool:
        return self.event(at, "cart_update", product_id=product, quantity=quantity, price=price)

    def remove(self, at: str, product: str = "a", quantity: Any = None, price: Any = None) -> bool:
        return self.event(at, "cart_remove", product_id=product, quantity=quantity, price=price)

    def clear(self, at: str) -> bool:
        return self.event(at, "cart_clear")

    def wish(self, at: str, product: str = "a") -> bool:
        return self.event(at, "wishlist_add", product_id=product)

    def checkout(self, at: str) -> bool:
        return self.event(at, "checkout_started")

    def buys(self, at: str, order: str = "o1", total: Any = None, **fields: Any) -> bool:
        return self.event(at, "purchase", order_id=order, total=total, **fields)

    def refund(self, at: str, order: str = "o1", total: Any = None, **fields: Any) -> bool:
        return self.event(at, "refund", order_id=order, total=total, **fields)

    # -- advance

    def passes(self, at: str) -> Story:
        """Time passes: every deadline up to and including the instant."""
        assert self.state is not None, "nothing has happened yet"
        self.engine.until(self.state, ms(at), self.out)
        self.state = decode(encode(self.state))
        return self

    # -- expect

    def tells(self, *expected: str) -> None:
        """All changes since the last time they were told: "10:00 entered by event", "10:00 moved low > high by deadline".

        With more than one definition, the segment's name stands after the instant.
        """
        several = len(self.engine.names) > 1
        lines = []
        for change in self.changes[self.seen :]:
            name = f" {change['segment']}" if several else ""
            way = f" {change['from'] or 'none'} > {change['to']}" if change["kind"] == "moved" else ""
            lines.append(f"{told_of(change['at'])}{name} {change['kind']}{way} by {change['cause']}")
        assert lines == list(expected)
        self.seen = len(self.out)

    def says(self, at: str, *conditions: str) -> None:
        """Time passes to the instant, and the conditions are true at it."""
        self.passes(at)
        for condition in conditions:
            assert self.judge(at, condition), f"{condition} is not true at {at}"

    def denies(self, at: str, *conditions: str) -> None:
        """Time passes to the instant, and none of the conditions is true at it."""
        self.passes(at)
        for condition in conditions:
            assert not self.judge(at, condition), f"{condition} is true at {at}"

    def judge(self, at: str, condition: str) -> bool:
        assert self.state is not None
        return self.engine.condition(parse(condition))(self.state, ms(at))

    @property
    def changes(self) -> list[dict[str, Any]]:
        """The records that would go to `segment-changes`."""
        return [json.loads(self.engine.render(entry, self.customer, None)[1]) for entry in self.out]

    @property
    def members(self) -> dict[str, bool | str]:
        assert self.state is not None
        return self.engine.memberships(self.state)


def told_of(instant: str) -> str:
    """RFC 3339 as a story's instant."""
    return told(round(datetime.fromisoformat(instant).timestamp() * 1000))


def story(when: str = "page_views >= 1000", **rest: str) -> Story:
    """A story about one segment, `it`."""
    return Story(toml(when, **rest))
