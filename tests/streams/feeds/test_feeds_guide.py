"""docs/feeds.md can't rot: its endpoint is read, its webhook is signed right, its commands are there, its numbers are those of the code."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from scoring.segments.read import read as read_segments
from streams.agents.webhooks import line
from streams.agents.webhooks.circuit import Patience
from streams.agents.webhooks.endpoints import read
from streams.cli.main import command
from streams.settings.model import Settings
from tests.streams.feeds.conftest import SEGMENTS
from tests.streams.feeds.receiver import OTHER, SECRET

GUIDE = (Path(__file__).parents[3] / "docs" / "feeds.md").read_text(encoding="utf-8")


def test_its_endpoint_is_read_and_the_defaults_it_names_are_right(tmp_path: Path) -> None:
    (tmp_path / "crm.secrets").write_text(SECRET)
    (tmp_path / "our-ca.pem").write_text("")
    [text] = re.findall(r"^```toml\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    definitions, file = read_segments(SEGMENTS.read_text()), str(tmp_path / "webhooks.toml")
    [plain] = read(text, definitions, file)
    said = re.sub(r"^# (\w+ = (?!\[\]|\"our))", r"\1", text, flags=re.MULTILINE)
    assert "\nretry_for" in said and read(said, definitions, file) == (plain,)


def test_the_webhook_it_shows_is_signed_with_both_secrets() -> None:
    headers = dict(re.findall(r"^(webhook-[a-z]+): (.*)$", GUIDE, re.MULTILINE))
    [body] = re.findall(r'^\{"type":.*?\}\}$', GUIDE, re.MULTILINE | re.DOTALL)
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    signed = [Webhook(secret).sign(headers["webhook-id"], at, body.replace("\n", "")) for secret in (SECRET, OTHER)]
    assert headers["webhook-signature"].split() == signed


@pytest.mark.parametrize("words", sorted(set(re.findall(r"`?gedrag ((?:webhooks|crm|export)(?: (?!crm|cart|engagement)[a-z]+)?)", GUIDE))))
def test_its_commands_are_there(words: str) -> None:
    name, *rest = words.split()
    found = command(name)
    for word in rest:
        found = found.commands[word]


def test_its_numbers() -> None:
    assert "1 s doubling to 10 minutes" in GUIDE and (Patience().first, Patience().longest) == (1.0, 600.0)
    assert "at most 1,000 an endpoint are held" in GUIDE and line.OPEN == 1000
    settings = Settings()
    assert "in ten seconds (100)" in GUIDE and settings.crm_rate == 100
    assert "a day (250,000, by UTC)" in GUIDE and settings.crm_daily == 250_000
    assert (settings.crm_prefix, settings.crm_id_property) == ("gedrag_", "gedrag_customer_id")
