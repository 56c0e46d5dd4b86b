"""Whether a customer may be written to: address, consent, and what came back from earlier mails.

`state.mail` holds, among others, where there is any, `unsubscribed` and `complained` (the newest such instant, ms) and `bounced` (the
newest such instant and the address that bounced, or None where none was known).
"""

from __future__ import annotations

import re

from scoring.events.schema import EmailEvent
from scoring.state import Customer, profile_of
from scoring.traits.profile import value

#: RFC 5321, section 4.5.3.1: no longer path is accepted anywhere.
LONGEST_ADDRESS = 254

# The dot-atoms of RFC 5321 in ASCII, which every server takes; quoted local parts and address literals are refused on purpose:
# no shop's customer has one, and they are where header injection starts.
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
    r"@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
)
_LANGUAGE = re.compile(r"([A-Za-z]{2,3})([-_].*)?", re.DOTALL)


def is_address(text: object) -> bool:
    """Can this be written to? One plain address of at most 254 characters, no display name."""
    if not isinstance(text, str) or len(text) > LONGEST_ADDRESS:
        return False
    return _ADDRESS.fullmatch(text) is not None and len(text.partition("@")[0]) <= 64


def language(state: Customer, default: str) -> str:
    """The primary language of the profile."""
    return primary_language(value(state, "language")) or default


def primary_language(known: object) -> str | None:
    """In lower case: `nl` of `nl-BE`. None of what is no language."""
    match = _LANGUAGE.fullmatch(known) if isinstance(known, str) else None
    return match[1].lower() if match else None


def objection(state: Customer, transactional: bool) -> str:
    """Why no mail may go to this customer; empty if one may. The first rule that applies, in the contract's order.

    A transactional message needs no marketing consent and is not stopped by an unsubscription; a bounce or a complaint stops it too.
    """
    address = value(state, "email")
    if not address:
        return "no_address"
    if not is_address(address):
        return "bad_address"
    profile = profile_of(state)
    consent = profile.get("consent.email") if profile is not None else None
    if not transactional and (consent is None or consent[1] is not True):
        return "no_consent"
    mail = state.mail
    if mail is None:
        return ""
    if not transactional and consent is not None and mail.get("unsubscribed", 0) >= consent[0] and "unsubscribed" in mail:
        return "unsubscribed"
    bounced = mail.get("bounced")
    if bounced is not None and (bounced[1] is None or bounced[1] == address):
        return "bounced"
    return "complained" if "complained" in mail else ""


def says_nothing(event: EmailEvent) -> bool:
    """Is it a soft bounce, which says nothing of the address, or a machine's opening, which says nothing of the customer?"""
    return (event.type == "bounced" and event.soft) or (event.type == "opened" and event.machine)


def fold_email(state: Customer, event: EmailEvent) -> None:
    """Takes in what a mail service reports. Deliveries, opens and clicks say nothing of consent, a soft bounce nothing of the address."""
    kind = event.type
    if kind == "unsubscribed" or kind == "complained":
        if state.mail is None:
            state.mail = {}
        state.mail[kind] = max(state.mail.get(kind, 0), event.ts)
    elif kind == "bounced" and not event.soft:
        if state.mail is None:
            state.mail = {}
        known = state.mail.get("bounced")
        if known is None or event.ts >= known[0]:
            state.mail["bounced"] = [event.ts, value(state, "email") or None]
