"""Products a customer has viewed: cheaper than when seen, or to be had again; told once, whoever asks and in whatever order it comes."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from scoring.engine import Engine
from scoring.events.products import Known, compare
from scoring.events.rows import from_row
from scoring.events.schema import News, Product
from scoring.merge.join import join
from scoring.segments.read import read
from scoring.state import DAY, HOUR, Customer, decode, encode
from scoring.traits.products import hashed
from scoring.traits.seen_products import at_rest, wanted
from scoring.traits.viewed_products import listens, shown, viewed
from tests.contracts.scenario import BEGIN, Story, ms, toml
from tests.properties.profiles import searching
from tests.scoring.traits.harness import Trial

TOLD = toml("since_price_drop < minutes(10)", "dropped") + toml("price_drops >= 1", "cheaper")


class Shop(Story):
    """A story in which the catalogue says something too."""

    def __init__(self, definitions: str = TOLD) -> None:
        super().__init__(definitions)
        self.known: dict[str, Known] = {}

    def catalog(self, at: str, product: str, **fields: Any) -> News | None:
        row = {"event_type": "catalog", "product_id": product, "ts": ms(at)} | fields
        self.known[product], news = compare(self.known.get(product), from_row(row))
        if news is not None:
            self.hears(news)
        return news

    def hears(self, news: News) -> None:
        if self.state is not None and listens(self.state, news):
            entries = len(self.out)
            self.state = self.engine.event(self.state, replace(news, customer_id=self.customer), self.out)
            for entry in self.out[entries:]:
                entry.append(None if entry[6] == 1 else ["catalog", news.ts, "product-news", 0, 0])
            assert self.state is not None
            self.state = decode(encode(self.state))


def test_each_new_drop_fires_once() -> None:
    it = Shop()
    it.catalog("08:00", "p", name="Red shoe", price=50, in_stock=True)
    it.page_view("09:00", product_id="p", price=50)
    it.catalog("10:00", "p", price=40)
    it.tells("10:00 dropped entered by event", "10:00 cheaper entered by event")
    it.says("10:05", "price_drops == 1", "price_drops(hours(1)) == 1", "newest_price_drop == 0.2")
    it.catalog("10:20", "p", in_stock=True)  # the same once more
    it.catalog("10:30", "p", price=45)  # dearer, and still below what was seen: no new drop
    it.says("10:30", "largest_price_drop == 0.1", "since_price_drop >= minutes(30)")
    it.tells("10:10 dropped exited by deadline")
    it.catalog("11:00", "p", price=44)
    it.tells("11:00 dropped entered by event")
    it.catalog("11:05", "p", price=60)
    it.tells("11:05 dropped exited by event", "11:05 cheaper exited by event")
    it.catalog("11:06", "p", price=55)  # lower than just before, and not than what was seen
    it.tells()
    assert shown(it.state) == []


def test_a_drop_ends_when_the_customer_has_seen_the_new_price_or_bought() -> None:
    it = Shop()
    it.catalog("08:00", "p", price=50)
    it.catalog("08:00", "q", price=20, name="Sock")
    it.page_view("09:00", product_id="p", price=50)
    it.add("09:00", "q", price=20)
    it.catalog("10:00", "p", price=40)
    it.catalog("10:00", "q", price=15)
    it.says("10:00", "price_drops == 2", "largest_price_drop == 0.25")
    assert shown(it.state) == [["p", "p", 4000, 5000, False], ["q", "Sock", 1500, 2000, False]]
    it.page_view("11:00", product_id="p", price=40)
    it.says("11:00", "price_drops == 1", "newest_price_drop == 0.25")
    it.buys("12:00", lines=[{"product_id": "q", "price": 15}])
    it.says("12:00", "price_drops == 0", "since_price_drop is None", "largest_price_drop is None")
    it.catalog("13:00", "q", price=10)
    it.says("13:00", "price_drops == 0")  # bought: not interested any more
    assert it.state is not None and not listens(it.state, News("", ms("13:01"), "q", "Sock", 500, 1000, True, True))
    it.page_view("14:00", product_id="q", price=10)
    it.catalog("15:00", "q", price=9)
    it.says("15:00", "price_drops == 1")


def test_who_has_not_viewed_it_or_long_ago_hears_nothing() -> None:
    it = Shop()
    it.catalog("08:00", "p", price=50)
    it.page_view("09:00", product_id="p")  # no price told, none seen
    it.page_view("09:00", product_id="r", price=50)
    it.catalog("10:00", "p", price=40)
    it.catalog("+1d 10:00", "r", price=50)
    assert it.catalog("+90d 09:00", "r", price=49) is not None
    it.tells("+90d 09:00 dropped entered by event", "+90d 09:00 cheaper entered by event")
    it.catalog("+90d 09:00:00.001", "r", price=48)
    it.says("+90d 09:00:00.001", "newest_price_drop == 0.02")


def test_a_window_steps_by_the_hour_of_the_drop() -> None:
    it = Shop(toml("price_drops(hours(2)) >= 1", "lately"))
    it.page_view("09:00", product_id="p", price=50)
    it.catalog("09:00", "p", price=50)
    it.catalog("10:30", "p", price=40)
    it.passes("14:00")
    it.tells("10:30 entered by event", "13:00 exited by deadline")


def test_back_in_stock() -> None:
    it = Shop(toml("since_back_in_stock < hours(1)", "back"))
    it.catalog("08:00", "p", price=50, in_stock=False)
    it.page_view("09:00", product_id="p", price=50)
    it.catalog("10:00", "p", in_stock=True, price=40)
    it.tells("10:00 entered by event")
    it.says("10:00", "back_in_stock == 1", "price_drops == 1")
    it.catalog("10:30", "p", in_stock=False)  # gone again: nothing of it holds
    it.says("10:30", "back_in_stock == 0", "price_drops == 0")
    it.tells("10:30 exited by event")
    assert it.catalog("11:00", "p", in_stock=False) is None
    it.catalog("11:30", "p", in_stock=True)
    it.tells("11:30 entered by event")


def test_a_record_says_what_it_says_and_the_first_is_no_news() -> None:
    first, none = compare(None, Product("p", 10, "Shoe", 5000, True))
    assert none is None
    second, news = compare(first, Product("p", 10, None, 4000))
    assert news == News("", 11, "p", "Shoe", 4000, 5000, True, True)  # later than the record before it
    again, none = compare(second, Product("p", 99, "Shoe", 4000, True))
    assert none is None and again is second
    gone, news = compare(again, Product("p", 5, in_stock=False))
    assert news is not None and (news.ts, news.in_stock, news.price) == (12, False, 4000)
    assert compare(gone, Product("p", 6, "New name"))[1] is None


def test_news_told_twice_changes_nothing() -> None:
    it = Shop()
    it.catalog("08:00", "p", price=50)
    it.page_view("09:00", product_id="p", price=50)
    news = [it.catalog("10:00", "p", price=40), it.catalog("10:01", "p", price=30)]
    it.tells("10:00 dropped entered by event", "10:00 cheaper entered by event")
    kept = it.state.facts
    for each in [*news, *reversed(news)]:
        assert each is not None
        it.hears(each)
    it.tells()
    assert it.state.facts == kept


def test_the_newest_12_are_kept_and_found_at_rest() -> None:
    it = Shop(toml("page_views < 0"))
    for n in range(20):
        it.page_view(f"10:{n:02}", product_id=f"p{n}", price=5)
    it.event("11:00", "profile", traits={"size": 0x0192C4})  # its bytes look like the mark
    assert it.state is not None
    stored = encode(it.state)
    kept = {hashed(f"p{n}") for n in range(8, 20)}
    assert set(viewed(it.state)) == kept
    assert b"".join(at_rest(stored)).count(hashed("p8")) == 1 and len(stored) < 700
    news = {hashed(f"p{n}"): [ms("10:10")] for n in range(20)}
    assert set(wanted(stored, news)) == {hashed(f"p{n}") for n in range(8, 11)}
    assert wanted(stored, {hashed("other"): [ms("12:00")]}) == []


def test_a_family_that_is_off_hears_and_keeps_nothing() -> None:
    off = read(toml("page_views < 0") + '[families]\noff = ["purchase_habits"]\n')
    assert not Engine(off).hears_news and Engine(read(TOLD)).hears_news


# ---- against a recount

PRICES = [10, 20, 30]
PRODUCTS = ["a", "b", "c"]


def rows(draw: st.DrawFn) -> list[dict[str, Any]]:
    product, price = st.sampled_from(PRODUCTS), st.sampled_from(PRICES)
    one = st.one_of(
        st.fixed_dictionaries({"event_type": st.just("page_view"), "product_id": product}, optional={"price": price}),
        st.fixed_dictionaries({"event_type": st.just("cart_add"), "product_id": product}, optional={"price": price}),
        st.builds(lambda p: {"event_type": "purchase", "lines": [{"product_id": p}]}, product),
        st.fixed_dictionaries(
            {"event_type": st.just("catalog"), "product_id": product}, optional={"price": price, "in_stock": st.booleans()}
        ),
        st.fixed_dictionaries({"event_type": st.just("catalog"), "product_id": product, "price": price}),
    )
    instants = draw(st.lists(st.integers(0, 130 * 24), min_size=1, max_size=14, unique=True))
    return [draw(one) | {"ts": BEGIN + at * HOUR, "order_id": f"o{at}"} for at in sorted(instants)]


def recount(history: list[dict[str, Any]]) -> dict[str, Any]:
    """From the docstring, product by product."""
    drops, backs = [], []
    for product in PRODUCTS:
        seen = bought = None
        at = fell = back = -1
        price = stock = None
        first = True
        for row in history:
            theirs = row.get("product_id") == product or any(line["product_id"] == product for line in row.get("lines", ()))
            if not theirs:
                continue
            if row["event_type"] == "catalog":
                was, had = price, stock
                price, stock = row.get("price", price), row.get("in_stock", stock)
                matters = seen is not None and not bought and row["ts"] - at <= 90 * DAY
                if matters and not first and was is not None and price is not None and price < was:
                    fell = row["ts"]
                if matters and not first and stock is True and had is False:
                    back = row["ts"]
                first = False
            elif row["event_type"] == "purchase":
                seen, bought, at, fell, back = 0, True, row["ts"], -1, -1
            elif "price" in row:
                seen, bought, at, fell, back = row["price"], False, row["ts"], -1, -1
        if stock is False or bought:
            continue
        if fell >= 0 and price is not None and price < seen:
            drops.append((fell, (seen - price) / seen))
        if back >= 0:
            backs.append(back)
    return {
        "price_drops": len(drops), "back_in_stock": len(backs), "newest_price_drop": max(drops, default=(0, None))[1],
        "largest_price_drop": max((share for _, share in drops), default=None),
        "at": max((fell for fell, _ in drops), default=None), "back": max(backs, default=None),
    }  # fmt: skip


def events(history: list[dict[str, Any]], engine: Engine) -> list[Any]:
    """With news for what the catalogue says, where there is some."""
    known: dict[str, Known] = {}
    found = []
    for row in history:
        event = from_row(row | {"customer_id": "c1"}, whole=engine.whole)
        if isinstance(event, Product):
            known[event.product_id], event = compare(known.get(event.product_id), event)
        if event is not None:
            found.append(event)
    return found


def folded(engine: Engine, given: list[Any]) -> Customer | None:
    state: Customer | None = None
    for event in given:
        if not isinstance(event, News):
            state = engine.event(state, event, [])
        elif state is not None and listens(state, event):
            state = engine.event(state, replace(event, customer_id="c1"), [])
        state = decode(encode(state)) if state is not None else None
    return state


def holds(trial: Trial, state: Customer | None, history: list[dict[str, Any]]) -> None:
    if state is None:
        return
    said = recount(history)
    now = history[-1]["ts"] + 1
    for name in ("price_drops", "back_in_stock", "newest_price_drop", "largest_price_drop"):
        assert trial.read(name)(state, now) == (pytest.approx(said[name]) if said[name] is not None else None), name
    for name, at in (("since_price_drop", said["at"]), ("since_back_in_stock", said["back"])):
        assert trial.read(name)(state, now) == (None if at is None else now - at), name


@searching(60)
@given(st.composite(rows)(), st.randoms(use_true_random=False))
def test_in_any_order(history: list[dict[str, Any]], dice: Random) -> None:
    trial = Trial(history, lambda rows, now: {}, [])
    given_ = events(history, trial.engine)
    holds(trial, folded(trial.engine, given_), history)
    late = list(given_)
    for _ in range(len(late)):
        # News may come late, and the others among themselves: only what a customer did before news was told comes before it.
        i = dice.randrange(max(1, len(late) - 1))
        one, other = late[i : i + 2] if len(late) > 1 else (None, None)
        if one is None or other.ts - one.ts > DAY or (isinstance(one, News) and isinstance(other, News)):
            continue
        if isinstance(other, News):
            continue
        late[i], late[i + 1] = other, one
    holds(trial, folded(trial.engine, late), history)


@searching(60)
@given(st.composite(rows)(), st.randoms(use_true_random=False))
def test_joined(history: list[dict[str, Any]], dice: Random) -> None:
    """Two ids, each of which hears what its own views ask for; joined, as one that did all of it."""
    trial = Trial(history, lambda rows, now: {}, [])
    given_ = events(history, trial.engine)
    mine = [dice.random() < 0.5 for _ in given_]
    a, b = (
        folded(trial.engine, [e for e, own in zip(given_, mine, strict=True) if own is side or isinstance(e, News)])
        for side in (True, False)
    )
    if a is None or b is None:
        return
    join(a, b, trial.engine.definitions.engagement, DAY)
    holds(trial, decode(encode(a)), history)
