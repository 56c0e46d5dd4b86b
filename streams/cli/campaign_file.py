"""`gedrag check campaigns.toml`: every fault of the file and of the templates it names, or what its campaigns do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from scoring.campaigns.decide import Campaigns
from scoring.campaigns.model import Campaign, Entered, Policy
from scoring.campaigns.quiet import QuietHours
from scoring.campaigns.read import read
from scoring.segments.document import Document
from scoring.segments.faults import Fault, Faults
from scoring.segments.model import Definitions
from scoring.segments.summary import short_span
from scoring.state import DAY
from streams.agents import proofreading
from streams.agents.mail import Composer

COLUMNS = ("Name", "Trigger", "Steps", "Sent while", "Ends with", "Rules")

_OURS = re.compile(r"^\s*\[\[?\s*(campaign|policy)\b", re.MULTILINE)
_OTHERS = re.compile(r"^\s*\[\[?\s*(segment|tiers|engagement)\b", re.MULTILINE)


def is_campaigns(text: str, name: str) -> bool:
    """Whether a file holds campaigns rather than segments, by its tables (also of a file that is no right TOML), else by its name."""
    ours, others = _OURS.search(text), _OTHERS.search(text)
    if ours or others:
        return ours is not None and (others is None or ours.start() < others.start())
    return "campaign" in name


def read_checked(text: str, file: str, definitions: Definitions, composer: Composer) -> Campaigns:
    """Raises Faults: those of the file and those of its templates, together."""
    document = Document(text, file)
    try:
        campaigns = read(text, definitions, file)
    except Faults as faults:
        raise Faults([*faults.faults, *_absent(document, composer)]) from None
    for place, campaign in enumerate(campaigns.campaigns):
        for step, what, hint in proofreading.faults(composer, campaign, definitions):
            document.fault(("campaign", place, "steps", step, "template"), what, hint)
    document.done()
    return campaigns


def _absent(document: Document, composer: Composer) -> list[Fault]:
    """Of a file that is wrong elsewhere: templates that aren't there."""
    for path, name in _templates(document.data):
        missing = proofreading.absent(composer.templates, name)
        if missing is not None:
            document.fault(path, *missing)
    return document.faults


def _templates(data: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """(path, name) of whatever looks like one."""
    for i, campaign in enumerate(_tables(data.get("campaign"))):
        for j, step in enumerate(_tables(campaign.get("steps"))):
            name = step.get("template")
            if isinstance(name, str) and re.fullmatch("[a-z][a-z0-9_]*", name):
                yield ("campaign", i, "steps", j, "template"), name


def _tables(value: object) -> list[dict[str, Any]]:
    """A list's tables, and an empty one for whatever else is in it."""
    return [each if isinstance(each, dict) else {} for each in value] if isinstance(value, list) else []


def cells(campaign: Campaign) -> tuple[str, ...]:
    """A row of `COLUMNS`."""
    trigger = campaign.trigger
    if isinstance(trigger, Entered):
        starts = f"enters {trigger.segment}"
    else:
        origin = f" from {' or '.join(trigger.origin)}" if trigger.origin else ""
        starts = f"{trigger.tiers} moves{origin} to {' or '.join(trigger.to)}"
    steps = ", ".join(f"{step.template} {f'after {short_span(step.after)}' if step.after else 'at once'}" for step in campaign.steps)
    ends = ", ".join(sorted(campaign.stop_on)) or "its last step"
    return campaign.name, starts, steps, campaign.condition.text, ends, ", ".join(_rules(campaign)) or "none of its own"


def _rules(campaign: Campaign) -> Iterator[str]:
    if campaign.transactional:
        yield "transactional"
    if campaign.priority:
        yield f"priority {campaign.priority}"
    if campaign.reentry:
        yield f"again after {campaign.reentry.text}"
    if campaign.excludes:
        yield f"ends {' and '.join(campaign.excludes)}"
    if campaign.hold_out:
        yield f"{100 * campaign.hold_out:.4g} % held out"
    if campaign.variants:
        total = sum(weight for _, weight in campaign.variants)
        yield "variants " + " ".join(f"{name} {100 * weight / total:.3g} %" for name, weight in campaign.variants)


def policy_words(policy: Policy) -> str:
    """What holds for all campaigns, in one line."""
    caps = [f"at most {cap.count} per {cap.text}" for cap in policy.caps]
    quiet = [f"quiet {_clock(policy.quiet_hours)}"] if policy.quiet_hours else []
    return ", ".join([*caps, *quiet, f"time zone {policy.time_zone}", f"language {policy.language}"])


def _clock(hours: QuietHours) -> str:
    return "-".join(f"{of_day // 3_600_000:02}:{of_day % 3_600_000 // 60_000:02}" for of_day in (hours.start, hours.end % DAY))
