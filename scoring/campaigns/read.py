"""Reading `campaigns.toml`: every fault of the file at once, each at its place with the nearest valid name."""

from __future__ import annotations

import math
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from scoring.campaigns.decide import Campaigns
from scoring.campaigns.model import DEFAULT_STOP_ON, EVENT_TYPES, Campaign, Policy, Step
from scoring.campaigns.names import names
from scoring.campaigns.trigger import TriggerReader
from scoring.expressions.parse import parse
from scoring.expressions.problem import Problems, suggest
from scoring.expressions.tree import Condition
from scoring.segments.document import Document
from scoring.segments.model import Definitions, Tiers
from scoring.segments.table import NAME, Table, kind_word

_POLICY_LATER = ("caps", "quiet_hours")
_POLICY = ("language", "time_zone", *_POLICY_LATER)
_CAMPAIGN_LATER = ("excludes", "hold_out", "priority", "reentry", "variants")
_CAMPAIGN = ("name", "steps", "stop_on", "transactional", "trigger", "while", *_CAMPAIGN_LATER)
_STEP = ("after", "template")


def read(text: str, definitions: Definitions, file: str = "campaigns.toml") -> Campaigns:
    """The campaigns of a file over these segment definitions. Raises Faults."""
    document = Document(text, file)
    reader = _Reader(document, definitions)
    policy = reader.policy()
    campaigns = reader.campaigns()
    document.done()
    return Campaigns(tuple(campaigns), policy)


class _Reader:
    def __init__(self, document: Document, definitions: Definitions) -> None:
        self._document = document
        self._tiers = {each.name: tuple(tier.name for tier in each.tiers) for each in definitions.segments if isinstance(each, Tiers)}
        self._segments = {each.name for each in definitions.segments if not isinstance(each, Tiers)}
        self._triggers = TriggerReader(self._segments, self._tiers)

    def policy(self) -> Policy:
        data = self._document.data.get("policy", {})
        if not isinstance(data, dict):
            self._document.fault(("policy",), f"`policy` must be a table, not {kind_word(data)}", "it begins with [policy]")
            return Policy()
        table = Table(self._document, ("policy",), data, "policy")
        _only(table, _POLICY, _POLICY_LATER)
        zone, language = table.text("time_zone", example='"Europe/Amsterdam"'), table.text("language", example='"nl"')
        if zone is not None and not _is_zone(zone):
            table.fault(f"unknown time zone `{zone[:64]}`", "a name of the IANA database, such as Europe/Amsterdam", at="time_zone")
        if language is not None and not (language.isascii() and language.isalpha() and language.islower() and len(language) in (2, 3)):
            table.fault(f"`{language[:64]}` is no language: two or three small letters", 'such as "nl"', at="language")
        known = {"time_zone": zone, "language": language}
        return Policy(**{key: value for key, value in known.items() if value is not None})

    def campaigns(self) -> list[Campaign]:
        data = self._document.data
        for key in data:
            if key not in ("policy", "campaign"):
                self._document.fault((key,), f"unknown table `{key[:64]}`", suggest(key, ("policy", "campaign")), key=True)
        tables = data.get("campaign", [])
        if not isinstance(tables, list):
            self._document.fault(("campaign",), "`campaign` must be a list of tables", "each begins with [[campaign]], in two brackets")
            return []
        found: list[Campaign] = []
        taken: set[str] = set()
        for i, each in enumerate(tables):
            if not isinstance(each, dict):
                self._document.fault(("campaign", i), f"a campaign must be a table, not {kind_word(each)}", "each begins with [[campaign]]")
                continue
            campaign = self._campaign(Table(self._document, ("campaign", i), each, "campaign"), taken)
            if campaign is not None:
                found.append(campaign)
        return found

    def _campaign(self, table: Table, taken: set[str]) -> Campaign | None:
        _only(table, _CAMPAIGN, _CAMPAIGN_LATER)
        name = table.name()
        if name is not None and name in taken:
            table.fault(f"there is a campaign `{name}` already", at="name")
        taken.add(name or "")
        trigger = self._triggers.read(table)
        condition = self._while(table)
        stop_on = self._stop_on(table)
        steps = self._steps(table)
        transactional = table.data.get("transactional", False)
        if not isinstance(transactional, bool):
            table.fault(f"`transactional` must be true or false, not {kind_word(transactional)}", at="transactional")
        if name is None or trigger is None:
            return None
        return Campaign(name, trigger, condition or trigger.membership(), stop_on, steps, transactional is True)

    def _while(self, table: Table) -> Condition | None:
        text = table.text("while", example="\"in_segment('cart_abandoned')\"")
        if text is None:
            return None
        try:
            return parse(text, segments=self._segments, tiers=self._tiers)
        except Problems as problems:
            for problem in problems.problems:
                self._document.problem((*table.path, "while"), problem)
            return None

    def _stop_on(self, table: Table) -> frozenset[str]:
        if "stop_on" not in table.data:
            return DEFAULT_STOP_ON
        return frozenset(names(table, "stop_on", EVENT_TYPES, "event type") or ())

    def _steps(self, table: Table) -> tuple[Step, ...]:
        steps = table.data.get("steps")
        example = 'such as steps = [ { template = "abandoned_cart_1" } ]'
        if steps is None:
            table.fault("a campaign needs `steps`", example)
            return ()
        if not isinstance(steps, list) or not steps:
            table.fault("`steps` must be a list of at least one step", example, at="steps")
            return ()
        found: list[Step] = []
        for i, each in enumerate(steps):
            path = (*table.path, "steps", i)
            if not isinstance(each, dict):
                self._document.fault(path, f"a step must be a table, not {kind_word(each)}", 'such as { after = "24h", template = "…" }')
                continue
            step = self._step(Table(self._document, path, each, "step"))
            if step is not None and found and step.after <= found[-1].after:
                self._document.fault(path, "this step is not later than the one before it", "`after` counts from the trigger")
            elif step is not None:
                found.append(step)
        return tuple(found)

    def _step(self, table: Table) -> Step | None:
        table.only(_STEP)
        after = table.span("after", example='"24h"')
        template = table.text("template", required=True, example='"abandoned_cart_1"')
        if template is not None and not NAME.fullmatch(template):
            table.fault(f"`{template[:64]}` is no name of a template", "such as abandoned_cart_1, without its language", at="template")
        if template is None or ("after" in table.data and after is None):
            return None
        return Step(math.ceil(after or 0), template)


def _only(table: Table, known: Iterable[str], later: Iterable[str]) -> None:
    table.only(known)
    for key in later:
        if key in table.data:
            table.fault(f"`{key}` is not supported yet", "take it out: this release would not obey it", at=key, key=True)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, LookupError):
        return False
    return True
