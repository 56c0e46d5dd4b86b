"""The trigger of a campaign, read: `{ segment = "…" }` or `{ tiers = "…", from = [ … ], to = [ … ] }`."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet

from scoring.campaigns.model import Entered, Moved
from scoring.campaigns.names import names
from scoring.expressions.problem import suggest
from scoring.segments.table import Table, kind_word

_EXAMPLE = 'such as trigger = { segment = "cart_abandoned" }'


class TriggerReader:
    def __init__(self, segments: AbstractSet[str], tiers: Mapping[str, tuple[str, ...]]) -> None:
        self._segments = segments
        self._tiers = tiers

    def read(self, campaign: Table) -> Entered | Moved | None:
        """None where it is faulty; the faults are in the document."""
        data = campaign.data.get("trigger")
        if data is None:
            campaign.fault("a campaign needs `trigger`", _EXAMPLE)
        elif not isinstance(data, dict):
            campaign.fault(f"`trigger` must be a table, not {kind_word(data)}", _EXAMPLE, at="trigger")
        else:
            table = Table(campaign.document, (*campaign.path, "trigger"), data, "trigger")
            if "segment" in data:
                return self._entered(table)
            if "tiers" in data:
                return self._moved(table)
            table.only(("segment", "tiers", "from", "to"))
            table.fault("a trigger names a `segment`, or `tiers` and the tiers moved `to`", _EXAMPLE)
        return None

    def _entered(self, table: Table) -> Entered | None:
        table.only(("segment",))
        name = table.text("segment", example='"cart_abandoned"')
        if name is None or name in self._segments:
            return None if name is None else Entered(name)
        if name in self._tiers:
            table.fault(f"`{name}` is a group of tiers", f'trigger = {{ tiers = "{name}", to = [ … ] }}', at="segment")
        else:
            table.fault(f"unknown segment `{name[:64]}`", suggest(name, self._segments, "segments"), at="segment")
        return None

    def _moved(self, table: Table) -> Moved | None:
        table.only(("tiers", "from", "to"))
        group = table.text("tiers", example='"engagement"')
        known = self._tiers.get(group) if group is not None else None
        if group is not None and known is None:
            if group in self._segments:
                table.fault(f"`{group}` is a simple segment, not a group of tiers", f'trigger = {{ segment = "{group}" }}', at="tiers")
            else:
                table.fault(f"unknown group of tiers `{group[:64]}`", suggest(group, self._tiers, "groups"), at="tiers")
        origin, to = names(table, "from", known, "tier"), names(table, "to", known, "tier")
        for key, found in (("from", origin), ("to", to)):
            if found == ():
                table.fault(f"`{key}` names no tier", "nothing would ever start this campaign", at=key)
        if "to" not in table.data:
            table.fault("a trigger with `tiers` needs `to`", 'such as to = ["occasional", "dormant"]')
        if group is None or known is None or not to or ("from" in table.data and not origin):
            return None
        if origin is not None and len({*origin, *to}) == 1:
            table.fault(f"nobody moves from `{to[0]}` to `{to[0]}`", "nothing would ever start this campaign")
        return Moved(group, origin, to)
