"""Which segments need a look after an event: those whose answer its effects can turn, given where the customer is.

Three masks per set of effects say: look if outside, look if inside, look while `when` is held true. Whoever refers to a segment that
gets a look gets one too, after it. Plans are kept per mask, so an event costs a few integer operations to choose one.
"""

from __future__ import annotations

from collections.abc import Iterator

from scoring.engine.pace import DAYS, HOURS, pace
from scoring.engine.steps import Compiled, Step, Steps
from scoring.expressions.tree import Attr, Flag
from scoring.segments.model import Segment
from scoring.traits.catalog import CATALOG

#: Plans for deadlines that are kept, by memberships; whoever is elsewhere has all timed segments looked at.
_KEPT = 4_096


#: Steps, each with its segment's pace.
Plan = tuple[tuple[Step, int], ...]


class Plans:
    """Plans of steps, in the order in which they must run."""

    def __init__(self, steps: Steps) -> None:
        self._ordered = steps.ordered
        by_name = {each.name: each for each in steps.ordered}
        self._pace = {each.name: pace(each, by_name) for each in steps.ordered}
        self.full: Plan = tuple((each.step, self._pace[each.name]) for each in steps.ordered)
        self._timed = [(*_timed_bits(each), each) for each in steps.ordered]
        #: Who is in these or out of them makes a difference at a deadline.
        self._telling = sum(each.bits for outside, inside, each in self._timed if inside != (each.bits if outside else 0))
        self._at_deadlines: dict[tuple[int, int], tuple[Plan, Plan, Plan]] = {}
        self._all_timed = self._paced([each for outside, inside, each in self._timed if outside or inside or each.timed or each.refs])
        self._touched: dict[int, Plan] = {}
        self._masks: dict[int, tuple[int, int, int, int, dict[int, Plan]]] = {}

    def choose(self, effects: int, members: int, holding: int) -> Plan:
        """The steps to run after an event with these effects."""
        masks = self._masks.get(effects)
        if masks is None:
            masks = self._masks[effects] = (*self._mask(effects), {0: ()})
        outside, inside, held, quick, plans = masks
        need = (outside & ~(members | holding)) | (inside & members) | (held & holding)
        plan = plans.get(need)
        if plan is None:
            plan = plans[need] = self._plan(need, quick)
        return plan

    def touched(self, effects: int) -> Plan:
        """The steps to run after an event that made something missing appear, wherever the customer is: of segments that read what may be
        missing, since a moment of change may have come up of which no bit tells; and of those that read what the event touched."""
        plan = self._touched.get(effects)
        if plan is None:
            looked_at: set[str] = set()
            for each in self._ordered:
                if each.refs & looked_at or _reads_missing(each) or any((code.rise | code.fall) & effects for code in each.codes):
                    looked_at.add(each.name)
            plan = self._touched[effects] = tuple((each.step, self._pace[each.name]) for each in self._ordered if each.name in looked_at)
        return plan

    def timed(self, members: int, holding: int) -> tuple[Plan, Plan, Plan]:
        """The steps to run at a deadline: of segments that time alone can turn, given where the customer is; of those, the
        ones that are about days or hours; and those about hours."""
        where = members & self._telling, holding
        plan = self._at_deadlines.get(where)
        if plan is None:
            if len(self._at_deadlines) >= _KEPT:
                return self._all_timed
            plan = self._at_deadlines[where] = self._paced(list(self._at_deadline(members, holding)))
        return plan

    def _paced(self, found: list[Compiled]) -> tuple[Plan, Plan, Plan]:
        plan = tuple((each.step, self._pace[each.name]) for each in found)
        return plan, tuple(each for each in plan if each[1] <= DAYS), tuple(each for each in plan if each[1] == HOURS)

    def _at_deadline(self, members: int, holding: int) -> Iterator[Compiled]:
        looked_at: set[str] = set()
        for outside, inside, each in self._timed:
            within = members & each.bits
            if each.refs & looked_at or (inside & within if within else outside) or holding & each.bits:
                looked_at.add(each.name)
                yield each

    def _mask(self, effects: int) -> tuple[int, int, int, int]:
        outside = inside = held = quick = 0
        for each in self._ordered:
            if not isinstance(each.definition, Segment):
                look, lifted = _tier_masks(each, effects)
                inside |= look
                quick |= lifted
                if each.definition.settle and any((code.rise | code.fall) & effects for code in each.codes):
                    held |= each.bits
                continue
            when, leaving, bit = each.when, each.exit_when, each.bit
            assert when is not None
            if (when.rise | when.fall | (leaving.rise | leaving.fall if leaving else 0)) & effects:
                held |= bit
            if (when.rise | (leaving.fall if leaving else 0)) & effects:
                outside |= bit
            turning = leaving.rise if leaving else when.fall
            if (turning | when.rise if each.definition.hold_for else turning) & effects:
                inside |= bit
        return outside, inside, held, quick

    def _plan(self, need: int, quick: int) -> Plan:
        plan: list[tuple[Step, int]] = []
        looked_at: set[str] = set()
        for each in self._ordered:
            if each.refs & looked_at:
                step = each.step
            elif need & each.bits:
                lifted = need & quick & each.bits
                if lifted != need & each.bits:
                    lifted = 0  # what has come up for another tier meanwhile needs a look as well
                # The mask has one bit, that of the tier the customer is in.
                step = each.quick[(lifted // each.bit).bit_length() - 1] if lifted else each.glance
            else:
                continue
            plan.append((step, self._pace[each.name]))
            looked_at.add(each.name)
        return tuple(plan)


def _tier_masks(each: Compiled, effects: int) -> tuple[int, int]:
    """(tiers from which a look is due, those of them from which a quick look will do)."""
    look = quick = 0
    for j, code in enumerate(each.codes):
        mark = each.bit << j
        earlier = [c for c in each.codes[:j] if c.rise & effects]
        if code.fall & effects or any(c.timed_rise for c in earlier):
            look |= mark
        elif earlier:
            look |= mark
            quick |= mark
    return look, quick


def _reads_missing(each: Compiled) -> bool:
    read = [CATALOG[leaf.name] for leaf in each.reader.leaves if isinstance(leaf, Attr | Flag)]
    return any(attribute.missing or attribute.change == "grows" for attribute in read)


def _timed_bits(each: Compiled) -> tuple[bool, int]:
    """(can time alone let somebody in who is outside, the bits of those inside whom it can move)."""
    if not isinstance(each.definition, Segment):
        moved = 0
        for j, code in enumerate(each.codes):
            if code.timed_fall or any(earlier.timed_rise for earlier in each.codes[:j]):
                moved |= each.bit << j
        return True, moved
    when, leaving = each.when, each.exit_when
    assert when is not None
    if each.definition.hold_for or each.definition.cooldown:
        return True, each.bit  # `when` may be true long before anybody is let in
    if leaving is None:
        return when.timed_rise, each.bit if when.timed_fall else 0
    return when.timed_rise or leaving.timed_fall, each.bit if leaving.timed_rise else 0
