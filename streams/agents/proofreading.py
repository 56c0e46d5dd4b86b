"""Whether the mails of a campaign can be made: its templates are there and whole, and need nothing that its messages don't have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from typing import Any, NamedTuple

from scoring.campaigns.decide import Campaigns
from scoring.campaigns.model import Campaign
from scoring.expressions.problem import nearest, suggest
from scoring.segments.model import Definitions
from streams.agents.mail import Composer
from streams.agents.message import BadMessage
from streams.agents.sample import sample
from streams.agents.shop import Shop
from streams.agents.templates import FALLBACK, Templates
from streams.kafka.errors import Misconfigured

#: What Jinja says of a field that is not there: of what kind of object, and its name.
_NO_FIELD = re.compile(r"'(.*) object' has no attribute '(.*)'")


class Fault(NamedTuple):
    """`step`: its place, from 0."""

    step: int
    what: str
    hint: str = ""


def absent(templates: Templates, name: str) -> tuple[str, str] | None:
    """(what is wrong, hint) if there is no such template."""
    names = templates.names()
    return None if name in names else (f"there is no template `{name}`", suggest(name, names, "templates"))


def faults(composer: Composer, campaign: Campaign, definitions: Definitions) -> Iterator[Fault]:
    """What keeps each step's mail from being made, for some customer."""
    for place, step in enumerate(campaign.steps):
        missing = absent(composer.templates, step.template)
        if missing is not None:
            yield Fault(place, *missing)
            continue
        try:
            found = [*_halves(composer.templates, step.template), *_unknown(composer, campaign, place, definitions)]
        except BadMessage as error:
            found = [(str(error), "")]
        for what, hint in found or _filled_in(composer, campaign, place, definitions):
            yield Fault(place, what, hint)


def insist(composer: Composer, campaigns: Campaigns, definitions: Definitions) -> None:
    """Raises Misconfigured with every fault of every campaign's templates."""
    said = [
        f"campaign {campaign.name}, step {fault.step + 1}: {fault.what}" + (f" ({fault.hint})" if fault.hint else "")
        for campaign in campaigns.campaigns
        for fault in faults(composer, campaign, definitions)
    ]
    if said:
        raise Misconfigured("; ".join([*said, "templates of your own stand in the folder that the setting `templates` names"]))


def variants(campaign: Campaign) -> tuple[str, ...]:
    """Their names, in the order of the file."""
    return tuple(name for name, _ in campaign.variants)


def _halves(templates: Templates, name: str) -> Iterator[tuple[str, str]]:
    for half in templates.halves(name):
        yield f"the template {half} is missing", "its other half is there; a mail needs both"


def _unknown(composer: Composer, campaign: Campaign, place: int, definitions: Definitions) -> Iterator[tuple[str, str]]:
    """Names that no message has, also where filling in would not come by."""
    known = set(composer.values(sample(campaign, place + 1, definitions), "en"))
    for file, line, name in composer.templates.names_used(campaign.steps[place].template):
        if name not in known:
            yield f"the template {file}, line {line}: no mail has a field `{name}`", suggest(name, known, "fields")


def _filled_in(composer: Composer, campaign: Campaign, place: int, definitions: Definitions) -> Iterator[tuple[str, str]]:
    """What goes wrong in some language and variant, with much and with little known of the customer."""
    said: set[str] = set()
    template = campaign.steps[place].template
    for variant in variants(campaign) or (None,):
        for language in composer.templates.languages(template, variant) or [FALLBACK]:
            for bare in (False, True):
                message = sample(campaign, place + 1, definitions, variant=variant, language=language, bare=bare)
                try:
                    composer.write(message)
                except BadMessage as error:
                    if str(error) not in said:
                        said.add(str(error))
                        field = _NO_FIELD.search(str(error))
                        hint = "so it is for a customer whose name, or prices, nobody knows" if bare else ""
                        if field:
                            hint = _nearest(field[1], field[2], composer.values(message, language))
                        yield _NO_FIELD.sub(r"there is no `\2`", str(error)), hint


def _nearest(kind: str, name: str, values: Mapping[str, Any]) -> str:
    """Jinja says `dict` of the trigger's attributes and of a line of the cart alike."""
    if kind.endswith("Shop"):
        return suggest(name, [each.name for each in fields(Shop)], "fields of the shop")
    if kind != "dict":
        return ""
    line = nearest(name, values["cart"][0]) if values["cart"] else None
    return f"did you mean `{line}`?" if line else suggest(name, values["attributes"], "attributes of the trigger")
