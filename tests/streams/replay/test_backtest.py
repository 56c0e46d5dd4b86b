"""`gedrag replay --campaigns --messages`: who would have got what when, and what each rule stopped."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from streams.cli.main import build

MINUTE = 60_000
HOUR = 60 * MINUTE
T = 1_772_362_800_000  # 2026-03-01T11:00:00Z
SEGMENTS = """
[[segment]]
name = "left_cart"
family = "purchase_habits"
when = "cart_items > 0 and cart_idle >= hours(1)"

[[tiers]]
name = "spending"
family = "purchase_habits"
tiers = [ { name = "some", when = "spend > 0" }, { name = "none" } ]
"""
CAMPAIGNS = """
[[campaign]]
name = "reminder"
trigger = { segment = "left_cart" }
steps = [ { template = "abandoned_cart_1" }, { after = "24h", template = "abandoned_cart_2" } ]

[[campaign]]
name = "thanks"
trigger = { tiers = "spending", from = ["none"], to = ["some"] }
stop_on = []
steps = [ { template = "reactivation_1" } ]

[[campaign]]
name = "sleeping"
trigger = { tiers = "spending", from = ["some"], to = ["none"] }
steps = [ { template = "reactivation_1" } ]
"""


def line(event_type: str, customer: str, at: int, **fields: Any) -> str:
    return json.dumps({"event_type": event_type, "customer_id": customer, "ts": T + at, **fields}) + "\n"


def cart(customer: str, at: int = 0) -> str:
    return line("cart_add", customer, at, product_id="p", price=5)


YES = {"email": True}
EVENTS = "".join(
    [
        line("profile", "reader", -1, email="reader@example.org", language="nl-BE", consent=YES),
        cart("reader"),
        cart("stranger", 1000),
        line("profile", "refuser", -1, email="refuser@example.org", consent={"email": False}),
        cart("refuser"),
        line("profile", "buyer", -1, email="buyer@example.org", consent=YES),
        cart("buyer"),
        line("purchase", "buyer", 3 * HOUR, order_id="o", total=5),
        line("page_view", "passer-by", 30 * HOUR),
    ]
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("GEDRAG_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "segments.toml").write_text(SEGMENTS)
    (tmp_path / "c.toml").write_text(CAMPAIGNS)
    (tmp_path / "shop.ndjson").write_text(EVENTS)
    return tmp_path


def gedrag(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(build(), ["replay", *arguments], input=stdin)


def records(name: str = "out.ndjson") -> list[dict[str, Any]]:
    return [json.loads(line) for line in Path(name).read_text().splitlines()]


def briefly(found: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(each["customer_id"], each["campaign"], each["step"], each["decision"], each["reason"], each["at"][8:19]) for each in found]


DECIDED = [
    ("buyer", "reminder", 1, "send", "", "01T12:00:00"),
    ("reader", "reminder", 1, "send", "", "01T12:00:00"),
    ("refuser", "reminder", 1, "suppressed", "no_consent", "01T12:00:00"),
    ("stranger", "reminder", 1, "suppressed", "no_address", "01T12:00:01"),
    ("buyer", "reminder", 2, "cancelled", "purchase", "01T14:00:00"),
    ("buyer", "thanks", 1, "send", "", "01T14:00:00"),
    ("reader", "reminder", 2, "send", "", "02T12:00:00"),
    ("refuser", "reminder", 2, "suppressed", "no_consent", "02T12:00:00"),
    ("stranger", "reminder", 2, "suppressed", "no_address", "02T12:00:01"),
]


def test_every_decision_is_a_message_record_in_order_of_time() -> None:
    result = gedrag("shop.ndjson", "--campaigns", "c.toml", "--messages", "out.ndjson")
    assert result.exit_code == 0
    found = records()
    instants = [each["at"] for each in found]
    assert instants == sorted(instants)
    assert sorted(briefly(found), key=lambda each: (each[5], each[0], each[1])) == DECIDED
    assert all("detected_at" not in each for each in found)
    read = next(each for each in found if each["customer_id"] == "reader")
    assert (read["to"], read["language"], read["template"]) == ("reader@example.org", "nl", "abandoned_cart_1")
    assert read["context"]["cart"] == [{"product_id": "p", "quantity": 1, "price": 5.0, "value": 5.0}]


def test_a_back_test_leaves_the_changes_as_they_are_without_campaigns() -> None:
    plain = gedrag("shop.ndjson").stdout
    assert plain and gedrag("shop.ndjson", "--campaigns", "c.toml", "--messages", "out.ndjson").stdout == plain
    [sent] = [each for each in records() if (each["customer_id"], each["campaign"]) == ("buyer", "thanks")]
    assert sent["change_id"] in plain


def rows(text: str, title: str) -> list[list[str]]:
    table = text.split(title)[1].split("└")[0]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in table.splitlines() if line.startswith("│")]


def test_tables_say_what_was_sent_and_what_each_rule_stopped() -> None:
    told = gedrag("shop.ndjson", "--campaigns", "c.toml").stderr
    assert rows(told, "What would have been sent") == [
        ["reminder", "1", "2", "2", "40.00", "0", "2", "0"],
        ["reminder", "2", "1", "1", "20.00", "0", "2", "1"],
        ["thanks", "1", "1", "1", "20.00", "0", "0", "0"],
    ]
    assert rows(told, "What each rule stopped") == [
        ["reminder", "suppressed", "no_address", "2", "1", "20.00"],
        ["reminder", "suppressed", "no_consent", "2", "1", "20.00"],
        ["reminder", "cancelled", "purchase", "1", "1", "20.00"],
    ]
    assert "Never started: sleeping\n" in told and "Assumed" not in told


def test_variants_are_told_apart(here: Path) -> None:
    (here / "c.toml").write_text(CAMPAIGNS.replace('name = "reminder"', 'name = "reminder"\nvariants = { a = 1, b = 1 }'))
    (here / "shop.ndjson").write_text("".join(cart(f"c{n}") for n in range(50)) + line("page_view", "d", 2 * HOUR))
    told = rows(gedrag("shop.ndjson", "--campaigns", "c.toml", "--assume-consent").stderr, "What would have been sent")
    assert [row[:3] for row in told] == [["reminder", "1", "a"], ["reminder", "1", "b"]]
    assert sum(int(row[3]) for row in told) == 50 and all(int(row[3]) > 10 for row in told)


def test_json_has_the_same_figures() -> None:
    report = json.loads(gedrag("shop.ndjson", "--campaigns", "c.toml", "--json").stdout)
    assert (report["customers"], report["mailed"], report["assumed_consent"]) == (5, 2, False)
    assert {
        "campaign": "reminder",
        "step": 2,
        "variant": None,
        "decision": "cancelled",
        "reason": "purchase",
        "messages": 1,
        "customers": 1,
        "percent": 20.0,
    } in report["decisions"]
    assert sum(row["messages"] for row in report["decisions"]) == len(DECIDED)


def test_assumed_consent_holds_until_an_event_says_otherwise() -> None:
    result = gedrag("shop.ndjson", "--campaigns", "c.toml", "--messages", "out.ndjson", "--assume-consent")
    assert "Assumed: every customer has an address" in result.stderr
    decided = {(each["customer_id"], each["decision"], each["to"]) for each in records() if each["campaign"] == "reminder"}
    assert ("stranger", "send", "assumed@customer.invalid") in decided
    assert ("reader", "send", "reader@example.org") in decided
    assert ("refuser", "suppressed", None) in decided and ("refuser", "send", "refuser@example.org") not in decided


def test_assumed_consent_ends_with_an_unsubscription(here: Path) -> None:
    gone = line("email_unsubscribed", "c", 2 * HOUR, message_id="m")
    (here / "shop.ndjson").write_text(cart("c") + gone + line("page_view", "d", 30 * HOUR))
    gedrag("shop.ndjson", "--campaigns", "c.toml", "--messages", "out.ndjson", "--assume-consent")
    assert [each[2:5] for each in briefly(records())] == [(1, "send", ""), (2, "suppressed", "unsubscribed")]


def test_assuming_consent_changes_nothing_that_reads_no_profile(here: Path) -> None:
    events = (
        line("purchase" if n % 3 else "cart_add", f"c{n % 7}", n * HOUR, order_id=f"o{n - n % 5}", product_id="p", total=n)
        for n in range(90)
    )
    (here / "shop.ndjson").write_text("".join(events))
    (here / "segments.toml").write_text(SEGMENTS.replace("spend > 0", "spend(hours(12)) > 30"))
    plain = gedrag("shop.ndjson").stdout
    assert plain.count("\n") > 50 and gedrag("shop.ndjson", "--campaigns", "c.toml", "--assume-consent").stdout == plain


def test_without_any_address_the_way_out_is_told(here: Path) -> None:
    (here / "shop.ndjson").write_text(cart("c") + line("page_view", "d", 30 * HOUR))
    assert "--assume-consent tries" in gedrag("shop.ndjson", "--campaigns", "c.toml").stderr
    assert "--assume-consent tries" not in gedrag("shop.ndjson", "--campaigns", "c.toml", "--assume-consent").stderr


def test_late_events_come_out_in_order_of_time(here: Path) -> None:
    lines = EVENTS.splitlines(keepends=True)
    (here / "late.ndjson").write_text("".join([*lines[:2], lines[-1], *lines[2:-1]]))
    gedrag("late.ndjson", "--campaigns", "c.toml", "--messages", "out.ndjson", "--as-arrived")
    instants = [each["at"] for each in records()]
    assert len(instants) > 3 and instants == sorted(instants)


def test_the_campaigns_of_the_settings_are_taken_without_the_option(here: Path) -> None:
    (here / "c.toml").rename(here / "campaigns.toml")
    result = gedrag("shop.ndjson", "--messages", "out.ndjson", "--out", "changes.ndjson")
    assert "campaigns: campaigns.toml" in result.stderr and len(records()) == len(DECIDED)
    assert sorted(os.listdir(here)) == ["campaigns.toml", "changes.ndjson", "out.ndjson", "segments.toml", "shop.ndjson"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--campaigns", "none.toml"], "none.toml: there is no such file"),
        (["--messages", "x", "--out", "x", "--campaigns", "c.toml"], "--out and --messages name the same file"),
        (["--assume-consent"], "--assume-consent is for back-tests; add --campaigns FILE or --messages FILE"),
        (["--campaigns", "c.toml", "--messages", "no/such/folder"], "No such file"),
        (["--campaigns", "segments.toml"], "segments.toml"),
    ],
)
def test_wrong_use_is_exit_code_2_and_leaves_nothing(here: Path, arguments: list[str], words: str) -> None:
    before = sorted(os.listdir(here))
    result = gedrag("shop.ndjson", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr and "Traceback" not in result.stderr
    assert sorted(os.listdir(here)) == before
