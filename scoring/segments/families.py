"""The kinds of segmentation: what `family` may say."""

from __future__ import annotations

FAMILIES = (
    "purchase_habits",
    "benefits_sought",
    "occasion",
    "journey_stage",
    "loyalty",
    "usage",
    "engagement",
    "satisfaction",
    "demographic",
    "geographic",
    "psychographic",
    "behavioural",
    "technological",
    "interests",
    "experience",
    "other",
)
