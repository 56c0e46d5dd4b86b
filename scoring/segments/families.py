"""The kinds of segmentation: what `family` may say, and `[families]`, which switches some of them off.

    [families]
    off = ["psychographic", "technological"]

Segments and tiers of a family that is off are not evaluated, its traits keep nothing, and no condition may read their attributes.
"""

from __future__ import annotations

from scoring.expressions.problem import suggest
from scoring.segments.document import Document
from scoring.segments.table import Table, kind_word

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


def read_families(document: Document) -> frozenset[str]:
    """The families a file switches off; faults are noted in the document."""
    data = document.data.get("families", {})
    if not isinstance(data, dict):
        document.fault(("families",), f"`families` must be a table, not {kind_word(data)}", "write [families] and off = [...]", key=True)
        return frozenset()
    table = Table(document, ("families",), data, "[families] table")
    table.only(("off",))
    given = data.get("off", [])
    if not isinstance(given, list):
        table.fault(f"`off` must be a list, not {kind_word(given)}", 'such as off = ["psychographic"]', at="off")
        return frozenset()
    off = set()
    for index, family in enumerate(given):
        if family in FAMILIES:
            off.add(str(family))
        else:
            shown = str(family)
            document.fault(("families", "off", index), f"unknown family `{shown[:64]}`", suggest(shown, FAMILIES, "families"))
    return frozenset(off)
