"""Segments as properties of a contact: `gedrag_<segment>` is true, false or the tier, `gedrag_<segment>_since` when that began."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from scoring.segments.model import Definitions, Tiers

#: The group in which HubSpot shows them.
GROUP = {"name": "gedrag", "label": "Gedrag segments"}
_SINCE = "_since"


def values(prefix: str, segment: str, kind: str, to: str | None, at: str) -> dict[str, str]:
    """What a change says of a contact. `at`: RFC 3339. A tier that is none any more is empty."""
    state = (to or "") if kind == "moved" else "true" if kind == "entered" else "false"
    return {prefix + segment: state, prefix + segment + _SINCE: at}


def wanted(definitions: Definitions, prefix: str, id_property: str) -> list[dict[str, Any]]:
    """Every property there must be, as HubSpot's API takes it. Raises ValueError if two have one name."""
    found = [] if id_property == "email" else [_property(id_property, "Customer id at the shop", "string", "text", hasUniqueValue=True)]
    for each in definitions.segments:
        if isinstance(each, Tiers):
            tiers = ", ".join(tier.name for tier in each.tiers)
            said = f"One of: {tiers}" if each.of is None else f"One of: {tiers}; or empty"
            found.append(_property(prefix + each.name, _label(each.name), "string", "text", description=said))
        else:
            found.append(_property(prefix + each.name, _label(each.name), "enumeration", "booleancheckbox", options=_YES_NO))
        found.append(_property(prefix + each.name + _SINCE, f"{_label(each.name)}: since", "datetime", "date"))
    names = [each["name"] for each in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"two contact properties would be named {twice[0]}; rename a segment, or set crm_prefix or crm_id_property")
    return found


def missing(found: dict[str, dict[str, Any]], wanted: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those of `wanted` that aren't among what HubSpot has."""
    return [each for each in wanted if each["name"] not in found]


_YES_NO = [{"label": "Yes", "value": "true", "displayOrder": 0}, {"label": "No", "value": "false", "displayOrder": 1}]


def _label(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _property(name: str, label: str, kind: str, field: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "label": label, "groupName": GROUP["name"], "type": kind, "fieldType": field, **more}
