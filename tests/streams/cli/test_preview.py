"""`gedrag preview`: a campaign's mail, made up or of a real customer, in the terminal or in files."""

from __future__ import annotations

import json
import os
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from streams.cli.main import build
from streams.links import Links

HOUR = 3_600_000
T = 1_772_362_800_000  # 2026-03-01T11:00:00Z
SEGMENTS = """
[[segment]]
name = "left_cart"
family = "purchase_habits"
when = "cart_items > 0 and cart_idle >= hours(1)"
"""
CAMPAIGNS = """
[policy]
language = "en"

[[campaign]]
name = "reminder"
trigger = { segment = "left_cart" }
steps = [ { template = "abandoned_cart_1" }, { after = "24h", template = "abandoned_cart_2" } ]

[[campaign]]
name = "test"
trigger = { segment = "left_cart" }
variants = { a = 1, b = 1 }
steps = [ { template = "hello" } ]
"""
SETTINGS = """
sender = "Koffie & Co <hallo@koffie.example>"
templates = "mine"
[shop]
name = "Koffie & Co"
product_url = "https://koffie.example/p/{product_id}"
"""


def line(event_type: str, customer: str, at: int, **fields: Any) -> str:
    return json.dumps({"event_type": event_type, "customer_id": customer, "ts": T + at, **fields}) + "\n"


