"""Consent and what came back from mails, of two ids as one's: never more is allowed than either allowed by itself.

Where both histories in one would allow more (a consent under one id that is newer than the refusal under the other), the refusal
stands until the customer agrees anew: a merge is a shop's guess at who somebody is, and no one's consent.
"""

from __future__ import annotations

from typing import Any

from scoring.state import Customer, profile_of

_CONSENTS = ("consent.email", "consent.profiling")


class Refusals:
    """What an id refused before the merge."""

    def __init__(self, s: Customer) -> None:
        profile = profile_of(s) or {}
        self.consents = {name: profile[name][1] for name in _CONSENTS if name in profile and profile[name][1] is not True}
        self.unsubscribed = False
        if s.mail is not None and "unsubscribed" in s.mail:
            consent = profile.get("consent.email")
            self.unsubscribed = consent is None or bool(s.mail["unsubscribed"] >= consent[0])


def join(s: Customer, f: Customer, refusals: tuple[Refusals, Refusals]) -> None:
    """After the profiles were joined; `refusals` of both before that."""
    profile = profile_of(s) or {}
    for each in refusals:
        for name, answer in each.consents.items():
            if profile[name][1] is True:
                profile[name] = [profile[name][0], answer]  # only what comes after both can agree again
    s.mail = _mails(s.mail or {}, f.mail or {}, (profile.get("email") or [0, None])[1]) or None
    consent = profile.get("consent.email")
    if s.mail is not None and consent is not None and any(each.unsubscribed for each in refusals):
        s.mail["unsubscribed"] = max(s.mail["unsubscribed"], consent[0])


def _mails(mine: dict[str, Any], theirs: dict[str, Any], address: object) -> dict[str, Any]:
    """What came back, what was sent and started (scoring/campaigns/runs.py); of what else may be there, that of the id that stays."""
    joined = theirs | mine
    for name in ("unsubscribed", "complained"):
        if name in joined:
            joined[name] = max(mine.get(name, 0), theirs.get(name, 0))
    bounced = [mail["bounced"] for mail in (mine, theirs) if "bounced" in mail]
    if bounced:
        joined["bounced"] = max(bounced, key=lambda each: (each[1] is None or each[1] == address, each[0]))
    if "sent" in joined:
        joined["sent"] = sorted([*mine.get("sent", ()), *theirs.get("sent", ())])
    if "started" in joined:
        started, other = dict(theirs.get("started", {})), mine.get("started", {})
        joined["started"] = started | {name: max(at, started.get(name, at)) for name, at in other.items()}
    return joined
