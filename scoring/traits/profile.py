"""Profile: what the shop knows of the person; per field the newest `ts` wins."""

from __future__ import annotations

from scoring.traits.attribute import Attribute

ATTRIBUTES = (
    Attribute("has_email", "boolean", "none", "the profile has a non-empty e-mail address", fed_by=("profile",)),
    Attribute("email_consent", "boolean", "none", "consent.email is true", fed_by=("profile",)),
)
