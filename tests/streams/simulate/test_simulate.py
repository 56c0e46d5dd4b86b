"""The simulated shop: plausible, valid, in order of time, and the same for the same seed."""

from __future__ import annotations

import itertools
import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from scoring.engine import Engine
from scoring.events.decode import decoders
from scoring.events.products import decoder
from scoring.events.rows import RANKS, from_row
from scoring.events.schema import PRODUCT_NEWS
from scoring.segments.read import read
from streams.cli.main import build
from streams.replay import Replay
from streams.simulate import simulate
from streams.simulate.shop import START

DAY = 86_400_000
SHIPPED = Path(__file__).parents[3] / "streams" / "defaults" / "segments.toml"


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    return list(simulate(customers=300, days=45, seed=3))


def test_every_row_is_a_valid_event_of_the_period_in_order(rows: list[dict[str, Any]]) -> None:
    events = [from_row(row) for row in rows]
    assert all(earlier.ts <= later.ts for earlier, later in itertools.pairwise(events))
    assert START <= events[0].ts < START + DAY
    assert START + 44 * DAY <= events[-1].ts < START + 45 * DAY


def test_every_row_less_its_event_type_is_a_valid_kafka_value(rows: list[dict[str, Any]]) -> None:
    on_kafka, of_products = decoders(), decoder()
    for row in rows[:3000]:
        rank = RANKS[row["event_type"]]
        value = json.dumps({name: value for name, value in row.items() if name != "event_type"}).encode()
        if rank == PRODUCT_NEWS:
            assert of_products(value, row["product_id"].encode(), START + 45 * DAY) == from_row(row)
            continue
        assert on_kafka[rank](value, row["customer_id"].encode(), START + 45 * DAY) == from_row(row)


def test_all_that_happens_in_a_shop_happens(rows: list[dict[str, Any]]) -> None:
    counts = Counter(row["event_type"] for row in rows)
    rare = {"email_complained", "email_bounced", "email_unsubscribed", "cart_clear"}
    often = {
        "page_view", "cart_add", "cart_remove", "cart_update", "wishlist_add", "checkout_started", "purchase", "refund",
        "email_delivered", "email_opened", "email_clicked", "feedback", "profile", "catalog",
    }  # fmt: skip
    assert often <= set(counts) <= often | rare
    # Whoever adds a kind of event says here whether a shop makes it: nobody logs in or asks to be forgotten there.
    assert set(RANKS) == often | rare | {"identity", "forget"}
    assert counts["page_view"] > 5 * counts["cart_add"] > 5 * counts["purchase"] > 10 * counts["refund"] > 0
    pages = Counter(row.get("page_type") for row in rows if row["event_type"] == "page_view")
    assert {"home", "category", "product", "search", "sale", "checkout"} <= set(pages)


def test_a_purchase_is_what_lay_in_the_cart(rows: list[dict[str, Any]]) -> None:
    carts: dict[str, dict[str, float]] = {}
    for row in rows:
        cart = carts.setdefault(row.get("customer_id", ""), {})
        match row["event_type"]:
            case "cart_add":
                cart[row["product_id"]] = cart.get(row["product_id"], 0) + row["quantity"]
            case "cart_update":
                cart[row["product_id"]] = row["quantity"]
            case "cart_remove":
                del cart[row["product_id"]]
            case "cart_clear":
                cart.clear()
            case "purchase":
                assert {line["product_id"]: line["quantity"] for line in row["lines"]} == cart
                due = sum(round(line["price"] * 100) * line["quantity"] for line in row["lines"]) - round(row.get("discount", 0) * 100)
                assert round(row["total"] * 100) == due
                cart.clear()


def test_people_shop_by_day_more_than_at_night(rows: list[dict[str, Any]]) -> None:
    hours = Counter(row["ts"][11:13] for row in rows if row["event_type"] == "page_view")
    assert sum(hours[f"{hour:02d}"] for hour in range(18, 22)) > 5 * sum(hours[f"{hour:02d}"] for hour in range(1, 5))


