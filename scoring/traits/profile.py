"""Profile: what the shop knows of the person. Per field (each consent and trait one of its own) the newest `ts` wins, at equal `ts`
the later in order. A field taken away (null) is remembered with its `ts`, so that an older value can't come back. At most 500 fields
are kept: no person has so many traits, and a producer that makes up names would fill the state without end.
"""

from __future__ import annotations

from collections.abc import Callable

from scoring.events.schema import Profile
from scoring.segments.model import Engagement
from scoring.state import Customer, profile_of
from scoring.traits.attribute import Attribute
from scoring.traits.effects import PROFILE
from scoring.traits.engagement import warm
from scoring.zones import is_zone

ATTRIBUTES = (
    Attribute("has_email", "boolean", "none", "the profile has a non-empty e-mail address", "has_email(s)", PROFILE, PROFILE,
              fed_by=("profile",)),
    Attribute("email_consent", "boolean", "none", "consent.email is true", "email_consent(s)", PROFILE, PROFILE, fed_by=("profile",)),
)  # fmt: skip


_MOST_FIELDS = 500


def value(s: Customer, field: str) -> object:
    """The field's value, None when it isn't known."""
    profile = profile_of(s)
    entry = profile.get(field) if profile is not None else None
    return None if entry is None else entry[1]


def profile_text(s: Customer, field: str) -> str | None:
    """A text of the profile in small letters, without spaces around it; None for what is no text, or an empty one."""
    known = value(s, field)
    return (known.strip().lower() or None) if isinstance(known, str) else None


def time_zone(s: Customer, default: str) -> str:
    """The zone of the customer's clock, if there is such a zone."""
    known = value(s, "time_zone")
    return known if isinstance(known, str) and is_zone(known) else default


def has_email(s: Customer) -> bool:
    return bool(value(s, "email"))


def email_consent(s: Customer) -> bool:
    return value(s, "consent.email") is True


def folder(engagement: Engagement, lateness: int) -> Callable[[Customer, Profile, int], int]:
    """The fold of a profile record: (state, event, ts) -> effects."""
    half_life, weight = engagement.half_life, engagement.weights.get("profile", 0.0)

    def fold(s: Customer, e: Profile, ts: int) -> int:
        profile = profile_of(s)
        if profile is None:
            profile = s.profile = {}
        for field, new in e.fields.items():
            entry = profile.get(field)
            if entry is None:
                if len(profile) < _MOST_FIELDS:
                    profile[field] = [ts, new]
            elif ts >= entry[0]:
                entry[0], entry[1] = ts, new
        return PROFILE | warm(s, weight, ts, half_life) if weight else PROFILE

    return fold
