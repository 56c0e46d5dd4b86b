"""RFM of a real shop's customers, by the shipped tiers, against a recount that shares nothing with the engine."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from pathlib import Path

import pytest

from scoring.engine import Engine
from scoring.expressions.parse import parse_value
from scoring.segments.read import read
from streams.files import read_events
from streams.percentiles import nearest_rank
from streams.replay import Events, Replay

ROOT = Path(__file__).parents[3]
SHOP = ROOT / "tests" / "data" / "shops" / "uci_online_retail_500customers.csv.gz"
SHIPPED = (ROOT / "streams" / "defaults" / "segments.toml").read_text(encoding="utf-8")
RFM = SHIPPED[SHIPPED.index("# RFM of who has ordered:") : SHIPPED.index("# Speaks well of us")]
AT = datetime(2011, 12, 10, 6, tzinfo=UTC)
END = round(AT.timestamp() * 1000)
#: A purchase of this day or a later one is within 365 days: a day counts until it ends, and 365 days more.
OLDEST = AT.date() - timedelta(365)


class Counted:
    """What one customer did: the instants of orders, and (day, amount) of what was paid and given back."""

    def __init__(self) -> None:
        self.orders: list[datetime] = []
        self.paid: list[tuple[date, Decimal]] = []

    @property
    def money(self) -> Decimal:
        return sum((amount for day, amount in self.paid if day >= OLDEST), Decimal())

    @property
    def tiers(self) -> dict[str, str]:
        recency = AT - max(self.orders) if self.orders else None
        recent = sum(at.date() >= OLDEST for at in self.orders)
        if recency is None:
            return {}
        r = next((f"r{5 - n}" for n, days in enumerate((30, 60, 120, 240)) if recency < timedelta(days)), "r1")
        f = next((f"f{5 - n}" for n, bound in enumerate((10, 6, 4, 2)) if recent >= bound), "f1")
        m = next((f"m{5 - n}" for n, bound in enumerate((1000, 500, 250, 100)) if self.money >= bound), "m1")
        return {"rfm_recency": r, "rfm_frequency": f, "rfm_money": m, "rfm": self.word(r, f, m)}

    @staticmethod
    def word(r: str, f: str, m: str) -> str:
        if r >= "r4" and f in ("f4", "f5") and m in ("m4", "m5"):
            return "champion"
        if r in ("r3", "r4", "r5") and f in ("f3", "f4", "f5"):
            return "loyal"
        if r in ("r4", "r5"):
            return "promising"
        if f in ("f3", "f4", "f5") or r == "r3":
            return "at_risk"
        return "hibernating"


@cache
def counted() -> dict[str, Counted]:
    """By customer: an order is placed once, by the first of its records; a refund's amount is taken off."""
    customers: dict[str, Counted] = defaultdict(Counted)
    lines: dict[tuple[str, str, str, str], Decimal] = defaultdict(Decimal)
    with gzip.open(SHOP, "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            cents = (Decimal(row["quantity"]) * Decimal(row["price"])).quantize(Decimal("0.01"), ROUND_HALF_EVEN)
            lines[row["event_type"], row["customer_id"], row["order_id"], row["ts"]] += abs(cents)
    placed = set()
    for (kind, customer, order, ts), amount in sorted(lines.items(), key=lambda one: one[0][3]):
        at = datetime.fromisoformat(ts)
        if at > AT or (kind == "purchase" and (customer, order) in placed):
            continue
        if kind == "purchase":
            placed.add((customer, order))
            customers[customer].orders.append(at)
        customers[customer].paid.append((at.date(), amount if kind == "purchase" else -amount))
    return customers


@pytest.fixture(scope="module")
def replayed() -> Replay:
    engine = Engine(read(RFM))
    events = Events()
    for event, _ in read_events([SHOP], "EUR", whole=engine.whole):
        events.add(event)
    driver = Replay(engine, lambda at, change: None)
    for place, event in events.taken(END, as_arrived=False):
        driver.event(event, place)
    driver.until(END)
    return driver


def test_every_customer_is_where_the_recount_says(replayed: Replay) -> None:
    found = {customer: replayed.engine.memberships(state) for customer, state in replayed.customers.items()}
    expected = {customer: each.tiers for customer, each in counted().items()}
    assert len(expected) == 500 and found == expected
    assert len({each.get("rfm") for each in expected.values()}) >= 5, "a test of some width"


def test_the_fifths_by_money_are_those_of_the_recount(replayed: Replay) -> None:
    measure = replayed.engine.value(parse_value("spend(days(365))"))
    values = sorted(measure(state, END) or 0.0 for state in replayed.customers.values() if state.order_count)
    money = sorted(each.money for each in counted().values() if each.orders)
    for percent in (20, 40, 60, 80):
        expected = money[-(-len(money) * percent // 100) - 1]
        assert nearest_rank(values, percent) == float(expected), f"{percent} %"
