"""Whether the mails of a campaign can be made: its templates are whole, and can be filled in with whatever a message of it holds."""

from __future__ import annotations

from collections.abc import Iterator

from scoring.campaigns.decide import Campaigns
from scoring.campaigns.model import Campaign
from scoring.expressions.problem import suggest
from scoring.segments.model import Definitions
from streams.agents.mail import OWN, Composer
from streams.agents.message import BadMessage
from streams.agents.sample import sample
from streams.agents.templates import Templates
from streams.kafka.errors import Misconfigured


def fields(templates: Templates) -> dict[str, frozenset[str]]:
    """By template, the names it takes from a message. One that can't be read takes none here: `faults` tells why."""
    found: dict[str, frozenset[str]] = {}
    for name in templates.names():
        try:
            found[name] = frozenset(templates.uses(name) - OWN)
        except BadMessage:
            found[name] = frozenset()
    return found


def faults(composer: Composer, campaign: Campaign, definitions: Definitions) -> Iterator[tuple[int, str, str]]:
    """(place of the step, what is wrong, what to do) of each template of the campaign that is there but can't be used."""
    templates = composer.templates
    for place, step in enumerate(campaign.steps):
        name = step.template
        if name not in templates.names():
            yield place, f"there is no template `{name}`", suggest(name, templates.names(), "templates")
            continue
        halves = templates.halves(name)
        for half in halves:
            yield place, f"the template {half} is missing", "the other half of it is there; a mail needs both"
        said: set[str] = set()
        for language in templates.languages(name) or ([] if halves else ["en"]):
            for variant in (None, *variants(campaign)):
                for bare in (False, True):
                    try:
                        composer.write(sample(campaign, place + 1, definitions, variant=variant, language=language, bare=bare))
                    except BadMessage as error:
                        if str(error) not in said:
                            said.add(str(error))
                            hint = "so it would be for a customer whose name and prices aren't known" if bare else ""
                            yield place, str(error), hint


def insist(composer: Composer, campaigns: Campaigns, definitions: Definitions) -> None:
    """Raises Misconfigured with every fault of every campaign's templates."""
    said = [
        f"campaign {campaign.name}, step {place + 1}: {what}" + (f" ({hint})" if hint else "")
        for campaign in campaigns.campaigns
        for place, what, hint in faults(composer, campaign, definitions)
    ]
    if said:
        raise Misconfigured("; ".join([*said, "templates of your own stand in the folder that the setting `templates` names"]))


def variants(campaign: Campaign) -> tuple[str, ...]:
    """Their names, in the order of the file."""
    return tuple(name for name, _ in campaign.variants)
