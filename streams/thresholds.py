"""Writing measured thresholds into the text of a definition file: only the constants change, comments and all else stay.

Raises ValueError that says what to do where the file has no place for them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from scoring.expressions.tree import Attr, Compare
from scoring.segments.document import Document
from scoring.segments.model import Definitions, Tiers


def in_tiers(text: str, definitions: Definitions, name: str, attribute: str, cuts: Sequence[str]) -> str:
    """The text with the cuts, in rising order as the language writes them, in the tiers of a group that compare this attribute.

    A group that isn't there is added at the end: the top tier first, `from_<n>` for the n-th cut.
    """
    group = next((each for each in definitions.segments if each.name == name), None)
    if group is None:
        rows = [f'    {{ name = "from_{n}", when = "{attribute} >= {cuts[n - 1]}" }},' for n in range(len(cuts), 0, -1)]
        block = "\n".join(["[[tiers]]", f'name = "{name}"', 'family = "other"', "tiers = [", *rows, '    { name = "below" },', "]"])
        return f"{text.rstrip()}\n\n{block}\n"
    if not isinstance(group, Tiers):
        raise ValueError(f"`{name}` is a segment, not a group of tiers; give another name")
    compared = [(place, tier.when) for place, tier in enumerate(group.tiers) if _compares(tier.when, attribute)]
    if len(compared) != len(cuts):
        raise ValueError(
            f"`{name}` has {len(compared)} tiers that compare `{attribute}`, and there are {len(cuts)} cuts; give as many --cuts"
        )
    rising = all(isinstance(when, Compare) and when.op in ("<", "<=") for _, when in compared)
    whens = {}
    for (place, when), cut in zip(compared, cuts if rising else reversed(cuts), strict=True):
        assert isinstance(when, Compare)
        whens[place] = f"{attribute} {when.op} {cut}"
    document = Document(text, "")
    index = [each.get("name") for each in document.data["tiers"]].index(name)
    spans = {document.place(("tiers", index, "tiers", place, "when")).value: when for place, when in whens.items()}
    return _replaced(text, {span: json.dumps(when) for span, when in spans.items()})


def in_segments(text: str, definitions: Definitions, group: str, cuts: Mapping[str, str]) -> str:
    """The text with each tier's duration in `since_entered(group) >= …` of the segment `stuck_in_<tier>`; a missing segment is added."""
    document = Document(text, "")
    there = [each.get("name") for each in document.data.get("segment", [])]
    spans: dict[tuple[int, int], str] = {}
    added = []
    for tier, cut in cuts.items():
        name, since = f"stuck_in_{tier}", f"since_entered('{group}') >= "
        if name in there:
            start, end = document.place(("segment", there.index(name), "when")).value
            said, n = re.subn(rf"(since_entered\(\s*['\"]{group}['\"]\s*\)\s*>=?\s*)[a-z]+\([^()]*\)", rf"\g<1>{cut}", text[start:end])
            if n != 1:
                raise ValueError(f"`{name}` has no `{since}…` of its own; write one, or rename the segment")
            spans[start, end] = said
        else:
            family = next(each.family for each in definitions.segments if each.name == group)
            added += [
                "",
                "[[segment]]",
                f'name = "{name}"',
                f'family = "{family}"',
                f"when = \"tier('{group}') == '{tier}' and {since}{cut}\"",
            ]
    return _replaced(text, spans).rstrip() + "\n" + "".join(line + "\n" for line in added)


def _compares(when: object, attribute: str) -> bool:
    return isinstance(when, Compare) and isinstance(when.left, Attr) and when.left.text == attribute and when.op in ("<", "<=", ">", ">=")


def _replaced(text: str, spans: Mapping[tuple[int, int], str]) -> str:
    for (start, end), new in sorted(spans.items(), reverse=True):
        text = text[:start] + new + text[end:]
    return text
