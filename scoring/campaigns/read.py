"""Reading `campaigns.toml`: every fault of the file at once, each at its place with the nearest valid name."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from scoring.campaigns.decide import Campaigns
from scoring.campaigns.experiment import hold_out, variants
from scoring.campaigns.model import DEFAULT_STOP_ON, EVENT_TYPES, Campaign, Entered, Moved, Reentry, Step
from scoring.campaigns.names import names
from scoring.campaigns.policy import read_policy
from scoring.campaigns.proofs import Proofs, ended_at_once
from scoring.campaigns.trigger import TriggerReader
from scoring.expressions.parse import parse_with_references
from scoring.expressions.problem import Problems, suggest
from scoring.expressions.scope import Off
from scoring.expressions.tree import Condition
from scoring.segments.document import Document
from scoring.segments.model import Definitions, Tiers
from scoring.segments.reach import always
from scoring.segments.table import NAME, Table, kind_word

_CAMPAIGN = (
    "excludes", "hold_out", "name", "priority", "reentry", "steps", "stop_on", "transactional", "trigger", "variants", "while",
)  # fmt: skip
_STEP = ("after", "template")
_HIGHEST = 1_000_000


def read(text: str, definitions: Definitions, file: str = "campaigns.toml") -> Campaigns:
    """The campaigns of a file over these segment definitions. Raises Faults."""
    document = Document(text, file)
    policy = read_policy(document)
    reader = _Reader(document, definitions)
    policy = replace(policy, not_while=reader.not_while())
    campaigns = reader.campaigns()
    document.done()
    return Campaigns(tuple(campaigns), policy)


def _trigger_of(data: dict[str, Any]) -> str:
    """The segment or tiers that a campaign is triggered by, as far as it says so rightly."""
    trigger = data.get("trigger")
    found = (trigger.get("segment") or trigger.get("tiers")) if isinstance(trigger, dict) else None
    return found if isinstance(found, str) else ""


class _Reader:
    def __init__(self, document: Document, definitions: Definitions) -> None:
        self._document = document
        self._tiers = {each.name: tuple(tier.name for tier in each.tiers) for each in definitions.segments if isinstance(each, Tiers)}
        self._segments = {each.name for each in definitions.segments if not isinstance(each, Tiers)}
        self._off = Off(definitions.off, definitions.switched_off)
        self._occasions = definitions.calendar.occasions
        self._triggers = TriggerReader(self._segments, self._tiers)
        self._proofs = Proofs(definitions)
        self._known: list[str] = []  # the names of all campaigns of the file

    def not_while(self) -> Condition | None:
        """Of `[policy]`: while it is true, nothing but transactional mail is sent."""
        data = self._document.data.get("policy")
        if not isinstance(data, dict):
            return None
        table = Table(self._document, ("policy",), data, "policy")
        condition = self._condition(table, "not_while", "\"in_segment('complaining')\"")
        if condition is not None and always(condition) is True:
            table.fault("`not_while` is always true: no step could ever be sent", at="not_while")
        return condition

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
        tables_of: dict[str, Table] = {}
        taken: set[str] = set()
        self._known = [each["name"] for each in tables if isinstance(each, dict) and isinstance(each.get("name"), str)]
        for i, each in enumerate(tables):
            if not isinstance(each, dict):
                self._document.fault(("campaign", i), f"a campaign must be a table, not {kind_word(each)}", "each begins with [[campaign]]")
                continue
            if _trigger_of(each) in self._off.names:
                continue  # nobody is in that segment: its family is switched off
            table = Table(self._document, ("campaign", i), each, "campaign")
            campaign = self._campaign(table, taken)
            if campaign is not None:
                found.append(campaign)
                tables_of[campaign.name] = table
        for i, campaign in enumerate(found):
            other = next((each for j, each in enumerate(found) if j != i and ended_at_once(campaign, each, before=i < j)), None)
            if other is not None:
                tables_of[campaign.name].fault(
                    f"no step of `{campaign.name}` can ever be sent: `{other.name}` starts at the same instant and excludes it",
                    "give the two different triggers, or take it out of `excludes`",
                    at="name",
                )
        return found

    def _campaign(self, table: Table, taken: set[str]) -> Campaign | None:
        table.only(_CAMPAIGN)
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
        if trigger is not None:
            self._tell_never(table, trigger, condition, stop_on, steps)
        policy = self._priority(table), self._reentry(table), self._excludes(table, name), hold_out(table), variants(table)
        if name is None or trigger is None:
            return None
        kept = tuple(step for _, step in steps)
        return Campaign(name, trigger, condition or trigger.membership(), stop_on, kept, transactional is True, *policy)

    def _tell_never(
        self, table: Table, trigger: Entered | Moved, given: Condition | None, stop_on: frozenset[str], steps: list[tuple[int, Step]]
    ) -> None:
        """What can never be sent."""
        if self._proofs.never_starts(trigger):
            table.fault("nobody can ever meet this trigger", "nothing would ever start this campaign", at="trigger")
            return
        if given is not None and self._proofs.never(given):
            return  # told already
        condition = given or trigger.membership()
        for place, step in steps:
            if given is not None and step.after == 0 and self._proofs.false_at_start(given, trigger):
                said, hint = (
                    "it is due at the instant of the trigger, at which `while` is false",
                    "give it a later `after`, or change `while`",
                )
            elif self._proofs.too_late(condition, stop_on, step.after):
                what = "`while` is" if given is not None else "the customer is no longer in the trigger's segment: its condition is"
                said = f"{what} false by then, unless an event of `stop_on` came, which ends the campaign"
                hint = "give it an earlier `after`" if given is not None else "give it an earlier `after`, or the campaign a `while`"
            else:
                continue
            self._document.fault((*table.path, "steps", place), f"this step can never be sent: {said}", hint)

    def _priority(self, table: Table) -> int:
        given = table.data.get("priority", 0)
        if isinstance(given, bool) or not isinstance(given, int):
            said = "a fraction" if isinstance(given, float) else kind_word(given)
            table.fault(f"`priority` must be a whole number, not {said}", "of two due at one instant the higher is sent", at="priority")
        elif abs(given) > _HIGHEST:
            table.fault(f"`priority` is at most {_HIGHEST:,}", "of two due at one instant the higher is sent", at="priority")
        else:
            return given
        return 0

    def _reentry(self, table: Table) -> Reentry | None:
        length = table.span("reentry", example='"7d"', positive=True)
        return None if length is None else Reentry(math.ceil(length), table.data["reentry"])

    def _excludes(self, table: Table, name: str | None) -> tuple[str, ...]:
        others = [known for known in self._known if known != name]
        found = names(table, "excludes", self._known, "campaign", others) or ()
        if name in found:
            place = (*table.path, "excludes", found.index(name))
            self._document.fault(place, "a campaign cannot exclude itself", "a new trigger begins it anew; `reentry` keeps it from that")
        return found

    def _while(self, table: Table) -> Condition | None:
        condition = self._condition(table, "while", "\"in_segment('cart_abandoned')\"")
        if condition is not None and self._proofs.never(condition):
            table.fault("`while` is never true: no step could ever be sent", at="while")
        return condition

    def _condition(self, table: Table, key: str, example: str) -> Condition | None:
        text = table.text(key, example=example)
        if text is None:
            return None
        try:
            return parse_with_references(
                text, segments=self._segments, tiers=self._tiers, off=self._off, occasions=self._occasions
            ).condition
        except Problems as problems:
            for problem in problems.problems:
                self._document.problem((*table.path, key), problem)
            return None

    def _stop_on(self, table: Table) -> frozenset[str]:
        if "stop_on" not in table.data:
            return DEFAULT_STOP_ON
        return frozenset(names(table, "stop_on", EVENT_TYPES, "event type") or ())

    def _steps(self, table: Table) -> list[tuple[int, Step]]:
        """Each with its place in the list."""
        steps = table.data.get("steps")
        example = 'such as steps = [ { template = "abandoned_cart_1" } ]'
        if steps is None:
            table.fault("a campaign needs `steps`", example)
            return []
        if not isinstance(steps, list) or not steps:
            table.fault("`steps` must be a list of at least one step", example, at="steps")
            return []
        found: list[tuple[int, Step]] = []
        for i, each in enumerate(steps):
            path = (*table.path, "steps", i)
            if not isinstance(each, dict):
                self._document.fault(path, f"a step must be a table, not {kind_word(each)}", 'such as { after = "24h", template = "…" }')
                continue
            step = self._step(Table(self._document, path, each, "step"))
            if step is not None and found and step.after <= found[-1][1].after:
                self._document.fault(path, "this step is not later than the one before it", "`after` counts from the trigger")
            elif step is not None:
                found.append((i, step))
        return found

    def _step(self, table: Table) -> Step | None:
        table.only(_STEP)
        after = table.span("after", example='"24h"')
        template = table.text("template", required=True, example='"abandoned_cart_1"')
        if template is not None and not NAME.fullmatch(template):
            table.fault(f"`{template[:64]}` is no name of a template", "such as abandoned_cart_1, without its language", at="template")
        if template is None or ("after" in table.data and after is None):
            return None
        return Step(math.ceil(after or 0), template)