EVENTS = "".join(
    [
        line("profile", "c-1", 0, email="kees@example.org", first_name="Kees", language="nl", consent={"email": True}),
        line("cart_add", "c-1", 0, product_id="teapot", price=25, quantity=2),
        line("cart_add", "c-1", 2 * HOUR, product_id="tea", price=4),
        line("cart_add", "c-2", 0, product_id="cup", price=3),
        line("page_view", "c-3", 60 * HOUR),
    ]
)


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in [name for name in os.environ if name.startswith("GEDRAG_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    files = {"segments.toml": SEGMENTS, "campaigns.toml": CAMPAIGNS, "gedrag.toml": SETTINGS, "shop.ndjson": EVENTS}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "hello.en.txt").write_text("Subject: Hello {{ variant }}\n\nHello\n")
    (mine / "hello.b.en.txt").write_text("Subject: A shorter hello\n\nHi\n")
    (mine / "hello.en.html").write_text('{% extends "layout.html" %}{% block title %}Hello{% endblock %}')
    return tmp_path


def preview(*arguments: str) -> Result:
    return CliRunner().invoke(build(), ["preview", *arguments])


def test_a_made_up_customers_mail_in_the_terminal() -> None:
    result = preview("reminder")
    assert result.exit_code == 0
    headers, text = result.stdout.split("\n\n", 1)
    assert headers.splitlines()[:3] == [
        "From: Koffie & Co <hallo@koffie.example>",
        "To: kim@example.org",
        "Subject: You left something in your cart",
    ]
    assert "List-Unsubscribe: <mailto:hallo@koffie.example" in headers
    assert text.startswith("Hello Kim,\n") and "Espresso machine  €189.00" in text and "\x1b" not in result.stdout
    assert "reminder, step 1 of 2: abandoned_cart_1.en.html, abandoned_cart_1.en.txt\n" in result.stderr


def test_another_step_in_another_language_as_html(here: Path) -> None:
    result = preview("reminder", "--step", "2", "--language", "nl", "--out", "mail.html")
    assert (result.exit_code, result.stdout) == (0, "mail.html\n")
    page = (here / "mail.html").read_text()
    assert (
        page.lstrip().startswith("<!DOCTYPE html>")
        and "Twijfel je nog?" in page
        and "https://koffie.example/p/Koffiebonen%201%20kg" in page
    )


def test_as_text_and_as_a_whole_mail(here: Path) -> None:
    assert preview("reminder", "--out", "mail.txt").exit_code == preview("reminder", "--out", "mail.eml").exit_code == 0
    assert (here / "mail.txt").read_text().startswith("Subject: You left something in your cart\n\nHello Kim,\n")
    mail = message_from_bytes((here / "mail.eml").read_bytes(), policy=policy.default)
    assert mail["To"] == "kim@example.org" and [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]


def test_a_folder_gets_every_step_variant_and_language(here: Path) -> None:
    assert preview("reminder", "--out", "all/").exit_code == preview("test", "--out", "all").exit_code == 0
    mails = {f"reminder_{step}.{language}" for step in (1, 2) for language in ("en", "nl")} | {"test_1.a.en", "test_1.b.en"}
    assert set(os.listdir(here / "all")) == {f"{mail}.{ending}" for mail in mails for ending in ("html", "txt", "eml")}
    assert (here / "all" / "test_1.b.en.txt").read_text().startswith("Subject: A shorter hello")


def test_a_variant_and_a_language_that_is_not_there() -> None:
    assert "Subject: Hello a\n" in preview("test").stdout
    assert "Subject: A shorter hello\n" in preview("test", "--variant", "b").stdout
    told = preview("test", "--variant", "b", "--language", "nl").stderr
    assert "test, step 1 of 1: hello.en.html, hello.b.en.txt; there is none in nl\n" in told


def test_the_mail_a_customer_got_with_what_lay_in_the_cart_then() -> None:
    result = preview("reminder", "--customer", "c-1", "--step", "1", "--at", "2026-03-01T12:30:00Z", "shop.ndjson")
    assert "c-1 got this mail at 2026-03-01T12:00:00.000Z: reminder, step 1\n" in result.stderr
    assert "To: kees@example.org\nSubject: Je winkelwagen staat nog klaar\n" in result.stdout
    assert "2 x teapot" in result.stdout and "tea  " not in result.stdout
    assert "Hallo Kees," in result.stdout


def test_without_a_step_it_is_the_newest_mail() -> None:
    result = preview("reminder", "--customer", "c-1", "shop.ndjson")
    assert "reminder, step 2\n" in result.stderr and "1 x tea " in result.stdout
    assert "Subject: Still thinking about it?" in preview("reminder", "--customer", "c-1", "--language", "en", "shop.ndjson").stdout


def test_the_mail_a_customer_did_not_get_is_shown_with_the_reason() -> None:
    result = preview("reminder", "--customer", "c-2", "--at", "2026-03-01T13:00:00Z", "shop.ndjson")
    assert "c-2 did not get this mail: reminder, step 1 was suppressed (no_address) at 2026-03-01T12:00:00.000Z" in result.stderr
    assert "1 x cup  €3.00" in result.stdout and "Hello,\n" in result.stdout
    early = preview("reminder", "--customer", "c-1", "--at", "2026-03-01T11:30:00Z", "shop.ndjson")
    assert "c-1 has not started reminder by 2026-03-01T11:30:00.000Z" in early.stderr and "2 x teapot" in early.stdout


def test_what_was_done_before_logging_in_is_the_customers(here: Path) -> None:
    joined = line("identity", "c-1", 3 * HOUR, anonymous_id="cookie") + line("cart_add", "cookie", 3 * HOUR - 1, product_id="mug", price=7)
    (here / "shop.ndjson").write_text(EVENTS + joined)
    result = preview("reminder", "--customer", "c-1", "--step", "2", "shop.ndjson")
    assert result.exit_code == 0 and "1 x mug" in result.stdout and "1 x tea " in result.stdout


def test_lines_that_are_no_events_are_told(here: Path) -> None:
    (here / "shop.ndjson").write_text(EVENTS + "nonsense\n")
    result = preview("reminder", "--customer", "c-1", "shop.ndjson")
    assert result.exit_code == 0 and "1 line rejected, the first shop.ndjson:6: not_json" in result.stderr


def test_links_back_to_us_look_real_and_do_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GEDRAG_PUBLIC_URL", "https://mail.koffie.example")
    monkeypatch.setenv("GEDRAG_LINK_KEYS", "k1:" + "x" * 40)
    result = preview("reminder", "--customer", "c-1", "shop.ndjson")
    link = result.stdout.split("List-Unsubscribe: <")[1].split(">")[0]
    assert (
        link.startswith("https://mail.koffie.example/mail/unsubscribe/")
        and "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in result.stdout
    )
    assert Links("https://mail.koffie.example", (("k1", "x" * 40),)).read("unsubscribe", link.rpartition("/")[2]) is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["remindr"], "there is no campaign `remindr`; did you mean `reminder`?"),
        (["zzz"], "there is no campaign `zzz`; campaigns: reminder, test"),
        (["reminder", "--step", "3"], "--step 3: reminder has 2 steps, counted from 1"),
        (["reminder", "--variant", "a"], "--variant a: reminder has none of that name; it has no variants"),
        (["test", "--variant", "c"], "--variant c: test has none of that name; its variants are a, b"),
        (["reminder", "--customer", "c-1", "--set", "redis=redis://127.0.0.1:1"], "or give files of events that customer is in"),
        (["reminder", "shop.ndjson"], "say which with --customer ID"),
        (["reminder", "--at", "2026-03-01"], "--at needs --customer ID and the files of events"),
        (["reminder", "--customer", "c-9", "shop.ndjson"], "no event of that customer in the files; did you mean `c-"),
        (["reminder", "--customer", "c-1", "--at", "soon", "shop.ndjson"], "--at 'soon': expected RFC 3339"),
        (
            ["reminder", "--customer", "c-1", "--at", "2020-01-01", "shop.ndjson"],
            "there is nothing of that customer by 2020-01-01T00:00:00.000Z",
        ),
        (["reminder", "--customer", "c-1", "none.ndjson"], "none.ndjson: No such file"),
        (["reminder", "--out", "mail.pdf"], "--out mail.pdf: expected a name that ends in .html, .txt or .eml, or a folder"),
        (["reminder", "--out", "no/where/mail.html"], "gedrag preview: no/where/mail.html: No such file or directory"),
        (["reminder", "--language", "n/../l"], "--language n/../l: expected two or three letters, such as nl"),
        (["reminder", "--customer", "somebody", "shop.ndjson"], "no event of that customer in the files; look the id up in them"),
    ],
)
def test_wrong_use_is_one_sentence_and_exit_code_2(arguments: list[str], said: str) -> None:
    result = preview(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    [told] = [line for line in result.stderr.splitlines() if line.startswith("gedrag preview: ")]
    assert said in told


def test_a_template_that_cannot_be_used_is_told(here: Path) -> None:
    (here / "mine" / "hello.en.txt").write_text("Subject: x\n\n{{ nam }}\n")
    result = preview("test")
    assert result.exit_code == 2 and "the template hello.en.txt, line 3: 'nam' is undefined" in result.stderr
