"""Which segments need a look after an event: those whose answer its effects can turn, given where the customer is.

Three masks per set of effects say: look if outside, look if inside, look while `when` is held true. Whoever refers to a segment that
gets a look gets one too, after it. Plans are kept per mask, so an event costs a few integer operations to choose one.
"""

from __future__ import annotations

from typing import NamedTuple

from scoring.engine.first_look import resting
from scoring.engine.pace import HOURS, WEEKS, pace
from scoring.engine.steps import Compiled, Step, Steps
from scoring.expressions.tree import Attr, Condition, Flag
from scoring.segments.model import Segment
from scoring.traits.catalog import CATALOG

#: Plans for deadlines that are kept, of each pace.
_KEPT = 4_096


#: Steps, each with its segment's pace; of those that only refer to what gets a look, the bits of that: a step need not run unless one of
#: them has changed; and the bits that tell whether it is waiting, which is soon over, whatever its pace.
Looks = tuple[tuple[Step, int, int, int], ...]

#: After an event: the marks of those that are looked at, for `Customer.near`, and the looks.
Plan = tuple[int, Looks]

#: At a deadline: a step with pace, bits of what it refers to and bits of waiting; its mark; and the mark with which it is looked at, 0 for
#: one that time has nothing to say to unless what it refers to has changed.
AtDeadline = tuple[Step, int, int, int, int, int]
Timed = tuple[AtDeadline, ...]


class _Timed(NamedTuple):
    """A segment at deadlines: can time let in who is outside, the bits of those inside whom it can move, all bits; and its two looks, of
    which thousands of plans are made."""

    outside: bool
    inside: int
    bits: int
    direct: AtDeadline
    asking: AtDeadline


