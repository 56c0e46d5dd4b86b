"""`gedrag check campaigns.toml`: every fault of the file and of its templates at once, or what its campaigns do."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from streams.cli.campaign_file import is_campaigns
from streams.cli.main import build

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
[policy]
time_zone = "Europe/Amsterdam"
quiet_hours = "21:00-08:00"
caps = [ { count = 1, per = "24h" }, { count = 3, per = "7d" } ]

[[campaign]]
name = "reminder"
trigger = { segment = "left_cart" }
steps = [ { template = "abandoned_cart_1" }, { after = "90m", template = "abandoned_cart_2" } ]
priority = 10
reentry = "7d"
excludes = ["thanks"]
hold_out = 0.1
variants = { a = 1, b = 3 }

[[campaign]]
name = "thanks"
trigger = { tiers = "spending", from = ["none"], to = ["some"] }
stop_on = []
steps = [ { template = "mine" } ]
"""


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("GEDRAG_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "segments.toml").write_text(SEGMENTS)
    (tmp_path / "campaigns.toml").write_text(CAMPAIGNS)
    (tmp_path / "gedrag.toml").write_text('templates = "mine"\n')
    (tmp_path / "mine").mkdir()
    template(tmp_path, "Thanks, {{ first_name }}: {{ attributes.spend }}")
    return tmp_path


def template(here: Path, text: str) -> None:
    (here / "mine" / "mine.en.txt").write_text(f"Subject: Thanks\n\n{text}\n")
    (here / "mine" / "mine.en.html").write_text('{% extends "layout.html" %}')


def check(*arguments: str) -> Result:
    return CliRunner().invoke(build(), ["check", *arguments])


def test_a_right_file_is_listed_with_triggers_steps_and_rules() -> None:
    result = check("campaigns.toml")
    assert result.exit_code == 0
    assert [re.split(r"\s{2,}", line) for line in result.stdout.splitlines()] == [
        ["Name", "Trigger", "Steps", "Sent while", "Ends with", "Rules"],
        [
            "reminder",
            "enters left_cart",
            "abandoned_cart_1 at once, abandoned_cart_2 after 90m",
            "in_segment('left_cart')",
            "purchase",
            "priority 10, again after 7d, ends thanks, 10 % held out, variants a 25 % b 75 %",
        ],
        ["thanks", "spending moves from none to some", "mine at once", "tier('spending') in ['some']", "its last step", "none of its own"],
    ]
    assert result.stderr.splitlines() == [
        "definitions: segments.toml",
        "policy: at most 1 per 24h, at most 3 per 7d, quiet 21:00-08:00, time zone Europe/Amsterdam, language en",
        "campaigns.toml: 2 campaigns, no faults",
    ]


def test_faults_of_the_file_and_of_its_templates_come_together(here: Path) -> None:
    wrong = CAMPAIGNS.replace('segment = "left_cart"', 'segment = "left_card"').replace("abandoned_cart_2", "abandoned_card_2")
    (here / "campaigns.toml").write_text(wrong)
    result = check("campaigns.toml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "unknown segment `left_card`" in result.stderr and "--> campaigns.toml:9:23" in result.stderr
    assert "there is no template `abandoned_card_2`" in result.stderr and "did you mean `abandoned_cart_2`?" in result.stderr
    assert result.stderr.endswith("campaigns.toml: 2 faults\n")


@pytest.mark.parametrize(
    ("text", "fault", "hint"),
    [
        ("{{ frist_name }}", "the template mine.en.txt, line 3: no mail has a field `frist_name`", "did you mean `first_name`?"),
        ("{% if cart %}{{ vlaue }}{% endif %}", "line 3: no mail has a field `vlaue`", ""),
        ("{{ attributes.spent }}", "the template mine.en.txt, line 3: there is no `spent`", "did you mean `spend`?"),
        ("{% for line in cart %}{{ line.nam }}{% endfor %}", "line 3: there is no `nam`", "did you mean `name`?"),
        ("{{ shop.adress }}", "line 3: there is no `adress`", "did you mean `address`?"),
        ("{{ first_name | shout }}", "the template mine.en.txt, line 3: No filter named 'shout'.", ""),
        ("{{ cart[0].name }}", "the template mine.en.txt, line 3: ", "so it is for a customer whose name, or prices, nobody knows"),
        ("{{ 1 / 0 }}", "the template mine.en.txt, line 3: division by zero", ""),
        ("{% if %}", "the template mine.en.txt, line 3: Expected an expression", ""),
        ('{% include "gone.txt" %}', "the template gone.txt is missing", ""),
    ],
)
def test_a_template_that_needs_what_no_message_has(here: Path, text: str, fault: str, hint: str) -> None:
    template(here, text)
    result = check("campaigns.toml")
    assert result.exit_code == 2
    [said] = [line for line in result.stderr.splitlines() if line.startswith("error: ")]
    assert fault in said and f"{hint}\n" in result.stderr
    assert "campaigns.toml:21:24" in result.stderr and 'steps = [ { template = "mine" } ]' in result.stderr


def test_what_a_template_only_asks_for_may_be_missing(here: Path) -> None:
    template(here, "{% if extra is defined %}x{% endif %}{% if attributes.other is defined %}{{ attributes.other }}{% endif %}")
    assert check("campaigns.toml").exit_code == 0


def test_half_a_template_and_a_variant_that_is_wrong(here: Path) -> None:
    (here / "mine" / "mine.nl.txt").write_text("Subject: Dank\n\nDank\n")
    (here / "mine" / "abandoned_cart_1.b.nl.txt").write_text("Geen onderwerp\n")
    result = check("campaigns.toml")
    assert "the template mine.nl.html is missing" in result.stderr
    assert "the template abandoned_cart_1.b.nl.txt must begin with a line `Subject: …`" in result.stderr
    assert result.stderr.endswith("campaigns.toml: 2 faults\n")


def test_a_template_in_another_encoding(here: Path) -> None:
    (here / "mine" / "mine.en.txt").write_bytes("Subject: caf\u00e9\n".encode("latin-1"))
    result = check("campaigns.toml")
    assert result.exit_code == 2 and "the template mine.en.txt is not UTF-8 text (byte 12)" in result.stderr


def test_the_definitions_are_those_given_else_those_beside_the_file(here: Path) -> None:
    (here / "shop").mkdir()
    (here / "campaigns.toml").rename(here / "shop" / "campaigns.toml")
    (here / "segments.toml").rename(here / "shop" / "segments.toml")
    assert "definitions: shop/segments.toml" in check("shop/campaigns.toml").stderr
    (here / "shop" / "segments.toml").rename(here / "other.toml")
    assert "unknown segment `left_cart`" in check("shop/campaigns.toml").stderr
    assert check("shop/campaigns.toml", "--segments", "other.toml").exit_code == 0


def test_the_shipped_files_have_no_faults(here: Path) -> None:
    defaults = Path(__file__).parents[3] / "streams" / "defaults"
    for name in ("segments.toml", "campaigns.toml"):
        assert check(str(defaults / name)).exit_code == 0


@pytest.mark.parametrize(
    ("text", "name", "campaigns"),
    [
        ("[[campaign]]", "x.toml", True),
        ("# [[segment]]\n[policy]\n", "segments.toml", True),
        ("[[segment]]\n", "campaigns.toml", False),
        ("[[ campaign\n nonsense", "x.toml", True),
        ("", "my_campaigns.toml", True),
        ("", "segments.toml", False),
        ("[[segment]]\n[[campaign]]", "x.toml", False),
    ],
)
def test_a_file_of_campaigns_is_known_by_its_tables(text: str, name: str, campaigns: bool) -> None:
    assert is_campaigns(text, name) is campaigns


def test_segments_is_for_campaigns_only() -> None:
    result = check("segments.toml", "--segments", "segments.toml")
    assert result.exit_code == 2 and "--segments is for one of campaigns" in result.stderr
