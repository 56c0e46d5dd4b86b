"""Mails that were decided, and may not have gone out yet: whether their reason still stands.

While the mail server is away, mails wait behind the decision to send them. Each decision is kept with the customer for a day; when its
reason goes meanwhile (a purchase, membership, consent), that is told on the topic `withdrawals`, under the same message id, once. Delivery
reads those ahead and leaves such a mail out. A mail that has long gone is withdrawn too, which changes nothing: only delivery knows.

Kept under the name "" of `Customer.campaigns`: `[campaign, step, segment, episode, kind, started, at]` each.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scoring.campaigns import runs
from scoring.state import DAY, Customer

#: Milliseconds for which a mail may still be on its way.
STANDS = DAY

CAMPAIGN, STEP, SEGMENT, EPISODE, KIND, STARTED, AT = range(7)
_KEY = ""

Sent = list[Any]
Entry = list[Any]


def any_kept(state: Customer) -> bool:
    return state.campaigns is not None and _KEY in state.campaigns


def keep(state: Customer, message: Entry, started: int) -> None:
    """Keeps a message entry that says `send`."""
    _, campaign, step, _, _, at, episode, _, segment, kind = message[:10]
    kept = (state.campaigns or {}).get(_KEY, [])
    runs.keep(state, _KEY, [*_recent(kept, at), [campaign, step, segment, episode, kind, started, at]])


def review(state: Customer, now: int, gone: Callable[[Sent], str], out: list[Entry]) -> None:
    """Withdraws the mails for which `gone` gives a reason; forgets those and the old ones."""
    assert state.campaigns is not None
    standing = []
    for sent in _recent(state.campaigns[_KEY], now):
        if reason := gone(sent):
            out.append(_entry(sent, reason, now))
        else:
            standing.append(sent)
    if standing:
        state.campaigns[_KEY] = standing
    else:
        runs.end(state, _KEY)


def withdraw(state: Customer, name: str, reason: str, now: int, out: list[Entry]) -> None:
    """Withdraws what a campaign sent."""
    if any_kept(state):
        review(state, now, lambda sent: reason if sent[CAMPAIGN] == name else "", out)


def _recent(kept: list[Sent], now: int) -> list[Sent]:
    return [sent for sent in kept if sent[AT] > now - STANDS]


def _entry(sent: Sent, reason: str, now: int) -> Entry:
    """In the places of a message's, so that it is rendered as one is."""
    return [2, sent[CAMPAIGN], sent[STEP], "withdrawn", reason, now, sent[EPISODE], None, sent[SEGMENT], sent[KIND]]