class Plans:
    """Plans of steps, in the order in which they must run."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._ordered = steps.ordered
        by_name = {each.name: each for each in steps.ordered}
        self._pace = {each.name: pace(each) for each in steps.ordered}
        self._waits = {each.name: each.bits if _may_wait(each) else 0 for each in steps.ordered}
        self._bits = {each.name: sum(by_name[name].bits for name in each.refs) for each in steps.ordered}
        # By the place in the file, which is the same in every release: values keep them.
        self._marks = {each.name: 1 << each.index if each.timed or each.refs else 0 for each in steps.ordered}
        #: All marks.
        self.near = sum(self._marks.values())
        self.full: Plan = self.near, tuple(self._look(each, each.step) for each in steps.ordered)
        looks = {each.name: (self._at_a_deadline(each, direct=True), self._at_a_deadline(each, direct=False)) for each in steps.ordered}
        self._timed = [_Timed(*_timed_bits(each), each.bits, *looks[each.name]) for each in steps.ordered]
        #: By pace: who is in these or out of them makes a difference at a deadline; and the plans that are kept.
        telling = [each for each in self._timed if each.inside != (each.bits if each.outside else 0)]
        self._telling = [sum(each.bits for each in telling if each.direct[1] <= upto) for upto in range(HOURS, WEEKS + 1)]
        self._at_deadlines: list[dict[tuple[int, int], Timed]] = [{} for _ in self._telling]
        self._touched: dict[int, Plan] = {}
        self._first: dict[int, Plan] = {}
        self._resting = {each.name: tuple(resting(steps, condition) for condition in _decisive(each)) for each in steps.ordered}
        self._masks: dict[int, tuple[int, int, int, int, int, dict[int, Plan]]] = {}

    def choose(self, effects: int, members: int, holding: int) -> Plan:
        """The steps to run after an event with these effects."""
        masks = self._masks.get(effects)
        if masks is None:
            outside, inside, held, quick = self._mask(effects)
            masks = self._masks[effects] = outside, inside, outside ^ inside, held, quick, {0: (0, ())}
        outside, inside, differ, held, quick, plans = masks
        # `outside` of those who are, `inside` of the others; of who holds something, what is held and not that of outsiders.
        need = outside ^ differ & members if not holding else (outside & ~(members | holding)) | (inside & members) | (held & holding)
        plan = plans.get(need)
        if plan is None:
            plan = plans[need] = self._plan(effects, need, quick)
        return plan

    def first(self, effects: int) -> Plan:
        """The steps to run at a customer's first event."""
        plan = self._first.get(effects)
        if plan is None:
            near, found = 0, []
            for each in self._ordered:
                rests = all(any(not way & effects for way in ways) for ways in self._resting[each.name])
                if not rests:
                    near |= self._marks[each.name]
                    found.append(self._look(each, each.step))
                elif each.landing is not None:
                    found.append(self._look(each, each.landing))
            plan = self._first[effects] = near, tuple(found)
        return plan

    def touched(self, effects: int) -> Plan:
        """The steps to run after an event that made something missing appear, wherever the customer is: of segments that read what the
        event touched, also where no answer turns: a moment of change may have come up."""
        plan = self._touched.get(effects)
        if plan is None:
            looked_at: set[str] = set()
            near, found = 0, []
            for each in self._ordered:
                touched = bool(_read(each) & effects)
                if touched or each.refs & looked_at:
                    looked_at.add(each.name)
                    near |= self._marks[each.name]
                    found.append(self._look(each, each.step, 0 if touched else self._bits[each.name]))
            plan = self._touched[effects] = near, tuple(found)
        return plan

    def timed(self, upto: int, members: int, holding: int) -> Timed:
        """The steps to run at a deadline of this pace: of segments that time alone can turn, given where the customer is, and that are of
        no slower pace or waiting."""
        where = members & self._telling[upto], holding
        plans = self._at_deadlines[upto]
        plan = plans.get(where)
        if plan is None:
            if len(plans) >= _KEPT:
                plans.clear()
            plan = plans[where] = self._at_deadline(upto, members, holding)
        return plan

    def _look(self, each: Compiled, step: Step, refs: int = 0) -> tuple[Step, int, int, int]:
        return step, self._pace[each.name], refs, self._waits[each.name]

    def _at_a_deadline(self, each: Compiled, direct: bool) -> AtDeadline:
        mark = self._marks[each.name]
        return each.step, self._pace[each.name], self._bits[each.name], self._waits[each.name], mark, mark if direct else 0

    def _at_deadline(self, upto: int, members: int, holding: int) -> Timed:
        plan: list[AtDeadline] = []
        looked_at = 0
        for outside, inside, bits, direct, asking in self._timed:
            _, pace, asked, waits, _, _ = direct
            within = members & bits
            if waits & holding or (pace <= upto and (inside & within if within else outside)):
                plan.append(direct)
            elif asked & looked_at:  # time has nothing to say to it yet, unless what it asks for has
                plan.append(asking)
            else:
                continue
            looked_at |= bits
        return tuple(plan)

    def _mask(self, effects: int) -> tuple[int, int, int, int]:
        outside = inside = held = quick = 0
        for each in self._ordered:
            if not isinstance(each.definition, Segment):
                look, lifted = _tier_masks(each, effects)
                inside |= look
                quick |= lifted
                if each.definition.settle:
                    held |= look
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

    def _plan(self, effects: int, need: int, quick: int) -> Plan:
        near, plan = 0, []
        looked_at: set[str] = set()
        for each in self._ordered:
            wanted, refs = need & each.bits, 0
            if each.refs & looked_at:
                step, refs = each.step, 0 if wanted else self._bits[each.name]
            elif not wanted:
                continue
            elif wanted != quick & wanted:
                step = each.glance  # what has come up for another tier meanwhile needs a look as well
            else:
                quickly, lifted = self._steps.rising(each, effects)
                if wanted & (wanted - 1):  # the tier the customer is in, and that which it waits for
                    assert lifted is not None
                    step = lifted
                else:
                    step = quickly[(wanted // each.bit).bit_length() - 1]
            plan.append(self._look(each, step, refs))
            near |= self._marks[each.name]
            looked_at.add(each.name)
        return near, tuple(plan)


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


def _decisive(each: Compiled) -> list[Condition]:
    """Those of which one must be true for somebody new to enter, or to be elsewhere than where a landing puts them."""
    definition = each.definition
    if isinstance(definition, Segment):
        return [definition.when]
    return definition.conditions if definition.of is None else [definition.of]


def _may_wait(each: Compiled) -> bool:
    return bool(each.definition.settle or (isinstance(each.definition, Segment) and each.definition.hold_for))


def _read(each: Compiled) -> int:
    """The effects of events that touch what it reads."""
    read = 0
    for leaf in each.reader.leaves:
        if isinstance(leaf, Attr | Flag):
            read |= CATALOG[leaf.name].rise | CATALOG[leaf.name].fall
    return read


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
