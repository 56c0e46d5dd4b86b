"""What is kept of a customer's campaigns, in `Customer.campaigns` and `Customer.mail`.

`campaigns`: name -> a running campaign, `[segment, episode, started, next step, from, to, attributes, held out, variant]`; by name, so that
campaigns can be added, removed and reordered in the file. Lists of an older release end earlier. Under the name "", which is no
campaign's: the mails that may not have gone out yet, see scoring/campaigns/standing.py.

`mail`: what came back from mails (scoring/campaigns/contact.py), `sent`: the instants (ms) of mails that caps may still count, and
`started`: campaign -> the instant of its last start, of those with `reentry`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scoring.campaigns.caps import Cap, counted
from scoring.campaigns.model import Campaign
from scoring.state import Customer

#: Places in a running campaign.
TRIGGER, EPISODE, STARTED, NEXT, ORIGIN, TIER, VALUES, HELD_OUT, VARIANT = range(9)

Run = list[Any]


def is_held_out(run: Run) -> bool:
    return len(run) > HELD_OUT and bool(run[HELD_OUT])


def variant_of(run: Run) -> str | None:
    return run[VARIANT] if len(run) > VARIANT else None


def keep(state: Customer, name: str, run: Run) -> None:
    if state.campaigns is None:
        state.campaigns = {name: run}
    else:
        state.campaigns[name] = run


def end(state: Customer, name: str) -> None:
    """Forgets what is kept under a name, where there is anything."""
    if state.campaigns is not None:
        state.campaigns.pop(name, None)
        if not state.campaigns:
            state.campaigns = None


def last_start(state: Customer, name: str) -> int | None:
    return None if state.mail is None else state.mail.get("started", {}).get(name)


def note_start(state: Customer, name: str, at: int, known: Iterable[Campaign]) -> None:
    """Remembers the start of a campaign with `reentry`, and forgets those that are over."""
    lengths = {each.name: each.reentry.length for each in known if each.reentry is not None}
    if state.mail is None:
        state.mail = {}
    started = state.mail.get("started", {})
    state.mail["started"] = {other: last for other, last in started.items() if last + lengths.get(other, 0) > at} | {name: at}


def sent(state: Customer) -> list[int]:
    return [] if state.mail is None else state.mail.get("sent", [])


def note_sent(state: Customer, at: int, caps: tuple[Cap, ...]) -> None:
    """Remembers a mail for the caps, and forgets those too old for any."""
    if caps:
        if state.mail is None:
            state.mail = {}
        state.mail["sent"] = [*counted(caps, state.mail.get("sent", ()), at), at]