def test_nobody_is_real(rows: list[dict[str, Any]]) -> None:
    addresses = [row["email"] for row in rows if "email" in row]
    assert len(set(addresses)) > 150
    assert all(address.rsplit("@")[1] in ("example.com", "example.org", "mail.example", "post.test") for address in addresses)
    assert {row["language"] for row in rows if row["event_type"] == "profile"} == {"nl", "en"}


def test_carts_are_abandoned_and_regulars_lapse_in_plausible_numbers(rows: list[dict[str, Any]]) -> None:
    changes: list[dict[str, Any]] = []
    driver = Replay(Engine(read(SHIPPED.read_text())), lambda at, change: changes.append(json.loads(change)))
    for place, row in enumerate(rows):
        driver.event(from_row(row), place)
    customers = len(driver.customers)
    moves = Counter((change["segment"], change["kind"], change["from"], change["to"]) for change in changes)
    assert 0.3 * customers < moves["cart_abandoned", "entered", None, None] < 3 * customers
    assert moves["cart_abandoned", "exited", None, None] > 0.3 * moves["cart_abandoned", "entered", None, None]
    assert moves["engagement", "moved", "regular", "occasional"] > 0.1 * customers


def test_the_same_seed_gives_the_same_and_another_something_else() -> None:
    first = list(simulate(20, 10, 1))
    assert list(simulate(20, 10, 1)) == first
    assert list(simulate(20, 10, 2)) != first


def test_a_customer_does_not_depend_on_how_many_others_there_are() -> None:
    few = [row for row in simulate(3, 20, 1) if row.get("customer_id") == "c000002"]
    assert few and [row for row in simulate(30, 20, 1) if row.get("customer_id") == "c000002"] == few


def test_rows_are_made_as_they_are_asked_for() -> None:
    assert len(list(itertools.islice(simulate(10, 2_000_000, 1), 100))) == 100


def test_the_command_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    options = ["simulate", "--customers", "15", "--days", "5", "--seed", "9", "--start", "2026-06-01"]
    printed = CliRunner().invoke(build(), options)
    written = CliRunner().invoke(build(), [*options, "--out", "shop.ndjson"])
    assert (printed.exit_code, written.exit_code) == (0, 0)
    assert (tmp_path / "shop.ndjson").read_bytes() == printed.stdout_bytes
    assert os.listdir(tmp_path) == ["shop.ndjson"]
    lines = [json.loads(line) for line in printed.stdout.splitlines()]
    assert lines == list(simulate(15, 5, 9, 1_780_272_000_000))
    assert lines[0]["ts"].startswith("2026-06-01T")


@pytest.mark.parametrize("options", [["--start", "soon"], ["--customers", "-1"], ["--days", "many"], ["--out", "no/such/folder"],
                                     ["--start", "9999-12-01", "--days", "60"]])  # fmt: skip
def test_wrong_use(options: list[str]) -> None:
    result = CliRunner().invoke(build(), ["simulate", *options])
    assert result.exit_code == 2
    assert result.stdout == ""
    assert options[-2] in result.stderr or options[-1] in result.stderr


def test_the_catalogue_says_what_customers_see(rows: list[dict[str, Any]]) -> None:
    """A product is seen at its price of that moment, or at the sale's; now and then it is reduced, and sold out, and back."""
    price: dict[str, int] = {}
    stock: Counter[str] = Counter()
    cheaper = 0
    for row in rows:
        if row["event_type"] == "catalog":
            product = row["product_id"]
            if "price" in row:
                cents = round(row["price"] * 100)
                cheaper += cents < price.get(product, 0)
                price[product] = cents
            if "in_stock" in row:
                stock["back" if row["in_stock"] else "out"] += 1
        elif row["event_type"] == "page_view" and "price" in row:
            assert round(row["price"] * 100) in (price[row["product_id"]], price[row["product_id"]] * 4 // 5)
    assert cheaper > 20 and stock["out"] > 10 and stock["back"] > len(price)
