"""Mails that speak of the tier a customer moved to say something of their own for each."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from scoring.campaigns.model import Moved
from scoring.campaigns.read import read as read_campaigns
from scoring.segments.read import read as read_segments
from streams.agents.mail import Composer
from streams.agents.sample import sample
from tests.streams.delivery.mails import SHOP

DEFAULTS = Path(__file__).parents[3] / "streams" / "defaults"


@pytest.mark.parametrize("language", ["en", "nl"])
@pytest.mark.parametrize("name", ["benefit", "held_back"])
def test_each_tier_has_words_of_its_own(name: str, language: str) -> None:
    definitions = read_segments((DEFAULTS / "segments.toml").read_text())
    campaigns = read_campaigns((DEFAULTS / "campaigns.toml").read_text(), definitions).campaigns
    campaign = next(each for each in campaigns if each.name == name)
    assert isinstance(campaign.trigger, Moved)
    message, composer = sample(campaign, 1, definitions, language=language), Composer(SHOP, "EUR")
    mails = []
    for tier in campaign.trigger.to:
        context = msgspec.structs.replace(message.context, tier=tier)
        mails.append(composer.write(msgspec.structs.replace(message, context=context)))
    for part in ("subject", "text", "html"):
        assert len({getattr(mail, part) for mail in mails}) == len(campaign.trigger.to)
    assert all(len(mail.subject) < 60 and mail.text.startswith(("Hello Kim,", "Hallo Kim,")) for mail in mails)
