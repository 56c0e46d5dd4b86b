"""Events to start from: rows of real shops as their JSON on Kafka, and a scenario shop that uses every topic."""

from __future__ import annotations

import csv
import gzip
import json
import random
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

from scoring.events.schema import CART_EVENTS, EMAIL_EVENTS, FEEDBACK, PAGE_VIEWS, PROFILES, PURCHASES

SHOPS = Path(__file__).parents[1] / "data" / "shops"
ROWS_OF_A_SHOP = 8_000
VISITS = 12_000

#: JSON text of a field by name, in the order written; a name may come twice.
Fields = list[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Event:
    """A valid event, but for its `ts`. `ids`: places of the fields that make another event with the same ones a repeat."""

    rank: int
    customer: str
    fields: Fields
    ids: tuple[int, ...]


@cache
def corpus() -> tuple[Event, ...]:
    """The same ones every time, shuffled: neighbours are of different shops and topics."""
    events = [*_visits(random.Random(1))]
    for shop in sorted(SHOPS.glob("*.csv.gz")):
        with gzip.open(shop, "rt", encoding="utf-8", newline="") as rows:
            events += [_order_line(row) for row in islice(csv.DictReader(rows), ROWS_OF_A_SHOP)]
    random.Random(2).shuffle(events)
    return tuple(events)


def _event(rank: int, customer: str, **fields: Any) -> Event:
    said = {"customer_id": customer, **fields}
    ids = tuple(place for place, name in enumerate(said) if name in ("order_id", "event_id"))
    return Event(rank, customer, [(name, json.dumps(value).encode()) for name, value in said.items()], ids)


def _order_line(row: dict[str, str]) -> Event:
    """A row of a shop is an order of one line; further rows of it have its `order_id`, and are repeats."""
    line = b'{"product_id":%s,"quantity":%s,"price":%s}' % (
        json.dumps(row["product_id"] or None).encode(),
        (row["quantity"] or "null").encode(),
        (row["price"] or "null").encode(),
    )
    status = "refunded" if row["event_type"] == "refund" else "placed"
    order = _event(PURCHASES, row["customer_id"], status=status, order_id=row["order_id"])
    return Event(order.rank, order.customer, [*order.fields, ("lines", b"[" + line + b"]")], order.ids)


def _visits(dice: random.Random) -> list[Event]:
    """What real shops' files do not have: views, carts, mails, feedback, profiles, ids of events and sessions."""
    found = []
    for number in range(VISITS):
        customer = f"v{dice.randrange(400)}"
        product, roll = f"p{dice.randrange(30)}", dice.random()
        common: dict[str, Any] = {"event_id": f"e{number}", "session_id": f"s{number % 900}"} if dice.random() < 0.5 else {}
        if roll < 0.35:
            event = _event(PAGE_VIEWS, customer, page_type="product", product_id=product, url=f"/p/{product}?q=é", price=12.5, **common)
        elif roll < 0.6:
            action = dice.choice(["add", "add", "remove", "update", "wishlist_add"])
            quantity = dice.choice([1, 2, 0.5])
            event = _event(CART_EVENTS, customer, action=action, product_id=product, quantity=quantity, price=9.95, **common)
        elif roll < 0.65:
            event = _event(CART_EVENTS, customer, action=dice.choice(["clear", "checkout_started"]), **common)
        elif roll < 0.72:
            lines = [{"product_id": product, "quantity": 2, "price": 9.95}, {"product_id": "p1", "price": 0.125}]
            event = _event(PURCHASES, customer, order_id=f"o{number}", lines=lines, discount=1.5, coupon="X", currency="EUR", **common)
        elif roll < 0.82:
            kind = dice.choice(["delivered", "opened", "clicked", "bounced", "unsubscribed"])
            event = _event(EMAIL_EVENTS, customer, type=kind, message_id=f"m{number}", machine=False)
        elif roll < 0.9:
            event = _event(FEEDBACK, customer, kind=dice.choice(["nps", "review"]), score=8, max_score=10, text="fine ✓", **common)
        else:
            consent, traits = {"email": True, "profiling": None}, {"shoe": 43, "likes": ["red", {"deep": [1, 2.5]}]}
            event = _event(PROFILES, customer, email=f"{customer}@example.com", household_size=3, consent=consent, traits=traits, **common)
        found.append(event)
    return found
