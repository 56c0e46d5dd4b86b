"""Decisions as entries: what the engine puts out, a customer's outbox holds and scoring/campaigns/render.py makes records of.

`[1, campaign, step, decision, reason, at, episode, template, segment, kind, …]`: with names, not indexes, since it may be rendered later,
under another file. What is not sent goes on with the variant; what is sent, with all that its mail shows.
"""

from __future__ import annotations

from typing import Any

from scoring.campaigns import cart, contact, runs
from scoring.campaigns.model import Campaign, Policy
from scoring.campaigns.runs import EPISODE, NEXT, ORIGIN, STARTED, TIER, TRIGGER, VALUES, Run
from scoring.campaigns.standing import STANDS
from scoring.engine.steps import ENTERED, MOVED, Entry
from scoring.engine.telling import KINDS
from scoring.state import Customer, cart_of
from scoring.traits import viewed_products
from scoring.traits.profile import time_zone, value


def decision(campaign: Campaign, run: Run, decided: str, reason: str, now: int) -> Entry:
    """Of the run's next step."""
    return [*_head(campaign, run, decided, reason, now), runs.variant_of(run)]


def sent(state: Customer, campaign: Campaign, run: Run, policy: Policy, now: int) -> Entry:
    """That the run's next step is sent, and what with."""
    steps, following = campaign.steps, run[NEXT] + 1
    quiet: list[int] = []
    if policy.quiet_hours is not None and not campaign.transactional:
        quiet = policy.quiet_hours.following(time_zone(state, policy.time_zone), now, now + STANDS)
    return [
        *_head(campaign, run, "send", "", now),
        value(state, "email"), contact.language(state, policy.language), _text(value(state, "first_name")),
        campaign.transactional, run[STARTED], run[ORIGIN], run[TIER], run[VALUES], cart.lines_of(cart_of(state)),
        runs.variant_of(run), run[STARTED] + steps[following].after if following < len(steps) else None, quiet,
        viewed_products.shown(state),
    ]  # fmt: skip


def _head(campaign: Campaign, run: Run, decided: str, reason: str, now: int) -> list[Any]:
    step = run[NEXT]
    kind = KINDS[ENTERED if run[TIER] is None else MOVED]
    return [1, campaign.name, step + 1, decided, reason, now, run[EPISODE], campaign.steps[step].template, run[TRIGGER], kind]


def _text(known: object) -> str | None:
    return known[:100] if isinstance(known, str) else None
